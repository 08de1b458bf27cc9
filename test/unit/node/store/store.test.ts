import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { LedgerError } from '../../../../src/base/errors.js'
import { openStore } from '../../../../src/node/store/store.js'
import type { HistoryEntryWithHeight, Store, StoreOptions } from '../../../../src/node/store/store-types.js'
import { suite } from '../../../support/suite.js'
import { blockHashOf, blockOf, bodyOf, GENESIS, growTo, inDirectory, recordText } from './chain-maker.js'

const test = suite('store')

function withStore(work: (store: Store, path: string) => Promise<void>, more: Partial<StoreOptions> = {}) {
  return () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'store')
      const store = await openStore({ path, genesis: GENESIS, ...more })
      try {
        await work(store, path)
      } finally {
        await store.close()
      }
    })
}

/** The code of what `work` throws. */
async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    return (error as LedgerError).code
  }
  return 'nothing was thrown'
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

function places(entries: readonly HistoryEntryWithHeight[]): string[] {
  return entries.map(({ key, height, batch, index }) => `${key} ${height}/${batch}/${index}`)
}

test(
  'a new store is empty and stays so when opened again',
  withStore(async (store, path) => {
    assert.is(store.head, null)
    assert.is(store.state.get('s:p1'), undefined)
    assert.is(store.block(1), undefined)
    assert.is(store.readBatch(bodyOf(1).hash), undefined)
    assert.equal(store.outbox(), [])
    await store.close()
    const again = await openStore({ path, genesis: GENESIS })
    assert.is(again.head, null)
    await again.close()
  })
)

test(
  'all of a block can be read again, also after opening again',
  withStore(async (first, path) => {
    await growTo(first, 3)
    await first.close()
    const store = await openStore({ path, genesis: GENESIS })
    try {
      assert.equal(store.head, { height: 3, hash: blockHashOf(3) })
      const { writes, entries, treeNodes, ...block } = blockOf(2)
      assert.equal(store.block(2), block)
      assert.equal(store.header(2), { hash: block.hash, header: block.header, certificate: block.certificate })
      assert.is(store.block(4), undefined)
      assert.is(store.readBatch(bodyOf(2).hash), bodyOf(2).text)
      assert.is(Buffer.from(store.readBatchBytes(bodyOf(2).hash)!).toString(), bodyOf(2).text)
      assert.equal(store.locate('p1', 1), { height: 2, position: 0, hash: bodyOf(2).hash })
      assert.is(store.locate('p1', 3), undefined)
      assert.is(store.locate('p', 1), undefined)
      assert.is(store.treeNode(0, 1), blockHashOf(2))
      assert.is(store.state.get('r:visit["VH-0"]')?.text, `p1/2/0 3 0\n${recordText(3, 0)}`)
      assert.is(store.state.get('r:visit["VH-2"]'), undefined)
      assert.equal(store.counts, { blocks: 3, batches: 3, records: 9, states: 3, entries: 9, treeNodes: 3 })
      const problems: string[] = []
      assert.equal(await store.checkWhole((what) => problems.push(what)), store.counts)
      assert.equal(problems, [])
    } finally {
      await store.close()
    }
  })
)

test(
  'a block that was committed changes nothing, another one at its height and a gap are refused',
  withStore(async (store) => {
    await growTo(store, 3)
    await store.commit(blockOf(2))
    await store.commit(blockOf(3))
    assert.is(store.counts.records, 9)
    assert.is(await codeOf(() => store.commit({ ...blockOf(3), hash: blockHashOf(9) })), 'INVARIANT')
    await store.putBatches([bodyOf(5)])
    assert.is(await codeOf(() => store.commit(blockOf(5))), 'INVARIANT')
    assert.is(store.head?.height, 3)
  })
)

test(
  'a block whose body is not stored is refused',
  withStore(async (store) => {
    assert.is(await codeOf(() => store.commit(blockOf(1))), 'INVARIANT')
    assert.is(store.head, null)
  })
)

