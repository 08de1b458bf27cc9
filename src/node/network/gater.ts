import type { Libp2pOptions } from 'libp2p'

/** What libp2p asks before it lets a connection through; `true` means *deny*. */
export type Gater = NonNullable<Libp2pOptions['connectionGater']>

/** Why somebody was turned away, for the log: at which question, and who as far as that is known. */
export type OnDenied = (question: 'dial' | 'inbound' | 'outbound', peer: string | null) => void

/**
 * The lock of the network: dials partners and nobody else, and lets in partners and, where the node allows it, a few
 * strangers, who may then ask to join and nothing more.
 *
 * Who the other side is, is proven only by the Noise handshake, so the two questions after it decide; those before it
 * save the trouble of dialling strangers. The questions are asked once for each connection: whoever stops being a
 * partner must be hung up on.
 *
 * @param isPartner whether the peer with this id, as text, is a partner now; called anew for each connection
 * @param onDenied told of each refusal; it must not throw
 * @param admitStranger whether there is room for this stranger now; asked once for each connection of one
 */
export function partnersOnly(
  isPartner: (peer: string) => boolean,
  onDenied: OnDenied,
  admitStranger: (peer: string) => boolean = () => false
): Gater {
  const deny = (question: Parameters<OnDenied>[0], peer: string | null): boolean => {
    if (peer !== null && isPartner(peer)) return false
    onDenied(question, peer)
    return true
  }
  return {
    denyDialPeer: (peer) => deny('dial', peer.toString()),
    // An address that does not say whose it is could lead to anybody.
    denyDialMultiaddr: (address) => deny('dial', peerOf(address)),
    denyInboundEncryptedConnection: (peer) => {
      const text = peer.toString()
      return !isPartner(text) && !admitStranger(text) && deny('inbound', text)
    },
    denyOutboundEncryptedConnection: (peer) => deny('outbound', peer.toString()),
    // Relays are not part of this network, whoever asks.
    denyInboundRelayReservation: () => true,
    denyOutboundRelayedConnection: () => true,
    denyInboundRelayedConnection: () => true,
    // This one means *keep*: addresses of strangers are not even remembered.
    filterMultiaddrForPeer: (peer) => isPartner(peer.toString())
  }
}

type Address = Parameters<NonNullable<Gater['denyDialMultiaddr']>>[0]

/** The peer an address ends at: the last `/p2p/ID` of it, because an earlier one would be a relay. */
export function peerOf(address: Address): string | null {
  return address.getComponents().findLast((part) => part.name === 'p2p')?.value ?? null
}
