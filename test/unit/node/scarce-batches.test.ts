import * as assert from 'uvu/assert'
import type { ConsensusState } from '../../../src/consensus/state.js'
import type { CheckedBatch } from '../../../src/ledger/execution.js'
import { EVERYTHING } from '../../../src/node/disputes.js'
import { silentLogger } from '../../../src/node/log.js'
import { createScarceBatches } from '../../../src/node/scarce-batches.js'
import { suite } from '../../support/suite.js'
import { checked, machine, precommits, prevotes, proposal, timeout } from '../consensus/machine.js'

const test = suite('batches that few hold')

const BLOCK = 'ab'.repeat(32)

/** By hash, the author; the block of round 0 holds the first two. */
const AUTHORS: Readonly<Record<string, string>> = { l0: 'liar', a0: 'a', l1: 'liar', b0: 'b' }

/** d in round 1, after the good block of round 0 got the prevotes of these, and nil from the others. */
function afterRound(pro: string, contra: string): ConsensusState {
  const one = machine({ replays: false })
  one.give(proposal(0, BLOCK), checked(0, BLOCK), ...prevotes(pro, 0, BLOCK), ...prevotes(contra, 0, null))
  one.give(timeout('prevote', 0), ...precommits('abc', 0, null), timeout('precommit', 0))
  assert.is(one.state.round, 1)
  return one.state
}

function scarceOf(said: string | null = null) {
  const scarce = createScarceBatches({
    self: 'd',
    batchOf: (hash) => {
      const author = AUTHORS[hash]
      return author === undefined ? undefined : ({ hash, header: { author } } as unknown as CheckedBatch)
    },
    blockOf: (hash) => (hash === BLOCK ? { header: '', batches: ['l0', 'a0'] } : null),
    said: () => said,
    log: silentLogger
  })
  /** What each offer admits. */
  const offered = (state: ConsensusState): string[] =>
    scarce.offers(state, [EVERYTHING]).map((offer) => Object.keys(AUTHORS).filter(offer.admits).join(' '))
  return { scarce, offered }
}

const ALL = 'l0 a0 l1 b0'

test('a block fails as others lack bodies: its authors come last, until a quorum lists what they wrote', () => {
  const { scarce, offered } = scarceOf()
  // a's batch is held by all; nobody but this node and c has the other one.
  scarce.listed('a', ['a0'])
  scarce.listed('b', ['a0'])
  scarce.listed('c', ['l0', 'a0'])
  const state = afterRound('a', 'bc')
  assert.equal(offered(state), ['a0 b0', ALL], 'and last of all everything, so that nobody waits for ever')

  scarce.listed('b', ['a0', 'l0'])
  assert.equal(offered(state), ['l0 a0 b0', ALL])
  scarce.gone('b')
  assert.equal(offered(state), ['a0 b0', ALL], 'who is not connected is not counted')

  scarce.committed(['liar', 'a'])
  assert.equal(offered(machine().state), [ALL], 'once a block has a batch of theirs it is over')
})

test('an observer that lists a batch does not count', () => {
  const { scarce, offered } = scarceOf()
  scarce.listed('observer', ['l0', 'a0'])
  scarce.listed('a', ['l0', 'a0'])
  assert.equal(offered(afterRound('a', 'bc')), ['b0', ALL])
})

test('nobody is suspected for a round that others refuse with a reason, or that a quorum found good', () => {
  assert.equal(scarceOf('its time is too far ahead').offered(afterRound('a', 'bc')), [ALL])
  assert.equal(scarceOf().offered(afterRound('ab', 'c')), [ALL])
  assert.equal(scarceOf().offered(machine().state), [ALL], 'nor before any round has failed')
})

test.run()
