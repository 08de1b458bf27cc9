import { readFile } from 'node:fs/promises'
import { isPartnerId } from '../base/ids.js'
import { keyFromText } from '../base/keys.js'
import { type ChainPartnerState, type PartnerSet, partnerOf, takesPart } from '../ledger/partner-set.js'
import { addressKey } from '../ledger/system-keys.js'
import { withoutMarks } from '../ledger/version-agreement.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { PeerAddress } from './network/join-messages.js'
import type { PeerDirectory } from './network/peers-options.js'
import { replaceFileDurably } from './store/durable-file.js'

/** Partners and addresses as of a height, kept beside the store: a copy that is fetched anew needs somebody to ask. */
interface Remembered {
  /** State of this node's partner then, when others told it; see {@link KnownPeers.learned}. */
  readonly own?: ChainPartnerState
  /** Null: told by an invitation, and good until the chain here knows this node itself. */
  readonly height: number | null
  readonly peers: readonly PeerAddress[]
}

interface Known {
  readonly byKey: ReadonlyMap<string, string>
  readonly others: readonly PeerAddress[]
}

export interface KnownPeers extends PeerDirectory {
  /** A quorum of those known here signed that these are the partners at a later height. */
  learned(set: PartnerSet, height: number): void
  /** How a quorum says that this node stands, when that is later than what is known here; null when it is not. */
  ownState(): ChainPartnerState | null
  /** Writes down whom the chain knows now. */
  remember(): Promise<void>
  /** Resolves when nothing is being written. */
  settled(): Promise<void>
}

export interface KnownPeersOptions {
  readonly path: string
  readonly chain: Chain
  readonly self: string
  /** From the invitation of a node that joins. */
  readonly bootstrap: readonly PeerAddress[]
  /** Newest height that a partner has told of. */
  readonly heightOf: (partner: string) => number | null
  /** Whether this was ever a partner's key. */
  readonly wasPartner: (key: string) => boolean
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly log: Logger
}

/** Milliseconds for which a key that is no partner's any more is still let in, so that it learns why. */
const LEAVE_MS = 30_000

/** A key that is none of the partners' any more, and the block that says so. */
interface Leaving {
  readonly partner: string
  readonly height: number
  readonly until: number
}

/**
 * Who is a partner, and where. What the chain says counts; while the chain here is behind what was remembered (a node
 * that joins, or fetches its copy again), those remembered are asked too.
 */
export async function openKnownPeers(options: KnownPeersOptions): Promise<KnownPeers> {
  const { path, chain, self, heightOf, wasPartner, now, log } = options
  let writing = Promise.resolve()
  let remembered: Remembered | null = (await readRemembered(path)) ?? { height: null, peers: options.bootstrap }

  function isBehind(): boolean {
    if (remembered === null) return false
    if (remembered.height === null) return partnerOf(chain.rulebook.partners, self) === undefined
    return chain.tip.height < remembered.height
  }

  function addressesOnChain(partner: string): readonly string[] | null {
    const entry = chain.store.state.get(addressKey(partner))
    return entry === undefined ? null : withoutMarks(JSON.parse(entry.text) as string[])
  }

  function addressesOf(partner: string): readonly string[] {
    const known = addressesOnChain(partner)
    if (known !== null) return known
    return remembered?.peers.find((peer) => peer.partner === partner)?.addresses ?? []
  }

  function fromChain(): PeerAddress[] {
    const { partners, nextPartners } = chain.rulebook
    // Who leaves or has another key from the height after the next one on votes until then.
    const keys = new Map(
      [...partners.partners, ...nextPartners.partners].filter(takesPart).map(({ key, id }) => [key, id])
    )
    return [...keys].map(([key, id]) => ({ partner: id, key, addresses: addressesOf(id) }))
  }

  function all(): PeerAddress[] {
    const known = fromChain()
    if (!isBehind()) return known
    const keys = new Set(known.map(({ key }) => key))
    return [...known, ...(remembered?.peers ?? []).filter(({ key }) => !keys.has(key))]
  }

  /** Worked out once for each block: it is asked for with every message. */
  let cached: { readonly rulebook: object; readonly peers: Remembered | null; readonly known: Known } | null = null

  function current(): Known {
    const { rulebook } = chain
    if (cached?.rulebook !== rulebook || cached.peers !== remembered) {
      const peers = all()
      const byKey = new Map(peers.map(({ key, partner }) => [key, partner]))
      for (const [key, partner] of cached?.known.byKey ?? []) if (!byKey.has(key)) leave(key, partner)
      cached = {
        rulebook,
        peers: remembered,
        known: { byKey, others: peers.filter(({ partner }) => partner !== self) }
      }
    }
    return cached.known
  }

  const leaving = new Map<string, Leaving>()

  function leave(key: string, partner: string): void {
    leaving.set(key, { partner, height: chain.tip.height, until: now() + LEAVE_MS })
  }

  /** Until it has the block that says that it is none any more. */
  function leavingPartner(key: string): string | null {
    const found = leaving.get(key)
    if (found === undefined) return null
    if (now() < found.until && (heightOf(found.partner) ?? 0) < found.height) return found.partner
    leaving.delete(key)
    return null
  }

  return {
    partnerOf: (key) => current().byKey.get(key) ?? leavingPartner(key),
    wanted: () => current().others,
    wasPartner,
    ownState: () => (isBehind() ? (remembered?.own ?? null) : null),
    isReachable: () => (addressesOnChain(self)?.length ?? 0) > 0,
    learned(set, height) {
      if (height <= chain.tip.height || (remembered?.height ?? 0) >= height) return
      const peers = set.partners
        .filter(takesPart)
        .map(({ id, key }) => ({ partner: id, key, addresses: addressesOf(id) }))
      const own = partnerOf(set, self)?.state
      if (own === 'suspended' || own === 'removed')
        log.warn(`a quorum of the partners says that this one is ${own}`, { height })
      remembered = { height, peers, ...(own === undefined ? {} : { own }) }
    },
    settled: () => writing,
    remember() {
      if (isBehind()) return writing
      remembered = { height: chain.tip.height, peers: fromChain() }
      const text = `${JSON.stringify(remembered)}\n`
      // One after the other: two at a time would take the same unfinished file.
      writing = writing
        .then(() => replaceFileDurably(path, text, 0o600))
        .catch((error: unknown) => log.warn('the addresses of partners could not be written down', { path, error }))
      return writing
    }
  }
}

/** What a node wrote down of the others; null when that is missing, or is not what this software writes. */
export async function readRemembered(path: string): Promise<Remembered | null> {
  try {
    const { height, peers } = JSON.parse(await readFile(path, 'utf8')) as Remembered
    if (!Number.isSafeInteger(height) || !Array.isArray(peers) || !peers.every(isPeer)) return null
    return { height, peers }
  } catch {
    // Missing or not readable: the chain says the same, or a partner calls.
    return null
  }
}

function isPeer(peer: PeerAddress): boolean {
  const { partner, key, addresses } = peer
  const isAddressed = Array.isArray(addresses) && addresses.every((address) => typeof address === 'string')
  return isPartnerId(partner) && typeof key === 'string' && keyFromText(key) !== null && isAddressed
}
