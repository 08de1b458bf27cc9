import * as assert from 'uvu/assert'
import { sha256Hex } from '../../../src/base/crypto.js'
import { allAtOnce } from '../../../src/base/steps.js'
import type { CheckResult } from '../../../src/consensus/types.js'
import { batchBytes, batchHeader } from '../../../src/ledger/batch.js'
import { blockHash } from '../../../src/ledger/block.js'
import { executeBlock } from '../../../src/ledger/chain.js'
import type { CheckedBatch } from '../../../src/ledger/execution.js'
import { type BlockContents, createBlockContents, type Wanted } from '../../../src/node/block-contents.js'
import type { Chain } from '../../../src/node/chain.js'
import { createMempool } from '../../../src/node/mempool.js'
import { smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('the blocks of a height')

const small = smallChain(['p1', 'p2', 'p3', 'p4'])
const TIME = small.tip.time + 1_000

/** As much of a chain as blocks look at. */
const chain = {
  scope: small.scope,
  limits: small.genesis.genesis.limits,
  rulebook: small.rulebook(),
  tip: small.tip,
  store: { state: small.state, readBatch: () => undefined, hasBatch: () => false }
} as unknown as Chain

function batchOf(author: string): CheckedBatch {
  const records = [small.record('inspection', { vehicle: author, odometer: 1 })]
  const header = batchHeader(author, 0, 0, records)
  return { header, hash: sha256Hex(batchBytes(small.scope, header)), records: records.map(small.check) }
}

const batch = batchOf('p2')
const other = batchOf('p3')

/** The block that p1 proposes in a round. */
function blockOf(round: number, batches = [batch]) {
  const plan = { originRound: round, proposer: 'p1', time: TIME + round, batches }
  const { hash, text } = executeBlock(chain.rulebook, chain.tip, chain.store.state, plan)
  return { hash, block: { header: text, batches: batches.map((each) => each.hash) } }
}

function wanted(block: string, round = 0): Wanted {
  return { height: 1, round, block, proposer: 'p1', fresh: true, holders: [] }
}

function contentsOf(...batches: CheckedBatch[]) {
  const fetched: Wanted[] = []
  const timed: number[] = []
  const mempool = createMempool()
  for (const each of batches) mempool.add(each)
  const contents = createBlockContents(chain, mempool, {
    now: () => TIME,
    fetch: (each) => fetched.push(each),
    onTimed: (_, aheadMs) => timed.push(aheadMs)
  })
  return { contents, fetched, timed, mempool }
}

function check(contents: BlockContents, asked: Wanted): CheckResult {
  return allAtOnce(contents.check(asked))
}

test('a list that is not the block’s is not taken, whatever it is, and the right one still is', () => {
  const { contents, fetched } = contentsOf(batch, other)
  const { hash, block } = blockOf(0)
  for (const batches of [[], [other.hash], [batch.hash, batch.hash], [batch.hash, other.hash]]) {
    assert.is(contents.learn(hash, { ...block, batches }), false, JSON.stringify(batches))
  }
  assert.is(contents.learn('ef'.repeat(32), block), false)
  assert.equal(check(contents, wanted(hash)), { type: 'unavailable' })
  assert.equal(
    fetched.map(({ missing }) => missing),
    [null],
    'the block itself is asked for'
  )
  assert.ok(contents.learn(hash, block))
  assert.equal(check(contents, wanted(hash)), { type: 'valid' })
})

test('what is no header at all is wrong, whatever list comes with it', () => {
  const { contents } = contentsOf()
  const hash = blockHash(chain.scope, 'no header')
  assert.ok(contents.learn(hash, { header: 'no header', batches: [batch.hash] }))
  assert.is(check(contents, wanted(hash)).type, 'invalid')
})

test('of thousands of rounds few results are kept, and any block that was right can still be committed', () => {
  const { contents, timed } = contentsOf(batch)
  const blocks = Array.from({ length: 100 }, (_, round) => blockOf(round))
  for (const [round, { hash, block }] of blocks.entries()) {
    contents.learn(hash, block)
    assert.is(check(contents, wanted(hash, round)).type, 'valid')
  }
  assert.ok(contents.executed() <= 32, `${contents.executed()} are kept`)
  // Many blocks that cannot be judged take nothing away from those that were.
  for (let i = 0; i < 100; i++) {
    const header = `junk ${i}`
    contents.learn(blockHash(chain.scope, header), { header, batches: [] })
  }
  for (const { hash, block } of blocks) {
    assert.is(contents.candidateOf(hash)?.executed.hash, hash)
    assert.equal(contents.blockOf(hash), block)
  }
  assert.ok(contents.executed() <= 32)
  assert.is(check(contents, wanted(blocks[0]!.hash)).type, 'valid')
  assert.is(timed.length, 100, 'each is timed once')
  contents.clear()
  assert.is(contents.executed(), 0)
  assert.is(contents.candidateOf(blocks[0]!.hash), null)
})

test('of blocks that are nowhere to be had only the newest are waited for', () => {
  const { contents } = contentsOf()
  const hashes = Array.from({ length: 100 }, (_, i) => sha256Hex(`${i}`))
  for (const hash of hashes) check(contents, wanted(hash))
  assert.equal(
    contents.missing().map(({ block }) => block),
    hashes.slice(-64)
  )
})

test('a block that made room for others while it was checked is kept all the same', () => {
  const { contents } = contentsOf(batch, other)
  const { hash, block } = blockOf(0, [batch, other])
  contents.learn(hash, block)
  const steps = contents.check(wanted(hash))
  assert.not.ok(steps.next().done, 'it takes more than one step')
  for (let i = 0; i < 100; i++) {
    const header = `junk ${i}`
    contents.learn(blockHash(chain.scope, header), { header, batches: [] })
  }
  assert.is(contents.blockOf(hash), null)
  assert.equal(allAtOnce(steps), { type: 'valid' })
  assert.is(contents.candidateOf(hash)?.executed.hash, hash)
})

test('a block that waited for a batch is judged once that is here', () => {
  const { contents, mempool } = contentsOf()
  const { hash, block } = blockOf(0)
  contents.learn(hash, block)
  assert.equal(check(contents, wanted(hash)), { type: 'unavailable' })
  assert.is(contents.candidateOf(hash), null)
  assert.equal(contents.takeCheckable(), [])
  mempool.add(batch)
  const [checkable, ...others] = contents.takeCheckable()
  assert.equal([checkable?.block, others], [hash, []])
  assert.equal(contents.takeCheckable(), [], 'it is handed out once')
  assert.equal(check(contents, checkable!), { type: 'valid' })
  assert.equal(contents.missing(), [])
})

test.run()
