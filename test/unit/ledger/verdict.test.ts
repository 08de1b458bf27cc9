import * as assert from 'uvu/assert'
import { merkleRootOf } from '../../../src/base/merkle.js'
import { type Verdict, verdictLeaves, verdictRoot } from '../../../src/ledger/verdict.js'
import { suite } from '../../support/suite.js'

const test = suite('roots of verdicts')

const REFUSED: Verdict = { code: 'RULE_BROKEN', message: 'no', rule: 'r' }

test('a root that is remembered is the root of the leaves, whatever blocks came before', () => {
  const accepted = (count: number): Verdict[] => Array.from({ length: count }, () => null)
  const blocks = [[], [0], [1], [1, 2], [2, 1], [12], [3], [1, 1, 1]].map((counts) => counts.map(accepted))
  const refused = blocks.slice(2).map(([first = [], ...rest]) => [[REFUSED, ...first.slice(1)], ...rest])
  for (let round = 0; round < 40; round++) {
    const more = [accepted(round), accepted(1 + round)]
    for (const verdicts of [...blocks, ...refused, more]) {
      const leaves = verdictLeaves(verdicts)
      assert.equal(verdictRoot(verdicts), { count: leaves.length, root: merkleRootOf(leaves) })
    }
  }
})

test.run()
