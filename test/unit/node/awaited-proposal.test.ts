import * as assert from 'uvu/assert'
import { writeProposal } from '../../../src/ledger/governance-state.js'
import { awaitedProposal } from '../../../src/node/awaited-proposal.js'
import type { Chain } from '../../../src/node/chain.js'
import type { Timers } from '../../../src/node/timers.js'
import { setOf } from '../../support/membership-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('a proposal that is on its way')

const { key, text } = writeProposal({
  ballots: [],
  base: 'active',
  by: 'p1',
  change: { kind: 'suspend', partner: 'p2' },
  closed: 0,
  effective: 0,
  expires: 9,
  id: 'p1/3/0',
  opened: 8,
  reason: '',
  state: 'open'
})

/** @param looks how often it is looked for before the block with it is here */
function lookedFor(id: string, looks: number): { found: Promise<string | undefined>; waits: () => number } {
  let waits = 0
  const isHere = (): boolean => waits >= looks
  const get = (name: string): { text: string } | undefined => {
    if (name === 's:p1') return { text: isHere() ? '0 4' : '0 3' }
    return name === key && isHere() ? { text } : undefined
  }
  const chain = { rulebook: { partners: setOf('p1', 'p2') }, store: { state: { get } } } as unknown as Chain
  const timers: Timers = {
    set(_, work) {
      waits++
      setImmediate(work)
      return { timer: null }
    },
    clear() {}
  }
  const found = awaitedProposal(chain, timers, id).then((proposal) => proposal?.id)
  return { found, waits: () => waits }
}

for (const [what, id, looks, expected, waited] of [
  ['one that is here is given at once', 'p1/3/0', 0, 'p1/3/0', 0],
  ['one that comes is waited for', 'p1/3/0', 4, 'p1/3/0', 4],
  ['one that never comes is given up', 'p1/3/0', 10_000, undefined, 100],
  ['one of a batch that is here is none', 'p1/2/0', 10_000, undefined, 0],
  ['one of nobody is none', 'p9/3/0', 10_000, undefined, 0],
  ['one that is no record is none', 'p1', 10_000, undefined, 0]
] as const) {
  test(what, async () => {
    const { found, waits } = lookedFor(id, looks)
    assert.equal([await found, waits()], [expected, waited])
  })
}

test.run()
