import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type { PartnerSet } from '../../src/ledger/partner-set.js'
import { silentLogger } from '../../src/node/log.js'
import { startPeers } from '../../src/node/network/peers-libp2p.js'
import type { MembershipKnowledge, RunningPeers } from '../../src/node/network/peers-options.js'
import { setOf, stepOf } from '../support/membership-chain.js'
import { GENESIS, LOCAL, seedOf, until } from '../support/peer-hosts.js'
import { suite } from '../support/suite.js'

const opened: RunningPeers[] = []
const test = suite('learning of partners that came meanwhile')

test.after.each(async () => {
  for (const peers of opened.splice(0)) await peers.close()
})

const scope = { genesis: GENESIS, epoch: 0 }
const old = setOf('alice', 'bob')
const now = setOf('alice', 'carol')

/** A node whose directory is the set it knows. */
async function node(
  self: string,
  set: PartnerSet,
  membership: (learn: (set: PartnerSet) => void) => MembershipKnowledge
) {
  let known = set
  const former = [...old.partners, ...now.partners]
  const addresses = new Map<string, readonly string[]>()
  const events: string[] = []
  const peers: RunningPeers = await startPeers({
    seed: seedOf(self),
    listen: [LOCAL],
    announce: [],
    genesis: GENESIS,
    self,
    directory: {
      wasPartner: (key) => former.some((partner) => partner.key === key),
      partnerOf: (key) => known.partners.find((partner) => partner.key === key)?.id ?? null,
      wanted: () => known.partners.map(({ id, key }) => ({ partner: id, key, addresses: addresses.get(id) ?? [] }))
    },
    handlers: {
      onMessage() {},
      onBatchText: () => 'ignore',
      onRequest: async () => ({ type: 'blocks', blocks: [] }),
      onPeer: (partner, connected) => events.push(`${connected ? '+' : '-'}${partner}`)
    },
    join: async () => ({ type: 'refused', code: 'NOT_PERMITTED', message: 'no' }),
    membership: membership((learned) => {
      known = learned
    }),
    log: silentLogger
  })
  opened.push(peers)
  const isKnown = (id: string): boolean => known.partners.some((partner) => partner.id === id)
  return { peers, events, addresses, isKnown }
}

test('a partner that is unknown proves itself, and then both are connected', async () => {
  const away = await node('alice', old, (learn) => ({
    current: () => ({ height: 5, set: old }),
    stepsAfter: async () => [],
    learned: (set, height) => {
      assert.is(height, 9)
      learn(set)
    }
  }))
  const asked: number[] = []
  const carol = await node('carol', now, () => ({
    current: () => ({ height: 30, set: now }),
    async stepsAfter(height) {
      asked.push(height)
      return [stepOf(scope, 9, old, now)]
    },
    learned() {}
  }))
  carol.addresses.set('alice', away.peers.listening())
  carol.peers.refresh()
  await until(() => away.events.includes('+carol') && carol.events.includes('+alice'), 'both are connected')
  assert.equal(asked, [5])
})

test('a partner that was removed while it was away is shown why it is a stranger', async () => {
  const away = await node('bob', old, (learn) => ({
    current: () => ({ height: 5, set: old }),
    stepsAfter: async () => [],
    learned: (set) => learn(set)
  }))
  const alice = await node('alice', now, () => ({
    current: () => ({ height: 30, set: now }),
    stepsAfter: async () => [stepOf(scope, 9, old, now)],
    learned() {}
  }))
  away.addresses.set('alice', alice.peers.listening())
  away.peers.refresh()
  await until(() => !away.isKnown('bob'), 'bob knows')
  assert.equal([alice.events, away.peers.connected()], [[], []])
})

test('a proof that proves nothing changes nothing', async () => {
  let learned = 0
  const away = await node('alice', old, () => ({
    current: () => ({ height: 5, set: old }),
    stepsAfter: async () => [],
    learned: () => {
      learned += 1
    }
  }))
  let asked = 0
  const mallory = setOf('alice', 'mallory')
  const liar = await node('mallory', mallory, () => ({
    current: () => ({ height: 30, set: mallory }),
    async stepsAfter() {
      asked += 1
      return [stepOf(scope, 9, old, mallory, ['bob'])]
    },
    learned() {}
  }))
  liar.addresses.set('alice', away.peers.listening())
  liar.peers.refresh()
  await until(() => asked > 0, 'the liar has tried')
  await sleep(300)
  assert.is(learned, 0)
  assert.equal([away.events, liar.events], [[], []])
})

test.run()