test(
  'readers see the state of the head until the next block is durable',
  withStore(async (store) => {
    await growTo(store, 1)
    await store.putBatches([bodyOf(2)])
    const committed = store.commit(blockOf(2))
    for (let i = 0; i < 50 && store.head?.height === 1; i++) {
      assert.is(store.state.get('s:p1')?.text, '0 1')
      await new Promise((resolve) => setImmediate(resolve))
    }
    await committed
    assert.is(store.head?.height, 2)
    assert.is(store.state.get('s:p1')?.text, '0 2')
  })
)

test(
  'readers see the state of the head even when the cache is too small for a block and the disk is faster than they are',
  withStore(
    async (store) => {
      await growTo(store, 1, 40)
      await store.putBatches([bodyOf(2, 40)])
      const committed = store.commit(blockOf(2, 40))
      await new Promise((resolve) => setImmediate(resolve))
      assert.is(store.head?.height, 1)
      // While this turn lasts the head cannot change, but the other thread writes.
      for (const start = performance.now(); performance.now() - start < 100; ) {
        for (let index = 0; index < 39; index++) {
          assert.is(store.state.get(`r:visit["VH-${index}"]`)?.text, `p1/0/${index} 1 0\n${recordText(1, index)}`)
        }
      }
      await committed
      assert.is(store.state.get('r:visit["VH-0"]')?.text, `p1/1/0 2 0\n${recordText(2, 0)}`)
    },
    { cacheBytesMax: 4096 }
  )
)

test(
  'of several writes to one key the last one holds, and what readers leave in an entry stays in it',
  withStore(async (store) => {
    await store.putBatches([bodyOf(1)])
    const memo = { decoded: true }
    const writes = [
      { key: 'r:a', entry: { text: 'first' } },
      { key: 'r:a', entry: { text: 'second', memo } }
    ]
    await store.commit({ ...blockOf(1), writes })
    assert.is(store.state.get('r:a')?.text, 'second')
    assert.is(store.state.get('r:a')?.memo, memo)
    assert.is(store.counts.states, 1)
  })
)

test(
  'a small cache answers the same as the disk',
  withStore(
    async (store) => {
      await growTo(store, 5, 40)
      for (let round = 0; round < 3; round++) {
        for (let index = 0; index < 39; index++) {
          assert.is(store.state.get(`r:visit["VH-${index}"]`)?.text, `p1/4/${index} 5 0\n${recordText(5, index)}`)
        }
        assert.is(store.state.get('r:visit["none"]'), undefined)
      }
    },
    { cacheBytesMax: 4096 }
  )
)

test(
  'own batches wait in the outbox, others among the uncommitted, until their block is committed',
  withStore(async (first, path) => {
    await first.putBatches([{ ...bodyOf(2), own: 1 }, { ...bodyOf(1), own: 0 }, bodyOf(3)])
    await first.putBatches([{ ...bodyOf(1), own: 0 }])
    await first.commit(blockOf(1))
    await first.close()
    const store = await openStore({ path, genesis: GENESIS })
    try {
      assert.equal(store.outbox(), [{ sequence: 1, hash: bodyOf(2).hash }])
      assert.equal(store.uncommitted(), [bodyOf(2).hash, bodyOf(3).hash])
      // A body first got from others may turn out to be an own one.
      await store.putBatches([{ ...bodyOf(3), own: 2 }])
      assert.equal(
        store.outbox().map(({ sequence }) => sequence),
        [1, 2]
      )
      await store.dropBatches([bodyOf(2).hash, bodyOf(1).hash, blockHashOf(7)])
      assert.equal(store.uncommitted(), [bodyOf(3).hash])
      assert.not(store.hasBatch(bodyOf(2).hash))
      assert.ok(store.hasBatch(bodyOf(1).hash), 'a committed body is never dropped')
      const problems: string[] = []
      await store.checkWhole((what) => problems.push(what))
      assert.equal(problems, [])
    } finally {
      await store.close()
    }
  })
)

test(
  'a body put twice at the same time is written once',
  withStore(async (store, path) => {
    const { hash, text } = bodyOf(1)
    await Promise.all([
      store.putBatches([{ hash, text }]),
      store.putBatches([{ hash, text: Buffer.from(text) }, bodyOf(2)]),
      store.putBatches([
        { hash, text },
        { hash, text }
      ])
    ])
    // Two writes are under way: either may be first.
    assert.equal([...store.uncommitted()].sort(), [hash, bodyOf(2).hash].sort())
    assert.is(store.readBatch(hash), text)
    await store.dropBatches([hash, bodyOf(2).hash])
    await store.close()
    const again = await openStore({ path, genesis: GENESIS })
    assert.equal(again.uncommitted(), [], 'no second one is left')
    await again.close()
  })
)

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

