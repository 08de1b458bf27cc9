import { LedgerError } from '../base/errors.js'
import { openAmendmentsOf } from '../ledger/amendment-state.js'
import { countIn, evidenceCountKey } from '../ledger/evidence.js'
import { partnerOf, quorumOfSet, votersOf } from '../ledger/partner-set.js'
import { recoveryHash } from '../ledger/recovery.js'
import { supportIn } from '../ledger/support.js'
import { nameKey } from '../ledger/system-keys.js'
import type { Chain } from './chain.js'
import type { KnownPeers } from './known-peers.js'
import { versionCause } from './known-version.js'
import type { MisconductView, NodeStatus, PartnerState, PartnerView } from './ledger-node.js'
import type { RunningPeers } from './network/peers-options.js'
import { timeText } from './record-view.js'
import type { Barred } from './recovery-standing.js'
import type { Replica } from './replica-types.js'
import { stallText } from './stall-explanation.js'

export interface NodeStatusDependencies {
  readonly replica: Pick<Replica, 'chain' | 'mempool' | 'syncing' | 'stalled' | 'heightOf' | 'reached' | 'barred'>
  readonly self: string
  readonly peers: Pick<RunningPeers, 'connected' | 'addresses' | 'counts' | 'misconduct'>
  readonly known: Pick<KnownPeers, 'wanted' | 'ownState'>
  /** Name and version of it. @default none is told */
  readonly software?: string
}

/** What the node says of itself and of its partners. */
export function createNodeStatus({ replica, self, peers, known, software }: NodeStatusDependencies) {
  const { chain, mempool } = replica

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
      evidence: evidenceCount(chain, id),
      misconduct: misconductOf(id),
      ...supportOf(id)
    }))
  }

  function supportOf(partner: string): Pick<PartnerView, 'software' | 'supports'> {
    const support = supportIn(chain.store.state, partner)
    return { software: support?.software ?? null, supports: support?.version ?? null }
  }

  function misconductOf(partner: string | null): MisconductView {
    const { seen, hungUp, last } = peers.misconduct(partner)
    return { seen, hungUp, last: last === null ? null : { time: timeText(last.time), why: last.why } }
  }

  /** A node that was away when it was suspended or removed is told so, and given no more blocks. */
  function toldState(): NodeStatus['stalled'] {
    const state = known.ownState()
    if (state !== 'suspended' && state !== 'removed') return null
    const why = `the other partners have ${state} this one, as a quorum of them signed; this copy ends before that`
    const todo =
      state === 'removed' ? 'it can still be read and verified' : 'ask them; ledger proposals at one of theirs says why'
    return { since: timeText(chain.tip.time), why, causes: [{ code: state, why, todo }] }
  }

  function barredState({ kind, why, todo }: Barred): NodeStatus['stalled'] {
    const code = `recovery-${kind}`
    return { since: timeText(chain.tip.time), why: `${why}; ${todo}`, causes: [{ code, why, todo }] }
  }

  /** What a recovery says that the copy here cannot follow comes before what the copy says. */
  function ownState(): PartnerState | null {
    const { barred } = replica
    if (barred?.kind === 'over' && barred.document.lost.includes(self)) return 'suspended'
    return known.ownState()
  }

  function stalled(): NodeStatus['stalled'] {
    if (replica.barred !== null) return barredState(replica.barred)
    const told = toldState()
    if (told !== null) return told
    const cause = versionCause(chain)
    if (cause !== null) return { since: timeText(chain.tip.time), why: `${cause.why}; ${cause.todo}`, causes: [cause] }
    const stall = replica.stalled()
    if (stall === null) return null
    const { since, height, round, causes } = stall
    return { since: timeText(since), height, round, why: stallText(causes), causes }
  }

  return {
    partners,
    status(): NodeStatus {
      const { tip, rulebook } = chain
      const own = partnerOf(rulebook.partners, self)
      const connected = peers.connected()
      const reached = replica.reached()
      return {
        network: rulebook.model.network.title,
        genesis: chain.scope.genesis,
        epoch: chain.scope.epoch,
        recoveries: chain.passed().map(({ document }) => {
          const { epoch, height, lost, signers } = document
          return { epoch, height, lost, signers, hash: recoveryHash(document) }
        }),
        partner: { id: self, state: ownState() ?? own?.state ?? 'pending', role: own?.role ?? '' },
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
          // Two who never connect agree all the same, by way of others.
          online: votersOf(rulebook.partners).filter(({ id }) => id === self || reached.has(id)).length
        },
        mempool: mempool.size(),
        amendments: { open: openAmendments(chain) },
        ...(software === undefined ? {} : { software }),
        strangers: { ...misconductOf(null), refused: peers.counts().refused },
        version: { inForce: rulebook.version, decided: rulebook.nextVersion, known: chain.versionMax },
        syncing: replica.syncing,
        stalled: stalled()
      }
    }
  }
}

/** None once the store is closed: a node is asked how it is until the end. */
function openAmendments({ rulebook, store }: Chain): number {
  try {
    return rulebook.partners.partners.reduce((sum, { id }) => sum + openAmendmentsOf(store.state, id), 0)
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'CLOSED') return 0
    throw error
  }
}

/** How many contradictions of a partner stand on the chain. */
function evidenceCount(chain: Chain, id: string): number {
  return countIn(chain.store.state, evidenceCountKey(id))
}

/** The name under which a partner was admitted. */
function nameIn(chain: Chain, id: string): string | undefined {
  return chain.store.state.get(nameKey(id))?.text
}
