import * as assert from 'uvu/assert'
import { run } from '../../../scripts/bench/simulated.js'
import { suite } from '../../support/suite.js'

const test = suite('simulated networks of the benchmarks')

test('a node of five sends and checks two votes a partner, and checks batch and proposal but its own', async () => {
  const { figures } = await run({ partners: 5, records: 5, runs: 1 })
  const of = (name: string) => figures.find((each) => each.name.includes(name))!.median
  assert.is(of('votes among them'), 2 * 4)
  assert.is(of('signatures checked'), 2 * 4 + 2 * (4 / 5))
  assert.ok(of('messages sent') > of('votes among them'))
  // Proposal, prevotes and precommits, 50 ms each; the rest are writes to disks.
  assert.ok(of('proposal to commit') > 150 && of('proposal to commit') < 180)
})

test.run()
