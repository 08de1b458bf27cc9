import { partnerOf, quorumOfSet, votersOf } from '../ledger/partner-set.js'
import { evidenceCountKey, nameKey } from '../ledger/system-judge.js'
import type { Chain } from './chain.js'
import type { NodeStatus, PartnerView } from './ledger-node.js'
import type { PeerDirectory } from './network/peers-options.js'
import { timeText } from './record-view.js'
import type { Replica } from './replica-types.js'

/** Milliseconds without a commit, while batches wait, after which the node counts as stalled. */
const STALLED_AFTER_MS = 5_000

export interface NodeStatusDependencies {
  readonly replica: Pick<Replica, 'chain' | 'mempool' | 'round' | 'syncing' | 'rejoining' | 'heightOf'>
  readonly self: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly peers: { connected(): readonly string[]; addresses(): readonly string[] }
  readonly known: PeerDirectory
}

/** What the node says of itself and of its partners. */
export function createNodeStatus({ replica, self, now, peers, known }: NodeStatusDependencies) {
  const { chain, mempool } = replica
  let waitingSince: number | null = null

  function isOnline(partner: { readonly id: string }, connected: readonly string[]): boolean {
    return partner.id === self || connected.includes(partner.id)
  }

  function heightOf(partner: string): number | null {
    return partner === self ? chain.tip.height : replica.heightOf(partner)
  }

  function partners(): readonly PartnerView[] {
    const names = new Map(chain.genesis.partners.map(({ id, name }) => [id, name]))
    const connected = peers.connected()
    const addresses = new Map(known.wanted().map((peer) => [peer.partner, peer.addresses]))
    return chain.rulebook.partners.partners.map(({ id, role, key, state, voter }) => ({
      id,
      name: names.get(id) ?? nameIn(chain, id) ?? id,
      role,
      key,
      state,
      voter: voter && state === 'active',
      connected: isOnline({ id }, connected),
      height: heightOf(id),
      addresses: id === self ? peers.addresses() : (addresses.get(id) ?? []),
      evidence: evidenceCount(chain, id)
    }))
  }

  function stalled(): NodeStatus['stalled'] {
    if (mempool.size().batches === 0) {
      waitingSince = null
      return null
    }
    waitingSince ??= now()
    const behind = chain.tip.time - now()
    if (now() - waitingSince < STALLED_AFTER_MS && behind < STALLED_AFTER_MS) return null
    return { since: timeText(waitingSince), why: whyStalled(behind) }
  }

  function whyStalled(behindMs: number): string {
    if (behindMs > 0) {
      return `the clock of this machine is ${Math.ceil(behindMs / 1000)} s behind the newest block: set it right`
    }
    if (replica.rejoining) return 'this node lost its sign guard and waits for a partner to write down that it rejoins'
    const voters = votersOf(chain.rulebook.partners)
    const connected = peers.connected()
    const away = voters.filter((voter) => !isOnline(voter, connected)).map(({ id }) => id)
    const needed = quorumOfSet(chain.rulebook.partners)
    if (voters.length - away.length < needed) {
      return `${needed} of ${voters.length} voting partners are needed and ${voters.length - away.length} are online; not reached: ${away.join(', ')}`
    }
    return `a quorum is online and has not agreed on the next block yet; this is round ${replica.round}`
  }

  return {
    partners,
    /** A block was committed: whatever waits now waits since now. */
    committed(): void {
      waitingSince = mempool.size().batches === 0 ? null : now()
    },
    status(): NodeStatus {
      const { tip, rulebook } = chain
      const own = partnerOf(rulebook.partners, self)
      const connected = peers.connected()
      return {
        network: rulebook.model.network.title,
        genesis: chain.scope.genesis,
        partner: { id: self, state: own?.state ?? 'joining', role: own?.role ?? '' },
        height: tip.height,
        head: tip.hash,
        stateHash: tip.resultHash,
        partners: rulebook.partners.partners.map((partner) => ({
          id: partner.id,
          state: partner.state,
          connected: isOnline(partner, connected),
          height: heightOf(partner.id)
        })),
        quorum: {
          rule: rulebook.partners.quorum,
          needed: quorumOfSet(rulebook.partners),
          online: votersOf(rulebook.partners).filter((voter) => isOnline(voter, connected)).length
        },
        mempool: mempool.size(),
        syncing: replica.syncing,
        stalled: stalled()
      }
    }
  }
}

/** How many contradictions of a partner stand on the chain. */
function evidenceCount(chain: Chain, id: string): number {
  return Number(chain.store.state.get(evidenceCountKey(id))?.text ?? 0)
}

/** The name under which a partner was admitted. */
function nameIn(chain: Chain, id: string): string | undefined {
  return chain.store.state.get(nameKey(id))?.text
}
