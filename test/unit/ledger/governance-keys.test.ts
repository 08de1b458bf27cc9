import * as assert from 'uvu/assert'
import { evidenceData } from '../../../src/ledger/evidence.js'
import type { Evidence } from '../../../src/ledger/system-record.js'
import { createLies } from '../../support/contradictions.js'
import { governanceChain, proposalOf } from '../../support/governance-chain.js'
import { keyOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('governance of keys')

type Chain = ReturnType<typeof governanceChain>

function startChain(): Chain {
  return governanceChain({ p1: 'inspector', p2: 'inspector', p3: 'inspector', p4: 'inspector' })
}

/** p4 takes the key of this name: from two blocks later on it has it. */
function replaceKey(chain: Chain, name: string): void {
  assert.equal(chain.say('p4', proposalOf({ kind: 'key', partner: 'p4', key: keyOf(name) })), ['accepted'])
}

function told(chain: Chain, evidence: Evidence): string | undefined {
  return chain.say('p1', { object: '_evidence', data: evidenceData(evidence) })[0]
}

test('evidence is held against the key that the partner had as that incarnation', () => {
  const chain = startChain()
  const before = createLies(chain.scope, 'p4')
  const after = createLies(chain.scope, 'p4 again')
  replaceKey(chain, 'p4 again')
  // In the block in between, and when it is in force.
  for (const round of [0, 1]) {
    assert.is(told(chain, before.votes({ round })), 'accepted')
    assert.match(told(chain, after.votes({ voter: 'p4', round: 9 })) ?? '', /p4 did not sign the first/)
    assert.is(told(chain, after.votes({ voter: 'p4', incarnation: 1, round })), 'accepted')
    assert.match(told(chain, before.votes({ incarnation: 1, round: 9 })) ?? '', /p4 did not sign the first/)
  }
})

test('each incarnation keeps its own key, also those between two keys', () => {
  const chain = startChain()
  const lies = ['p4', 'p4 again', 'p4 once more'].map((name) => createLies(chain.scope, name))
  replaceKey(chain, 'p4 again')
  chain.commit()
  // Incarnations 1 and 2 have the second key.
  const suspend = proposalOf({ kind: 'suspend', partner: 'p4' })
  assert.equal(chain.say('p4', suspend, proposalOf({ kind: 'key', partner: 'p4', key: keyOf('p4 once more') })), [
    'accepted',
    'accepted'
  ])
  assert.equal([chain.decided('p4').incarnation, chain.decided('p4').state], [3, 'suspended'])
  assert.is(
    chain.entries.get('k:p4')?.text,
    JSON.stringify([
      [0, keyOf('p4')],
      [2, keyOf('p4 again')]
    ])
  )
  for (const [incarnation, signer] of [0, 1, 1, 2].entries()) {
    for (const [at, each] of lies.entries()) {
      const verdict = told(chain, each.proposals({ proposer: 'p4', incarnation }))
      assert.is(verdict === 'accepted', at === signer, `incarnation ${incarnation} by key ${at}: ${verdict}`)
    }
  }
  assert.match(told(chain, lies[2]!.proposals({ proposer: 'p4', incarnation: 4 })) ?? '', /not come to incarnation 4/)
})

test('a partner may take a key that it had before', () => {
  const chain = startChain()
  for (const name of ['p4 again', 'p4']) {
    replaceKey(chain, name)
    chain.commit()
  }
  assert.equal([chain.now('p4').key, chain.now('p4').incarnation], [keyOf('p4'), 2])
  const lies = createLies(chain.scope, 'p4')
  assert.is(told(chain, lies.votes({ incarnation: 2 })), 'accepted')
  assert.is(told(chain, lies.votes()), 'accepted')
  assert.match(told(chain, lies.votes({ incarnation: 1 })) ?? '', /did not sign/)
})

test.run()
