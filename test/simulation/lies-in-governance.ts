import { sha256Hex } from '../../src/base/crypto.js'
import type { JsonObject } from '../../src/base/json.js'
import { authorSequence } from '../../src/ledger/author-sequence.js'
import { batchBytes, batchHeader, encodeBatch } from '../../src/ledger/batch.js'
import { openProposalsIn, proposalIn } from '../../src/ledger/governance-state.js'
import { type Partner, partnerOf } from '../../src/ledger/partner-set.js'
import { voteBytes } from '../../src/ledger/vote.js'
import { systemRecord } from '../../src/node/duties.js'
import type { PeerMessage } from '../../src/node/peers.js'
import type { Replica } from '../../src/node/replica-types.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/**
 * - `storm`: proposals against everybody, as many as are taken
 * - `meddling`: a vote on whatever is open, for or against, right or no right
 * - `old ballots`: ballots on proposals that are decided, and the same ballot again and again
 * - `ghost`: votes and batches after the removal, during a suspension, and with a former key
 */
export const POLITICS = ['storm', 'meddling', 'old ballots', 'ghost'] as const

export type Politics = (typeof POLITICS)[number]

/** Milliseconds between two sallies. */
const AGAIN_MS = { min: 800, spread: 2_500 }

/** Proposals of one storm. */
const STORM = 4

/** Batches that a ghost keeps to serve them. */
const BATCHES_MAX = 50

export interface GovernanceLiesOptions {
  readonly clock: VirtualClock
  readonly random: () => number
  readonly founded: SimulatedGenesis
  readonly liar: VirtualPartner
  readonly ways: ReadonlySet<Politics>
  readonly isHealed: () => boolean
}

/** What a liar does against the partners' agreement on changes. */
export function createGovernanceLies({ clock, random, founded, liar, ways, isHealed }: GovernanceLiesOptions) {
  const { id } = liar
  const scope = { genesis: founded.genesis.hash, epoch: 0 }
  const others = [...founded.voters, ...founded.observers].filter((other) => other !== id)
  const decided: string[] = []
  const texts = new Map<string, string>()
  /** The last proposal that it was sent. */
  let heard: { readonly block: string; readonly height: number; readonly round: number } | null = null

  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]

  function say(replica: Replica, object: string, data: JsonObject): void {
    if (replica.own.hasRoom()) replica.appendSystem(systemRecord(replica.chain, object, data)).catch(() => {})
  }

  function against(partner: string): JsonObject {
    // Of itself nothing that it could decide alone.
    const kinds = partner === id ? ['role', 'reinstate'] : ['suspend', 'remove', 'role', 'key', 'reinstate']
    const kind = pick(kinds) ?? 'role'
    if (kind === 'role') return { kind, partner, role: 'watcher' }
    return kind === 'key' ? { kind, partner, key: founded.keyOf(id, 50 + Math.floor(random() * 3)) } : { kind, partner }
  }

  function sally(replica: Replica): void {
    const { state } = replica.chain.store
    const expires = replica.chain.tip.time + 600_000
    if (ways.has('storm'))
      for (let n = 0; n < STORM; n++) {
        const victim = (random() < 0.2 ? undefined : pick(others)) ?? id
        say(replica, '_proposal', { change: against(victim), expires, reason: 'storm' })
      }
    const open = openProposalsIn(state)
    decided.push(...open.filter((proposal) => !decided.includes(proposal)))
    if (ways.has('meddling'))
      for (const proposal of open) {
        // Only what honest ones want is voted down; the own storm must not pass.
        const isOwn = proposalIn(state, proposal)?.by === id
        if (random() < 0.5) say(replica, '_ballot', { proposal, reason: '', yes: isOwn })
      }
    const old = pick(decided)
    if (ways.has('old ballots') && old !== undefined)
      for (let n = 0; n < 3; n++) say(replica, '_ballot', { proposal: old, reason: '', yes: true })
  }

  function again(): void {
    if (isHealed()) return
    const { replica } = liar
    if (replica !== null && !replica.rejoining && liar.isActive) sally(replica)
    clock.plan(AGAIN_MS.min + random() * AGAIN_MS.spread, again)
  }

  /** Incarnations and keys that count no more, or not now. */
  function voices(own: Partner): { readonly incarnation: number; sign(bytes: string): string }[] {
    const { generation } = liar
    const isHeard = own.state === 'active' && own.voter
    const found = []
    for (let of = 0; of <= generation; of++) {
      if (isHeard && own.key === founded.keyOf(id, of)) continue
      const sign = founded.signerOf(id, of)
      for (const incarnation of new Set([Math.max(0, own.incarnation - 1), own.incarnation]))
        found.push({ incarnation, sign })
    }
    return found
  }

  /** Votes for what is under way, and a batch, in each of these voices. */
  function ghostly({ chain }: Replica): PeerMessage[] {
    const own = partnerOf(chain.rulebook.partners, id)
    if (own === undefined) return []
    return voices(own).flatMap(({ incarnation, sign }) => {
      const said: PeerMessage[] = [batch(chain, incarnation, sign)]
      if (heard === null || heard.height <= chain.tip.height) return said
      for (const kind of ['prevote', 'precommit'] as const) {
        const body = { ...heard, incarnation, kind, voter: id }
        said.push({ type: 'vote', vote: { ...body, signature: sign(voteBytes(scope, body)) }, reason: null })
      }
      return said
    })
  }

  function batch(chain: Replica['chain'], incarnation: number, sign: (bytes: string) => string): PeerMessage {
    const { next: sequence } = authorSequence(chain.store.state, id)
    const marker = `${id}-ghost-${incarnation}-${sequence}`
    const records = [
      `{"data":{"marker":"${marker}","odometer":1,"vehicle":"car-9"},"object":"inspection","unique":"${marker}"}`
    ]
    const header = batchHeader(id, incarnation, sequence, records)
    const bytes = batchBytes(scope, header)
    const hash = sha256Hex(bytes)
    if (texts.size < BATCHES_MAX) texts.set(hash, encodeBatch(scope, { header, hash, signature: sign(bytes), records }))
    return { type: 'batch', author: id, hash, incarnation, sequence }
  }

  return {
    begin: (): void => clock.plan(AGAIN_MS.min, again),
    /** What it says besides, with each status. */
    besides(): PeerMessage[] {
      const { replica } = liar
      return ways.has('ghost') && replica !== null ? ghostly(replica) : []
    },
    heard(message: PeerMessage): void {
      if (message.type !== 'proposal' || !('proposal' in message)) return
      const { block, height, round } = message.proposal
      heard = { block, height, round }
    },
    /** Batches that it announced as a ghost, of those that are asked for. */
    batches: (hashes: readonly string[]): string[] => hashes.flatMap((hash) => texts.get(hash) ?? [])
  }
}

export type GovernanceLies = ReturnType<typeof createGovernanceLies>
