import { partnerOf, quorumOfSet, votersOf } from '../ledger/partner-set.js'
import type { Chain } from './chain.js'
import type { NodeStatus, PartnerView } from './ledger-node.js'
import type { Mempool } from './mempool.js'
import { timeText } from './record-view.js'

/** Milliseconds without a commit, while batches wait, after which the node counts as stalled. */
const STALLED_AFTER_MS = 5_000

export interface NodeStatusDependencies {
  readonly chain: Chain
  readonly mempool: Pick<Mempool, 'size'>
  readonly driver: { readonly round: number }
  readonly self: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Keys of the partners that are connected now. */
  readonly connections: () => readonly string[]
}

/** What the node says of itself and of its partners. */
export function createNodeStatus({ chain, mempool, driver, self, now, connections }: NodeStatusDependencies) {
  let waitingSince: number | null = null

  function partners(): readonly PartnerView[] {
    const names = new Map(chain.genesis.partners.map(({ id, name }) => [id, name]))
    return chain.rulebook.partners.partners.map(({ id, role, key, state, voter }) => {
      return { id, name: names.get(id) ?? id, role, key, state, voter }
    })
  }

  function stalled(): NodeStatus['stalled'] {
    if (mempool.size().batches === 0) {
      waitingSince = null
      return null
    }
    waitingSince ??= now()
    const behind = chain.tip.time - now()
    if (now() - waitingSince < STALLED_AFTER_MS && behind < STALLED_AFTER_MS) return null
    const why =
      behind > 0
        ? `the clock of this machine is ${Math.ceil(behind / 1000)} s behind the newest block: set it right`
        : `no quorum has agreed on the next block; this is round ${driver.round}`
    return { since: timeText(waitingSince), why }
  }

  return {
    partners,
    /** A block was committed: whatever waits now waits since now. */
    committed(): void {
      waitingSince = mempool.size().batches === 0 ? null : now()
    },
    status(): NodeStatus {
      const { tip, rulebook } = chain
      const online = new Set(connections())
      const own = partnerOf(rulebook.partners, self)
      const isOnline = (partner: { id: string; key: string }) => partner.id === self || online.has(partner.key)
      return {
        network: rulebook.model.network.title,
        genesis: chain.scope.genesis,
        partner: { id: self, state: own?.state ?? 'removed', role: own?.role ?? '' },
        height: tip.height,
        head: tip.hash,
        stateHash: tip.resultHash,
        partners: rulebook.partners.partners.map((partner) => ({
          id: partner.id,
          state: partner.state,
          connected: isOnline(partner),
          height: partner.id === self ? tip.height : null
        })),
        quorum: {
          rule: rulebook.partners.quorum,
          needed: quorumOfSet(rulebook.partners),
          online: votersOf(rulebook.partners).filter(isOnline).length
        },
        mempool: mempool.size(),
        syncing: false,
        stalled: stalled()
      }
    }
  }
}
