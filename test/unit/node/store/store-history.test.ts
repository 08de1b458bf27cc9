import * as assert from 'uvu/assert'
import type { HistoryEntryWithHeight } from '../../../../src/node/store/store-types.js'
import { suite } from '../../../support/suite.js'
import { blockHashOf, blockOf, bodyOf, growTo } from './chain-maker.js'
import { all, codeOf, withStore } from './with-store.js'

const test = suite('histories and states of the store')

function places(entries: readonly HistoryEntryWithHeight[]): string[] {
  return entries.map(({ key, height, batch, index }) => `${key} ${height}/${batch}/${index}`)
}

test(
  'the history of a key is exact, in the order of the chain, and goes on at a cursor',
  withStore(async (store) => {
    await growTo(store, 130, 3)
    const forward = await store.history('visit', '["VH-1"]', { limit: 1000 })
    assert.equal(
      forward.map(({ height }) => height),
      Array.from({ length: 130 }, (_, i) => i + 1)
    )
    const backward = await store.history('visit', '["VH-1"]', { limit: 1000, reverse: true })
    assert.equal(places(backward), places(forward).reverse())
    for (const reverse of [false, true]) {
      const paged: HistoryEntryWithHeight[] = []
      for (;;) {
        const after = paged.at(-1)
        const page = await store.history('visit', '["VH-1"]', {
          limit: 7,
          reverse,
          ...(after === undefined ? {} : { after })
        })
        if (page.length === 0) break
        paged.push(...page)
      }
      assert.equal(places(paged), places(reverse ? backward : forward))
    }
    assert.equal(await store.history('visit', '["VH-2"]', { limit: 9 }), [])
    assert.is((await store.history('visit', '["VH-2"]', { limit: 9, includeRefused: true })).length, 9)
    assert.equal(await store.history('visi', '["VH-1"]', { limit: 9 }), [])
    assert.equal(await store.history('visit', '["VH-1"]', { limit: 0 }), [])
  })
)

test(
  'the history of a whole object goes key after key',
  withStore(async (store) => {
    await growTo(store, 3)
    const expected = ['["VH-0"] 1/0/0', '["VH-0"] 2/0/0', '["VH-0"] 3/0/0', '["VH-1"] 1/0/1', '["VH-1"] 2/0/1']
    const entries = await store.history('visit', null, { limit: 5 })
    assert.equal(places(entries), expected)
    const rest = await store.history('visit', null, { limit: 5, after: entries[4]! })
    assert.equal(places(rest), ['["VH-1"] 3/0/1'])
    const newest = await store.history('visit', null, { limit: 2, reverse: true })
    assert.equal(places(newest), ['["VH-1"] 3/0/1', '["VH-1"] 2/0/1'], 'refused ones are passed over')
    const reversed = await store.history('visit', null, { limit: 2, after: entries[4]!, reverse: true })
    assert.equal(places(reversed), ['["VH-1"] 1/0/1', '["VH-0"] 3/0/0'])
  })
)

test(
  'a cursor of another history is refused',
  withStore(async (store) => {
    await growTo(store, 1)
    const place = { key: '["VH-0"]', height: 1, batch: 0, index: 0 }
    for (const after of [
      { ...place, key: '["VH-1"]' },
      { ...place, height: -1 },
      { ...place, height: Number.NaN },
      { ...place, batch: 2 ** 30 },
      { ...place, index: 0.5 }
    ]) {
      assert.is(await codeOf(() => store.history('visit', '["VH-0"]', { limit: 1, after })), 'USAGE')
    }
    assert.is(await codeOf(() => store.history('visit', null, { limit: 1, after: { ...place, key: 'a\0' } })), 'USAGE')
  })
)

test(
  'one object or key that begins like another does not show in its history',
  withStore(async (store) => {
    await store.putBatches([bodyOf(1)])
    const names = ['a', 'ab', 'a-', 'a.b']
    const keys = ['["a"]', '["ab"]', '["a\\u0000"]', '["a",1]', '["é"]', '["\u{10ffff}"]', '["😀"]', '[]']
    const entries = names.flatMap((object) =>
      keys.map((key, index) => ({ object, key, batch: 0, index, accepted: true }))
    )
    await store.commit({ ...blockOf(1), entries })
    for (const object of names) {
      for (const [index, key] of keys.entries()) {
        assert.equal(await store.history(object, key, { limit: 10 }), [
          { object, key, batch: 0, index, accepted: true, height: 1 }
        ])
      }
      const found = await store.history(object, null, { limit: 100 })
      const inOrder = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      assert.equal(
        found.map(({ key }) => key),
        inOrder
      )
    }
    assert.is(await codeOf(() => store.history('a\0', null, { limit: 1 })), 'INVARIANT')
  })
)

test(
  'states come in the order of their bytes, by prefix and behind a key',
  withStore(async (store) => {
    await store.putBatches([bodyOf(1)])
    const keys = ['r:a["1"]', 'r:a["\u{10ffff}"]', 'r:a["\uffee"]', 'r:a["😀"]', 'r:ab["1"]', 's:p1', 'u:p1/a/1']
    await store.commit({ ...blockOf(1), writes: keys.map((key) => ({ key, entry: { text: `state ${key}` } })) })
    const inOrder = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const items = await all(store.states(''))
    assert.equal(
      items.map(({ key }) => key),
      inOrder
    )
    assert.ok(items.every(({ key, entry }) => entry.text === `state ${key}`))
    const keysOf = async (prefix: string, options = {}) =>
      (await all(store.states(prefix, options))).map(({ key }) => key)
    assert.equal(await keysOf('r:a['), inOrder.slice(0, 4))
    assert.equal(await keysOf('r:a["\u{10ffff}'), ['r:a["\u{10ffff}"]'])
    assert.equal(await keysOf('r:a[', { after: inOrder[1] }), inOrder.slice(2, 4))
    assert.equal(await keysOf('r:a[', { limit: 2 }), inOrder.slice(0, 2))
    assert.equal(await keysOf('r:ab', { after: 'r:a["1"]' }), ['r:ab["1"]'])
    assert.equal(await keysOf('r:ab', { after: 's:' }), [])
  })
)

test(
  'a snapshot shows one head while blocks go on',
  withStore(async (store) => {
    await growTo(store, 2)
    const snapshot = store.snapshot()
    await growTo(store, 5)
    assert.equal(snapshot.head, { height: 2, hash: blockHashOf(2) })
    const [state] = await all(snapshot.states('s:'))
    assert.is(state?.entry.text, '0 2')
    assert.is((await all(store.states('s:')))[0]?.entry.text, '0 5')
    await snapshot.close()
  })
)

test.run()
