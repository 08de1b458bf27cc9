import * as fc from 'fast-check'
import * as assert from 'uvu/assert'
import { modelThreshold } from '../../../src/ledger/model-change.js'
import type { Threshold } from '../../../src/ledger/network-definition.js'
import { strictestOf, THRESHOLDS, votesNeeded } from '../../../src/ledger/threshold.js'
import { ballotOf, GOVERNED_NETWORK, governanceChain, proposalOf } from '../../support/governance-chain.js'
import { type Draft, edited, modelProposal } from '../../support/model-proposals.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('thresholds')

const BASE = genesisOf([], GOVERNED_NETWORK).genesis.network

test('a stricter one never needs fewer votes', () => {
  for (let governing = 1; governing <= 200; governing++) {
    const needed = THRESHOLDS.map((threshold) => votesNeeded(threshold, governing))
    assert.equal(
      [...needed].sort((a, b) => a - b),
      needed,
      `of ${governing}`
    )
    assert.is(needed.at(-1), governing)
  }
})

test('where nobody governs nothing passes', () => {
  for (const threshold of THRESHOLDS) assert.ok(votesNeeded(threshold, 0) > 0, threshold)
})

test('the strictest of several needs as much as each of them', async () => {
  await fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...THRESHOLDS), { minLength: 1 }),
      fc.integer({ min: 1, max: 130 }),
      (all, n) => {
        const most = Math.max(...all.map((threshold) => votesNeeded(threshold, n)))
        assert.is(votesNeeded(strictestOf(all), n), most)
      }
    )
  )
})

type Edit = (draft: Draft) => void
type Case = readonly [name: string, before: Edit, after: Edit, expected: Threshold]

const nothing: Edit = () => {}
const sets =
  (thresholds: NonNullable<Draft['thresholds']>): Edit =>
  (draft) => {
    draft.thresholds = thresholds
  }

const CASES: readonly Case[] = [
  [
    'a title',
    nothing,
    (draft) => {
      draft.title = 'x'
    },
    'two-thirds'
  ],
  [
    'a title where the file says one',
    sets({ model: 'one' }),
    (draft) => {
      draft.title = 'x'
    },
    'one'
  ],
  [
    'the quorum goes with the file',
    sets({ model: 'one' }),
    (draft) => {
      draft.quorum = 'majority'
    },
    'one'
  ],
  ['all is not lowered by fewer', sets({ remove: 'all' }), sets({ remove: 'majority' }), 'all'],
  ['all is not set by fewer', nothing, sets({ remove: 'all' }), 'all'],
  ['all is not left out by fewer', sets({ remove: 'all' }), sets({}), 'all'],
  ['the threshold of files itself, lower', sets({ model: 'all' }), sets({ model: 'one' }), 'all'],
  ['the threshold of files itself, higher', sets({ model: 'one' }), sets({ model: 'majority' }), 'majority'],
  ['the old one counts, and not the new', sets({ model: 'majority' }), sets({ model: 'one' }), 'majority'],
  [
    'a default written out changes nothing',
    sets({ model: 'majority' }),
    sets({ model: 'majority', suspend: 'majority' }),
    'majority'
  ],
  ['a default that is strict, lower', sets({ model: 'one' }), sets({ model: 'one', key: 'one' }), 'two-thirds'],
  [
    'who governs is as a change of roles',
    sets({ model: 'one', role: 'all' }),
    ({ roles }) => {
      roles.clerk!.govern = true
    },
    'all'
  ],
  [
    'whose vote counts too',
    sets({ model: 'one', role: 'all' }),
    ({ roles }) => {
      roles.clerk!.vote = false
    },
    'all'
  ],
  [
    'what a role appends does not',
    sets({ model: 'one', role: 'all' }),
    ({ roles }) => {
      roles.clerk!.append = []
    },
    'one'
  ],
  [
    'a new role is nobody yet',
    sets({ model: 'one', role: 'all' }),
    ({ roles }) => {
      roles.boss = { append: [], govern: true, vote: true }
    },
    'one'
  ]
]

for (const [name, before, after, expected] of CASES) {
  test(`what a file touches: ${name}`, () => {
    const old = edited(BASE, before)
    assert.is(modelThreshold(old, edited(old, after)), expected)
  })
}

test('one threshold for each kind, as the decided file says', () => {
  const network = GOVERNED_NETWORK.replace('roles:', 'thresholds: { suspend: one, key: all }\nroles:')
  const chain = governanceChain({ p1: 'inspector', p2: 'inspector', p3: 'inspector', p4: 'clerk' }, { file: network })
  const id = chain.nextId('p1')
  chain.say('p1', proposalOf({ kind: 'suspend', partner: 'p4' }))
  assert.is(chain.proposal(id).state, 'passed')
})

test('ballots are counted by what is decided, also where the change is not in force yet', () => {
  const chain = governanceChain({ p1: 'inspector', p2: 'inspector', p3: 'inspector', p4: 'clerk' })
  const [file, suspension] = [chain.nextId('p1'), chain.nextId('p2')]
  const stricter = edited(BASE, (draft) => {
    draft.thresholds = { suspend: 'all' }
  })
  chain.commit([
    ['p1', [modelProposal(stricter)]],
    ['p2', [proposalOf({ kind: 'suspend', partner: 'p4' })]],
    ['p3', [ballotOf(file, true)]]
  ])
  assert.is(chain.proposal(file).state, 'open', 'it sets all, and needs all')
  chain.commit([
    ['p1', [ballotOf(suspension, true)]],
    ['p2', [ballotOf(file, true)]]
  ])
  assert.is(chain.proposal(file).state, 'passed')
  // Both in one block: the file was made first, and decided what the other one needs.
  assert.is(chain.proposal(suspension).state, 'open')
  chain.commit([['p3', [ballotOf(suspension, true)]]])
  assert.is(chain.proposal(suspension).state, 'passed')
})

test('a majority cannot lower what needs all', () => {
  const network = GOVERNED_NETWORK.replace('roles:', 'thresholds: { model: majority, remove: all }\nroles:')
  const chain = governanceChain({ p1: 'inspector', p2: 'inspector', p3: 'inspector' }, { file: network })
  const lower = edited(chain.network, (draft) => {
    draft.thresholds = { model: 'majority' }
  })
  const id = chain.nextId('p1')
  chain.say('p1', modelProposal(lower))
  chain.say('p2', ballotOf(id, true))
  assert.is(chain.proposal(id).state, 'open')
  chain.say('p3', ballotOf(id, false))
  assert.is(chain.proposal(id).state, 'rejected')
  const title = chain.nextId('p1')
  chain.say(
    'p1',
    modelProposal(
      edited(chain.network, (draft) => {
        draft.title = 'x'
      })
    )
  )
  chain.say('p2', ballotOf(title, true))
  assert.is(chain.proposal(title).state, 'passed')
})

test.run()
