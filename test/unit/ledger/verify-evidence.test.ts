import * as assert from 'uvu/assert'
import type { Json, JsonObject } from '../../../src/base/json.js'
import { evidenceData } from '../../../src/ledger/evidence.js'
import type { Partner } from '../../../src/ledger/partner-set.js'
import { receiptText } from '../../../src/ledger/receipt.js'
import type { Evidence } from '../../../src/ledger/system-record.js'
import { evidenceSummary, verifyEvidence } from '../../../src/ledger/verify-evidence.js'
import { createLies } from '../../support/contradictions.js'
import { keyOf, smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('evidence, offline', { timeoutMs: 60_000 })

const FOUR = ['p1', 'p2', 'p3', 'p4']
const P5: Partner = { id: 'p5', incarnation: 0, key: keyOf('p5'), role: 'inspector', state: 'active', voter: false }

function report(chain: ReturnType<typeof smallChain>, by: string, evidence: Evidence): void {
  chain.commit([[by, [chain.record('_evidence', evidenceData(evidence))]]])
}

/** The item as `ledger evidence --json` prints it, of the first record of a block. */
function itemOf(chain: ReturnType<typeof smallChain>, height: number, evidence: Evidence): JsonObject {
  const { executed, signed } = chain.blocks[height - 1]!
  const { author, sequence } = signed[0]!.header
  const record = { id: `${author}/${sequence}/0`, author, height, time: executed.header.time }
  const summary = evidenceSummary(evidence, record) as unknown as JsonObject
  return { ...summary, receipt: JSON.parse(receiptText(chain.receipt(height, 0, 0))) as Json }
}

function problemOf(chain: ReturnType<typeof smallChain>, item: JsonObject): string {
  const outcome = verifyEvidence(JSON.stringify(item), chain.genesis.text)
  return outcome.ok ? 'it holds' : `${outcome.refusal.code}: ${outcome.refusal.message}`
}

test('evidence of every kind holds, and says who, what, where and when', () => {
  const chain = smallChain(FOUR)
  const lies = createLies(chain.scope, 'p4')
  const all = [lies.votes(), lies.proposals(), lies.batches()]
  for (const evidence of all) report(chain, 'p1', evidence)
  for (const [at, evidence] of all.entries()) {
    const outcome = verifyEvidence(`${JSON.stringify(itemOf(chain, at + 1, evidence))}\n`, chain.genesis.text)
    assert.ok(outcome.ok, JSON.stringify(outcome))
    const { partner, by, block, key, kind, trust, id } = outcome.value
    assert.equal([partner, by, block, key, kind, id], ['p4', 'p1', at + 1, keyOf('p4'), evidence.kind, `p1/${at}/0`])
    assert.match(trust, /3 of these partners/)
  }
})

test('evidence against one who joined later carries what proves its key', () => {
  const chain = smallChain(FOUR)
  report(chain, 'p1', createLies(chain.scope, 'p4').votes())
  chain.setNext({ ...chain.set, partners: [...chain.set.partners, P5] })
  report(chain, 'p1', createLies(chain.scope, 'p4').batches())
  const evidence = createLies(chain.scope, 'p5').batches()
  report(chain, 'p2', evidence)
  assert.equal(chain.blocks[2]!.executed.execution.verdicts, [[null]])
  const item = itemOf(chain, 3, evidence)
  assert.is(problemOf(chain, item), 'it holds')
  const receipt = item.receipt as JsonObject
  assert.is((receipt.changes as Json[]).length, 1)
  assert.match(problemOf(chain, { ...item, receipt: { ...receipt, changes: [] } }), /^VERIFICATION_FAILED/)
})

test('evidence against one whose key was replaced meanwhile holds by the key that it had', () => {
  const chain = smallChain(FOUR)
  const change = { kind: 'key', partner: 'p4', key: keyOf('p4 again') }
  const expires = chain.tip.time + 60_000
  chain.commit([['p4', [chain.record('_proposal', { change, expires, reason: 'time for another' })]]])
  chain.commit([])
  assert.is(chain.set.partners[3]?.key, keyOf('p4 again'))
  const former = createLies(chain.scope, 'p4').votes()
  const later = createLies(chain.scope, 'p4 again').votes({ voter: 'p4', incarnation: 1 })
  const wrong = createLies(chain.scope, 'p4 again').votes({ voter: 'p4', round: 3 })
  for (const evidence of [former, later, wrong]) report(chain, 'p1', evidence)
  assert.equal(
    chain.blocks.slice(2).map(({ executed }) => executed.execution.verdicts[0]![0]?.code ?? null),
    [null, null, 'NOT_PERMITTED']
  )
  const outcomes = [former, later].map((evidence, at) => {
    return verifyEvidence(JSON.stringify(itemOf(chain, at + 3, evidence)), chain.genesis.text)
  })
  assert.equal(
    outcomes.map((outcome) => (outcome.ok ? outcome.value.key : outcome.refusal.message)),
    [keyOf('p4'), keyOf('p4 again')]
  )
})

test('nothing of an item can be altered', () => {
  const chain = smallChain(FOUR)
  const evidence = createLies(chain.scope, 'p4').batches()
  report(chain, 'p1', evidence)
  report(chain, 'p2', createLies(chain.scope, 'p3').batches())
  const item = itemOf(chain, 1, evidence)
  assert.is(problemOf(chain, item), 'it holds')
  const other = itemOf(chain, 2, createLies(chain.scope, 'p3').batches())
  const altered: JsonObject = {
    partner: 'p3',
    kind: 'vote',
    incarnation: 1,
    sequence: 8,
    first: item.second as Json,
    second: item.first as Json,
    by: 'p2',
    block: 2,
    time: '2025-03-01T12:00:00.000Z',
    id: 'p1/1/0',
    receipt: other.receipt as Json
  }
  for (const [name, value] of Object.entries(altered)) {
    assert.match(problemOf(chain, { ...item, [name]: value }), /^VERIFICATION_FAILED/, name)
    const { [name]: _, ...without } = item
    assert.match(problemOf(chain, without), /^VERIFICATION_FAILED/, `without ${name}`)
  }
  assert.equal(Object.keys(altered).sort(), Object.keys(item).sort())
  assert.match(problemOf(chain, { ...item, more: 1 }), /member 'more'/)
  assert.is(problemOf(chain, { ...item, cursor: '1.0.0' }), 'it holds')
  assert.match(problemOf(smallChain(['p1']), item), /another network/)
})

test('a record that was refused, or is of another object, is no evidence', () => {
  const chain = smallChain(FOUR)
  const evidence = createLies(chain.scope, 'p4').votes()
  report(chain, 'p1', evidence)
  report(chain, 'p2', evidence)
  chain.commit([['p3', [chain.record('inspection', { vehicle: 'a', odometer: 1 })]]])
  assert.match(problemOf(chain, itemOf(chain, 2, evidence)), /refused: DUPLICATE/)
  assert.match(problemOf(chain, itemOf(chain, 3, evidence)), /no evidence, but of 'inspection'/)
})

test('a quorum that takes a lie onto its chain does not make it one: the signatures are checked again', () => {
  const chain = smallChain(FOUR)
  const { first, second } = createLies(chain.scope, 'p3').votes() as Evidence & { kind: 'vote' }
  const forged: Evidence = { kind: 'vote', first: { ...first, voter: 'p4' }, second: { ...second, voter: 'p4' } }
  const proof = chain.check(chain.record('_evidence', evidenceData(createLies(chain.scope, 'p4').votes())))
  const record = chain.record('_evidence', evidenceData(forged))
  assert.equal(chain.commit([['p1', [record]]], () => proof).executed.execution.verdicts, [[null]])
  assert.match(problemOf(chain, itemOf(chain, 1, forged)), /p4 did not sign the first/)
})

for (const text of ['', '{}', 'null', '[]', '"x"', '{"receipt":null}', '{"receipt":{}}', '['.repeat(100_000)]) {
  test(`what is no item fails with a word, not an exception: ${text.slice(0, 20)}`, () => {
    const chain = smallChain()
    const outcome = verifyEvidence(text, chain.genesis.text)
    assert.is(outcome.ok ? '' : outcome.refusal.code, 'VERIFICATION_FAILED')
    assert.not.ok(verifyEvidence('{"receipt":{}}', text).ok)
  })
}

test.run()
