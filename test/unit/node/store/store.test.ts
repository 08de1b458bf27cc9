import * as assert from 'uvu/assert'
import { openStore } from '../../../../src/node/store/store.js'
import { suite } from '../../../support/suite.js'
import { blockHashOf, blockOf, bodyOf, GENESIS, growTo, recordText } from './chain-maker.js'
import { codeOf, withStore } from './with-store.js'

const test = suite('store')

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
  'what readers leave in an entry stays in it',
  withStore(async (store) => {
    await store.putBatches([bodyOf(1)])
    const memo = { decoded: true }
    await store.commit({ ...blockOf(1), writes: [{ key: 'r:a', entry: { text: 'decoded', memo } }] })
    assert.is(store.state.get('r:a')?.text, 'decoded')
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

test.run()
