import { multiaddr } from '@multiformats/multiaddr'
import * as assert from 'uvu/assert'
import { type Gater, partnersOnly, peerOf } from '../../../src/node/network/gater.js'
import { suite } from '../../support/suite.js'

const PARTNER = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'
const STRANGER = '12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2'

const test = suite('the gater')

/** Every question of libp2p about another peer, asked about this one; the answer is whether it is denied. */
const questions: Record<string, (gater: Gater, peer: string) => unknown> = {
  denyDialPeer: (gater, peer) => gater.denyDialPeer!(idOf(peer) as never),
  denyDialMultiaddr: (gater, peer) => gater.denyDialMultiaddr!(multiaddr(`/ip4/192.0.2.1/tcp/1/p2p/${peer}`)),
  denyInboundEncryptedConnection: (gater, peer) =>
    gater.denyInboundEncryptedConnection!(idOf(peer) as never, {} as never),
  denyOutboundEncryptedConnection: (gater, peer) =>
    gater.denyOutboundEncryptedConnection!(idOf(peer) as never, {} as never),
  'keeping an address': (gater, peer) => !gater.filterMultiaddrForPeer!(idOf(peer) as never, {} as never)
}

/** As much of a peer id as the gater looks at. */
function idOf(peer: string): { toString(): string } {
  return { toString: () => peer }
}

for (const [name, ask] of Object.entries(questions)) {
  test(`${name}: lets partners through and denies all others`, () => {
    const gater = partnersOnly(
      (peer) => peer === PARTNER,
      () => {}
    )
    assert.is(ask(gater, PARTNER), false)
    assert.is(ask(gater, STRANGER), true)
  })
  test(`${name}: denies everybody where there is no partner`, () => {
    assert.is(
      ask(
        partnersOnly(
          () => false,
          () => {}
        ),
        PARTNER
      ),
      true
    )
  })
}

test('denies what does not say whose it is, and every relay', () => {
  const gater = partnersOnly(
    () => true,
    () => {}
  )
  assert.is(gater.denyDialMultiaddr!(multiaddr('/ip4/192.0.2.1/tcp/1')), true)
  assert.is(gater.denyInboundRelayReservation!({} as never), true)
  assert.is(gater.denyOutboundRelayedConnection!({} as never, {} as never), true)
  assert.is(gater.denyInboundRelayedConnection!({} as never, {} as never), true)
})

test('tells who was denied, and at which question', () => {
  const denied: unknown[] = []
  const gater = partnersOnly(
    () => false,
    (question, peer) => denied.push([question, peer])
  )
  for (const ask of Object.values(questions)) ask(gater, STRANGER)
  gater.denyDialMultiaddr!(multiaddr('/ip4/192.0.2.1/tcp/1'))
  assert.equal(denied, [
    ['dial', STRANGER],
    ['dial', STRANGER],
    ['inbound', STRANGER],
    ['outbound', STRANGER],
    ['dial', null]
  ])
})

test('the peer of an address is the one at its end, not the relay on the way', () => {
  assert.is(peerOf(multiaddr(`/ip4/192.0.2.1/tcp/1/p2p/${STRANGER}/p2p-circuit/p2p/${PARTNER}`)), PARTNER)
  assert.is(peerOf(multiaddr('/ip4/192.0.2.1/tcp/1')), null)
})

test.run()
