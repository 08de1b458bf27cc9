import { foundingSet, type Partner, type PartnerSet, partnerSetHash } from '../../src/ledger/partner-set.js'
import type { SimulatedGenesis } from './simulated-genesis.js'

/** A change of the partners as an accepted record of the network about itself says it. */
export type PartnerChange =
  | { readonly object: '_admit'; readonly partner: string; readonly key: string; readonly role: string }
  | { readonly object: '_ready'; readonly partner: string }
  | { readonly object: '_rejoin'; readonly partner: string; readonly incarnation: number }
  | {
      readonly object: '_proposal'
      readonly kind: 'suspend' | 'reinstate' | 'remove' | 'role' | 'key'
      readonly partner: string
      readonly role?: string
      readonly key?: string
    }

/**
 * The partners from block to block, worked out in plain steps: what a block decides is in force from the block after the
 * next one on.
 */
export function createPartnerHistory({ genesis }: SimulatedGenesis) {
  const founding = foundingSet(genesis.genesis)
  let now: PartnerSet = founding
  let next = now
  let latest = now
  const hashes = new Map<PartnerSet, string>()
  /** Each key that ever was, by whose it is and its incarnation. */
  const keys = new Map<string, string>()
  noteKeys()

  function hashOf(set: PartnerSet): string {
    const hash = hashes.get(set) ?? partnerSetHash({ genesis: genesis.hash, epoch: set.epoch }, set)
    hashes.set(set, hash)
    return hash
  }

  /** Of one incarnation the newest key holds: another one comes with another incarnation. */
  function noteKeys(): void {
    for (const { id, incarnation, key } of latest.partners) keys.set(`${id}/${incarnation}`, key)
  }

  function changed(change: PartnerChange): readonly Partner[] {
    const { partners } = latest
    if (change.object === '_admit') {
      const { partner: id, key, role } = change
      const joiner: Partner = { id, incarnation: 0, key, role, state: 'pending', voter: true }
      return [...partners, joiner].sort((a, b) => (a.id < b.id ? -1 : 1))
    }
    return partners.map((partner) => {
      if (partner.id !== change.partner) return partner
      if (change.object === '_proposal') return agreed(partner, change)
      return change.object === '_ready'
        ? { ...partner, state: 'active' }
        : { ...partner, incarnation: change.incarnation }
    })
  }

  /** What signed things count for nothing any more: those of a partner that pauses, leaves or has another key. */
  function agreed(partner: Partner, { kind, role = '', key = '' }: PartnerChange & { object: '_proposal' }): Partner {
    const raised = { ...partner, incarnation: partner.incarnation + 1 }
    if (kind === 'suspend') return { ...raised, state: 'suspended' }
    if (kind === 'remove') return { ...raised, state: 'removed' }
    if (kind === 'key') return { ...raised, key }
    return kind === 'reinstate' ? { ...partner, state: 'pending' } : { ...partner, role, voter: role === 'garage' }
  }

  return {
    /** In force at the block under way. */
    now: (id: string): Partner | undefined => now.partners.find((partner) => partner.id === id),
    /** As it will be, with every change so far. */
    latest: (id: string): Partner | undefined => latest.partners.find((partner) => partner.id === id),
    /** The key that signs for an incarnation that was reached. */
    keyOf: (id: string, incarnation: number): string | undefined => keys.get(`${id}/${incarnation}`),
    /** All of them, with every change so far. */
    all: (): readonly Partner[] => latest.partners,
    /** Whether nothing is decided that is not in force. */
    isSettled: (): boolean => hashOf(now) === hashOf(latest),
    voters: (): readonly Partner[] => now.partners.filter(({ voter, state }) => voter && state === 'active'),
    /** Rule by which votes on the block under way count. */
    quorum: (): string => now.quorum,
    /** Hashes of the sets that a header names. */
    hashes: () => ({ partners: hashOf(now), nextPartners: hashOf(next) }),
    decide(change: PartnerChange): void {
      latest = { ...latest, partners: changed(change) }
      noteKeys()
    },
    /** Another network file was decided. */
    decideQuorum(quorum: PartnerSet['quorum']): void {
      latest = { ...latest, quorum }
    },
    /** A new epoch begins behind the block that is just over: the lost are suspended at once. */
    recover(epoch: number, lost: readonly string[]): void {
      const partners = latest.partners.map((partner): Partner => {
        if (!lost.includes(partner.id)) return partner
        return { ...partner, incarnation: partner.incarnation + 1, state: 'suspended' }
      })
      latest = { ...latest, epoch, partners }
      now = latest
      next = latest
      noteKeys()
    },
    /** Epoch of the block under way. */
    epoch: (): number => now.epoch,
    /** The block is over. */
    turn(): void {
      now = next
      next = latest
    }
  }
}

export type PartnerHistory = ReturnType<typeof createPartnerHistory>
