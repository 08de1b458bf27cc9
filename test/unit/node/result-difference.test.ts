import * as assert from 'uvu/assert'
import type { Verdict } from '../../../src/ledger/verdict.js'
import { verdictRoot } from '../../../src/ledger/verdict.js'
import { headerDifference, readResultDiffers, resultDiffers } from '../../../src/node/result-difference.js'
import { smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('result difference')

const chain = smallChain(['p1', 'p2'])
const visit = (vehicle: string, odometer: number): string => chain.record('inspection', { vehicle, odometer })
// a goes back with the second record of p2.
const { executed, batches } = chain.commit([
  ['p1', [visit('a', 20), visit('b', 1)]],
  ['p2', [visit('c', 1), visit('a', 10), visit('d', 1)]]
])
const { network } = chain.genesis.genesis
const { verdicts } = executed.execution

/** The header of somebody whose verdicts are these. */
function headerWith(changed: readonly (readonly Verdict[])[]): typeof executed.header {
  return { ...executed.header, verdicts: verdictRoot(changed), result: 'ef'.repeat(32) }
}

function changed(batch: number, index: number, verdict: Verdict): (readonly Verdict[])[] {
  return verdicts.map((all, at) => (at === batch ? all.with(index, verdict) : all))
}

const broken: Verdict = { code: 'RULE_BROKEN', message: '', rule: 'odometer-never-decreases' }

const cases: readonly (readonly [name: string, theirs: typeof executed.header, isResult: boolean, says: string])[] = [
  [
    'a record refused here and accepted by the block',
    headerWith(changed(1, 1, null)),
    true,
    'record p2/0/1 is refused (RULE_BROKEN odometer-never-decreases) here and accepted by the block'
  ],
  [
    'a record accepted here and refused by the block, by a rule',
    headerWith(changed(0, 1, broken)),
    true,
    'record p1/0/1 is accepted here and refused (RULE_BROKEN odometer-never-decreases) by the block'
  ],
  [
    'a record accepted here and refused by the block, with another code',
    headerWith(changed(1, 2, { code: 'SCHEMA', message: '' })),
    true,
    'record p2/0/2 is accepted here and refused (SCHEMA) by the block'
  ],
  [
    'two records: the batches are named',
    headerWith(changed(1, 1, null).map((all, at) => (at === 0 ? all.with(0, broken) : all))),
    true,
    'some verdicts differ, in one of the batches p1/0, p2/0'
  ],
  [
    'the same verdicts and another state',
    { ...executed.header, result: 'ef'.repeat(32) },
    true,
    'the same verdicts lead to another state here, in one of the batches p1/0, p2/0'
  ],
  [
    'a header for another model: no batch is to blame',
    { ...headerWith(changed(1, 1, null)), model: 'ef'.repeat(32) },
    false,
    'its header names another model'
  ]
]

for (const [name, theirs, isResult, text] of cases) {
  test(name, () => assert.equal(headerDifference(network, theirs, executed, batches), { isResult, text }))
}

test('the search of one among many records ends, whatever the liar that caused it', () => {
  const records = Array.from({ length: 200 }, (_, at) => visit(`v${at}`, 1))
  const wide = chain.commit([['p1', records]])
  const all = wide.executed.execution.verdicts
  /** What is said of a block that refuses the last record so. */
  const says = (verdict: Verdict): string => {
    const other = all.map((verdicts) => verdicts.with(199, verdict))
    const header = { ...wide.executed.header, verdicts: verdictRoot(other) }
    return headerDifference(network, header, wide.executed, wide.batches).text
  }
  assert.match(says(broken), /^record p1\/1\/199 is accepted here and refused/)
  // The least likely verdict of the last record: farther than the search goes.
  assert.is(says({ code: 'MALFORMED', message: '' }), 'some verdicts differ, in batch p1/1')
})

test('a reason names its block, and nothing else passes for one', () => {
  const block = 'ab'.repeat(32)
  assert.equal(readResultDiffers(resultDiffers(block, 'record x')), { block, difference: 'record x' })
  for (const reason of [
    '',
    'RESULT_DIFFERS',
    `RESULT_DIFFERS ${block}`,
    ` RESULT_DIFFERS ${block}: x`,
    'no proposal'
  ]) {
    assert.is(readResultDiffers(reason), null, reason)
  }
})

test.run()
