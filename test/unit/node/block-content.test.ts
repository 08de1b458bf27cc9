import * as assert from 'uvu/assert'
import { sha256Hex, signer } from '../../../src/base/crypto.js'
import { merkleRootOfHashes } from '../../../src/base/merkle.js'
import { allAtOnce } from '../../../src/base/steps.js'
import { batchBytes, batchHeader } from '../../../src/ledger/batch.js'
import { type BlockHeader, blockHash, headerText } from '../../../src/ledger/block.js'
import { executeBlock } from '../../../src/ledger/chain.js'
import type { CheckedBatch } from '../../../src/ledger/execution.js'
import { encodeRecord } from '../../../src/ledger/record.js'
import { rejoinBytes } from '../../../src/ledger/system-judge.js'
import {
  buildBlock as buildInSteps,
  type Checked,
  checkBlock as checkInSteps,
  hasOwnBatches,
  MESSAGE_DELAY_MS,
  missingBatches,
  PRECISION_MS
} from '../../../src/node/block-content.js'
import type { Chain } from '../../../src/node/chain.js'
import { EVERYTHING } from '../../../src/node/disputes.js'
import { createMempool } from '../../../src/node/mempool.js'
import { seedOf, smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const buildBlock = (...what: Parameters<typeof buildInSteps>) => allAtOnce(buildInSteps(...what))
const checkBlock = (...what: Parameters<typeof checkInSteps>) => allAtOnce(checkInSteps(...what))

const test = suite('the check of a proposed block')

const small = smallChain(['p1', 'p2', 'p3', 'p4'])
const before = small.commit([['p1', [visit('a', 20)]]])

/** As much of a chain as a check looks at: nothing is in its store but the state. */
const chain = {
  scope: small.scope,
  limits: small.genesis.genesis.limits,
  rulebook: small.rulebook(),
  tip: small.tip,
  store: { state: small.state, readBatch: () => undefined, hasBatch: () => false }
} as unknown as Chain

const TIME = small.tip.time + 1_000
const ORIGIN = { round: 1, proposer: 'p2', time: TIME }
/** The round that proposes it, for the first time. */
const FRESH = { round: 1, proposer: 'p2', fresh: true }

function visit(vehicle: string, odometer: number): string {
  return small.record('inspection', { vehicle, odometer })
}

function batchOf(author: string, sequence: number, texts: readonly string[]): CheckedBatch {
  const header = batchHeader(author, 0, sequence, texts)
  return { header, hash: sha256Hex(batchBytes(small.scope, header)), records: texts.map(small.check) }
}

const waiting = batchOf('p2', 0, [visit('a', 10), visit('b', 1)])
const another = batchOf('p3', 0, [visit('a', 30)])

/** Holds these batches, which no block has. */
function mempoolOf(...batches: CheckedBatch[]) {
  const mempool = createMempool()
  for (const batch of batches) mempool.add(batch)
  return mempool
}

const held = mempoolOf(waiting, another)
const built = buildBlock(chain, mempoolOf(waiting), ORIGIN, [EVERYTHING])!
const hashes = [waiting.hash]

/** What comes of the block that was built, with a header that differs so. */
function checkWith(change: Partial<BlockHeader>, { heardAt = TIME, batches = hashes, round = FRESH } = {}): Checked {
  const header = headerText({ ...built.executed.header, ...change })
  return checkBlock(chain, held, { block: { header, batches }, heardAt, candidate: null }, round)
}

/** What comes of a block of these batches whose header is what its execution gives. */
function checkPlan(plan: Partial<Parameters<typeof executeBlock>[3]>, heardAt = TIME): Checked {
  const { proposer, time } = ORIGIN
  const whole = { originRound: ORIGIN.round, proposer, time, batches: [waiting], ...plan }
  const { text } = executeBlock(chain.rulebook, chain.tip, chain.store.state, whole)
  const block = { header: text, batches: whole.batches.map(({ hash }) => hash) }
  return checkBlock(chain, held, { block, heardAt, candidate: null }, FRESH)
}

function assertIs({ result, candidate }: Checked, type: 'invalid' | 'unfit', reason: RegExp): void {
  assert.is(result.type, type, JSON.stringify(result))
  if (result.type !== 'valid' && result.type !== 'unavailable') assert.match(result.reason, reason)
  // What is invalid can never be committed; what is only unfit can, once a quorum stands behind it.
  assert.is(candidate === null, type === 'invalid')
}

test('what a proposer builds is valid, and is executed to what its header says', () => {
  const { result, candidate } = checkWith({})
  assert.equal(result, { type: 'valid' })
  assert.ok(candidate !== null)
  assert.is(candidate.executed.hash, blockHash(small.scope, built.executed.text))
  assert.equal(
    candidate.executed.execution.verdicts[0]?.map((verdict) => verdict?.code ?? null),
    ['RULE_BROKEN', null]
  )
})

test('a header that does not follow the tip is invalid', () => {
  assertIs(checkWith({ height: 3 }), 'invalid', /height 3/)
  assertIs(checkWith({ previous: small.genesis.hash }), 'invalid', /follows another/)
  assertIs(checkWith({ time: small.tip.time }), 'invalid', /not later/)
  assertIs(checkWith({}, { batches: [another.hash] }), 'invalid', /other batches/)
  assertIs(checkWith({ batches: before.executed.header.batches }, { batches: [] }), 'invalid', /empty/)
})

test('whether a list of batches is that of a header is known before either is judged', () => {
  const header = built.executed.text
  assert.ok(hasOwnBatches({ header, batches: hashes }))
  for (const batches of [[], [another.hash], [...hashes, ...hashes], [...hashes, another.hash]]) {
    assert.not.ok(hasOwnBatches({ header, batches }), JSON.stringify(batches))
  }
  // It is invalid whatever comes beside it.
  assert.ok(hasOwnBatches({ header: 'no header', batches: hashes }))
})

test('a header of another result is invalid, whatever else is right', () => {
  assertIs(checkWith({ result: 'ef'.repeat(32) }), 'invalid', /^RESULT_DIFFERS/)
  assertIs(checkWith({ partners: 'ef'.repeat(32) }), 'invalid', /another partners/)
})

test('a block whose bodies are not all here is not judged, and it is known what is missing', () => {
  const block = { header: built.executed.text, batches: hashes }
  const none = mempoolOf(another)
  const { result, candidate } = checkBlock(chain, none, { block, heardAt: TIME, candidate: null }, FRESH)
  assert.equal(result, { type: 'unavailable' })
  assert.is(candidate, null)
  assert.equal(missingBatches(chain, none, block), hashes)
})

test('a fresh block names the round and the proposer that propose it', () => {
  assertIs(checkPlan({ originRound: 0 }), 'unfit', /of round 0/)
  assertIs(checkPlan({ originRound: 2 }), 'unfit', /of round 2/)
  assertIs(checkPlan({ proposer: 'p3' }), 'unfit', /p3/)
})

test('the time of a fresh block is neither ahead of the clock nor long past when it is heard of', () => {
  const late = PRECISION_MS + MESSAGE_DELAY_MS * 2
  assert.is(checkWith({}, { heardAt: TIME - PRECISION_MS }).result.type, 'valid')
  assertIs(checkWith({}, { heardAt: TIME - PRECISION_MS - 1 }), 'unfit', /^CLOCKS_DIFFER.* ahead/)
  assert.is(checkWith({}, { heardAt: TIME + late }).result.type, 'valid')
  assertIs(checkWith({}, { heardAt: TIME + late + 1 }), 'unfit', /^CLOCKS_DIFFER.* past/)
})

test('a block that is proposed again is exempt from all that: another round had a quorum for it', () => {
  const again = { round: 7, proposer: 'p4', fresh: false }
  assert.is(checkWith({}, { heardAt: TIME + 3_600_000, round: again }).result.type, 'valid')
})

test('batches stand in order, and of one sequence only one', () => {
  const twin = batchOf('p2', 0, [visit('c', 1)])
  const next = batchOf('p2', 1, [visit('c', 1)])
  const pool = mempoolOf(waiting, twin, next)
  for (const batches of [[waiting, twin], [next], [next, waiting]]) {
    const list = batches.map(({ hash }) => hash)
    const { header } = executeBlock(chain.rulebook, chain.tip, chain.store.state, {
      originRound: 1,
      proposer: 'p2',
      time: TIME,
      batches: [waiting]
    })
    const block = { header: headerText({ ...header, batches: rootOf(list) }), batches: list }
    assertIs(checkBlock(chain, pool, { block, heardAt: TIME, candidate: null }, FRESH), 'invalid', /is next/)
  }
})

test('a batch that its author signed before its rejoin stands in no block after it', () => {
  const again = smallChain(['p1', 'p2', 'p3', 'p4'])
  const partners = again.set.partners.map((partner) => (partner.id === 'p2' ? { ...partner, incarnation: 1 } : partner))
  again.setNext({ ...again.set, partners })
  again.commit([['p1', [visit('a', 20)]]])
  const later = {
    ...chain,
    rulebook: again.rulebook(),
    tip: again.tip,
    store: { ...chain.store, state: again.state }
  } as unknown as Chain
  const header = { ...built.executed.header, previous: again.tip.hash, height: 2 }
  const content = { block: { header: headerText(header), batches: hashes }, heardAt: TIME, candidate: null }
  assertIs(checkBlock(later, held, content, FRESH), 'invalid', /of incarnation 0/)
})

test('a change of partners as early chains had it is taken from a certified block alone', () => {
  const body = { partner: 'p3', incarnation: 1, nonce: 'ab'.repeat(32) }
  const signature = signer(seedOf('p3'))(rejoinBytes(small.scope, body))
  const change = batchOf('p2', 0, [encodeRecord({ object: '_rejoin', data: { ...body, signature } })])
  const plan = { originRound: ORIGIN.round, proposer: ORIGIN.proposer, time: TIME, batches: [change] }
  const early = executeBlock({ ...chain.rulebook, early: true }, chain.tip, chain.store.state, plan)
  const block = { header: early.text, batches: [change.hash] }
  const content = { block, heardAt: TIME, candidate: null }
  for (const round of [FRESH, { ...FRESH, fresh: false }]) {
    assertIs(checkBlock(chain, mempoolOf(change), content, round), 'invalid', /lead to another state here/)
  }
  const certified = checkBlock(chain, mempoolOf(change), { ...content, certified: true }, { ...FRESH, fresh: false })
  assert.equal(certified.result, { type: 'valid' })
  assert.is(certified.candidate?.executed.hash, early.hash)
})

function rootOf(list: readonly string[]): BlockHeader['batches'] {
  return { count: list.length, root: merkleRootOfHashes(list) }
}

test.run()