test(
  'a store of another network is refused',
  withStore(async (store, path) => {
    await growTo(store, 1)
    await store.close()
    assert.is(await codeOf(() => openStore({ path, genesis: blockHashOf(0) })), 'ALREADY_FOUNDED')
  })
)

test(
  'a store that is in use is refused',
  withStore(async (_, path) => {
    assert.is(await codeOf(() => openStore({ path, genesis: GENESIS })), 'HOME_LOCKED')
  })
)

test(
  'everything throws CLOSED after close',
  withStore(async (store) => {
    await growTo(store, 1)
    await store.close()
    await store.close()
    for (const work of [
      () => store.state.get('s:p1'),
      () => store.block(1),
      () => store.readBatch(bodyOf(1).hash),
      () => store.commit(blockOf(2)),
      () => store.putBatches([bodyOf(2)]),
      () => store.history('visit', null, { limit: 1 }),
      () => all(store.states('')),
      () => store.snapshot(),
      () => store.treeNode(0, 0)
    ]) {
      assert.is(await codeOf(work), 'CLOSED')
    }
  })
)

test(
  'opening is aborted by its signal and leaves nothing open',
  withStore(async (store, path) => {
    await store.close()
    const reason = new Error('stopped')
    let thrown: unknown
    await openStore({ path, genesis: GENESIS, signal: AbortSignal.abort(reason) }).catch((error) => {
      thrown = error
    })
    assert.is(thrown, reason)
    await (await openStore({ path, genesis: GENESIS })).close()
  })
)

test(
  'a database that went back to an older head is noticed by the journal beside it',
  withStore(async (store, path) => {
    await growTo(store, 3)
    await store.close()
    cpSync(join(path, 'level'), `${path}-old`, { recursive: true })
    const later = await openStore({ path, genesis: GENESIS })
    await growTo(later, 5)
    await later.close()
    rmSync(join(path, 'level'), { recursive: true })
    cpSync(`${path}-old`, join(path, 'level'), { recursive: true })
    try {
      await openStore({ path, genesis: GENESIS })
      assert.unreachable()
    } catch (error) {
      assert.is((error as LedgerError).code, 'STORE_DAMAGED')
      assert.match((error as LedgerError).message, 'lost blocks 4 to 5')
    }
  })
)

test(
  'a journal that a crash left behind is brought up to date',
  withStore(async (store, path) => {
    await growTo(store, 3)
    await store.close()
    cpSync(join(path, 'commits'), `${path}-commits`)
    const later = await openStore({ path, genesis: GENESIS })
    await growTo(later, 5)
    await later.close()
    cpSync(`${path}-commits`, join(path, 'commits'))
    const again = await openStore({ path, genesis: GENESIS })
    await growTo(again, 6)
    await again.close()
    const last = await openStore({ path, genesis: GENESIS })
    assert.is(last.head?.height, 6)
    await last.close()
  })
)

test(
  'a missing journal or database is damage, not a new store',
  withStore(async (store, path) => {
    await growTo(store, 2)
    await store.close()
    cpSync(path, `${path}-copy`, { recursive: true })
    rmSync(join(path, 'commits'))
    assert.is(await codeOf(() => openStore({ path, genesis: GENESIS })), 'STORE_DAMAGED')
    for (const missing of ['level', 'level/CURRENT']) {
      rmSync(path, { recursive: true })
      cpSync(`${path}-copy`, path, { recursive: true })
      rmSync(join(path, missing), { recursive: true })
      assert.is(await codeOf(() => openStore({ path, genesis: GENESIS })), 'STORE_DAMAGED')
    }
    rmSync(join(path, 'commits'))
    assert.ok(readdirSync(join(path, 'level')).length > 0)
    assert.is(await codeOf(() => openStore({ path, genesis: GENESIS })), 'STORE_DAMAGED', 'nothing was thrown away')
  })
)

test.run()
