import * as assert from 'uvu/assert'
import { allAtOnce } from '../../../src/base/steps.js'
import type { Proposal, SignedVote } from '../../../src/consensus/types.js'
import { buildBlock } from '../../../src/node/block-content.js'
import { EVERYTHING } from '../../../src/node/disputes.js'
import { createMempool } from '../../../src/node/mempool.js'
import type { LogEntry } from '../../../src/node/store/write-ahead-log.js'
import { smallChain } from '../../support/small-chain.js'
import { chainOf, SELF, SIGNATURE, settled, smallDriver, VOTERS } from '../../support/small-driver.js'
import { suite } from '../../support/suite.js'

const test = suite('a height at which was signed, and whose log names a batch that is not here')

/** Who proposes at height 1 in round 0. */
const PROPOSER = 'p2'

/** A block of height 1 with one batch. */
function proposedBlock() {
  const small = smallChain(VOTERS)
  const chain = chainOf(small)
  const record = small.record('inspection', { odometer: 5, vehicle: 'a' })
  const [batch] = smallChain(VOTERS).commit([['p3', [record]]]).batches
  const mempool = createMempool()
  mempool.add(batch!)
  const origin = { round: 0, proposer: PROPOSER, time: small.tip.time + 1_000 }
  const { executed, batches } = allAtOnce(buildBlock(chain, mempool, origin, [EVERYTHING]))!
  const { hash, text } = executed
  const proposal: Proposal = { block: hash, height: 1, incarnation: 0, proposer: PROPOSER, round: 0, validRound: -1 }
  return { hash, block: { header: text, batches: batches.map((each) => each.hash) }, batch: batch!, proposal }
}

const { hash, block, batch, proposal } = proposedBlock()

function vote(voter: string, kind: SignedVote['kind']): SignedVote {
  return { block: hash, height: 1, incarnation: 0, kind, round: 0, signature: SIGNATURE, voter }
}

const OWN_VOTES = [vote(SELF, 'prevote'), vote(SELF, 'precommit')]
const OWN_MESSAGES = OWN_VOTES.map((own) => ({ type: 'vote', vote: own }))

type Driver = ReturnType<typeof smallDriver>['driver']

function propose(driver: Driver): void {
  driver.learn(hash, block)
  driver.feed({ type: 'proposal', proposal: { ...proposal, signature: SIGNATURE }, prevotes: [] })
}

function givePrevotes(driver: Driver): void {
  for (const voter of ['p3', 'p4']) driver.feed({ type: 'vote', vote: vote(voter, 'prevote') })
}

/** What the log holds once this node has precommitted the block, and is locked on it. */
async function logOfLock(): Promise<readonly LogEntry[]> {
  const { driver, mempool, sent, logged } = smallDriver()
  driver.start([])
  mempool.add(batch)
  propose(driver)
  givePrevotes(driver)
  await settled()
  await settled()
  assert.equal(sent, OWN_MESSAGES)
  await driver.stop()
  return logged
}

/** What this node knows after its store was lost, and the log and sign guard were not: they end at this height. */
function afterLoss(maySign: () => boolean) {
  return smallDriver({ maySign, remembers: (_, isLogged) => isLogged })
}

function ownVotes({ state }: Driver): (SignedVote | undefined)[] {
  const { prevotes, precommits } = state.rounds.get(0) ?? {}
  return [prevotes?.votes.get(SELF), precommits?.votes.get(SELF)]
}

for (const first of ['the batch', 'the right to sign']) {
  test(`is taken up with what was signed, where ${first} comes first`, async () => {
    let mayDriverSign = false
    const { driver, mempool, sent } = afterLoss(() => mayDriverSign)
    const comes = {
      batch(): void {
        mempool.add(batch)
        driver.workAvailable()
      },
      right(): void {
        mayDriverSign = true
        driver.beginSigning()
      }
    }
    driver.start(await logOfLock())
    assert.not.ok(driver.remembered, 'nothing is known of the batch')
    propose(driver)
    await settled()
    assert.equal(ownVotes(driver), [undefined, undefined])
    for (const come of first === 'the batch' ? [comes.batch, comes.right] : [comes.right, comes.batch]) {
      assert.is(driver.state.start.self, null, 'nothing is signed before both are here')
      come()
      await settled()
    }
    assert.ok(driver.remembered)
    assert.is(driver.state.start.self, SELF)
    assert.equal(ownVotes(driver), OWN_VOTES)
    assert.equal(driver.state.locked, { block: hash, round: 0 })
    for (const own of OWN_VOTES) driver.feed({ type: 'vote', vote: own })
    await settled()
    assert.equal(sent, OWN_MESSAGES, 'they are sent again, and no others')
    await driver.stop()
  })
}

test('is only watched while the batch does not come, and own votes that others have are no other node’s', async () => {
  const { driver, sent } = afterLoss(() => true)
  driver.start(await logOfLock())
  propose(driver)
  for (const own of OWN_VOTES) driver.feed({ type: 'vote', vote: own })
  await settled()
  assert.is(driver.state.start.self, null)
  assert.not.ok(driver.remembered)
  assert.equal(sent, [])
  await driver.stop()
})

test('comes back after another crash as it was taken up', async () => {
  const before = await logOfLock()
  const { driver, mempool, logged } = afterLoss(() => true)
  driver.start(before)
  propose(driver)
  await settled()
  driver.feed({ type: 'timeout', kind: 'propose', height: 1, round: 0 })
  mempool.add(batch)
  driver.workAvailable()
  await settled()
  await settled()
  assert.is(driver.state.start.self, SELF)
  driver.feed({ type: 'vote', vote: vote('p3', 'precommit') })
  await settled()
  const again = smallDriver()
  again.mempool.add(batch)
  again.driver.start([...before, ...logged])
  await settled()
  assert.equal(again.driver.state, driver.state)
  assert.equal(ownVotes(again.driver), OWN_VOTES)
  await driver.stop()
  await again.driver.stop()
})

test.run()
