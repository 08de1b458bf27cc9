import { type ErrorCode, LedgerError } from '../../src/base/errors.js'
import type { PeerMessage, PullRequest, PullResponse } from '../../src/node/peers.js'
import type { Replica } from '../../src/node/replica-types.js'
import { createFlood } from './flood.js'
import { createBatchLies } from './lies-in-batches.js'
import { createBlockLies } from './lies-in-blocks.js'
import { createFalseEvidence } from './lies-in-evidence.js'
import type { GovernanceLies } from './lies-in-governance.js'
import { createVoteLies } from './lies-in-votes.js'
import type { SimulatedGenesis } from './simulated-genesis.js'

/** What a liar does with what its node, which is the real one, wants to say. */
export interface Liar {
  readonly ways: ReadonlySet<Way>
  /** Sees what its node is told. */
  heard(message: PeerMessage | PullResponse): void
  /** What is sent to a partner instead of a message: another one, several, or nothing. */
  instead(to: string, message: PeerMessage): PeerMessage[]
  /** What a partner gets instead of the body of a batch; null: nothing. */
  body(to: string, text: string): string | null
  /** What is answered instead: another answer, an error, or nothing at all. */
  answer(to: string, request: PullRequest, answer: PullResponse): PullResponse | LedgerError | null
}

/** Ways to lie; a liar has some of them. */
export const WAYS = [
  'two proposals',
  'invalid blocks',
  'flipped votes',
  'votes for anything',
  'hidden lock',
  'favourites',
  'silence',
  'no bodies',
  'bodies for nobody',
  'forged votes',
  'boasting',
  'replays',
  'false blocks',
  'false valid rounds',
  'two batches',
  'used sequences',
  'forged batches',
  'false errors',
  'flood',
  'false evidence'
] as const

export type Way = (typeof WAYS)[number]

/** Share of the ways that one liar has. */
const WAYS_SHARE = 0.3

/** Errors that would stop a node if they were its own. */
const CODES: readonly ErrorCode[] = ['INVARIANT', 'STORE_DAMAGED', 'DISK_FULL', 'VERIFICATION_FAILED', 'SIGN_REFUSED']

/** Old messages that a liar keeps to send again. */
const REPLAYS_MAX = 50

export interface LiarOptions {
  readonly id: string
  readonly founded: SimulatedGenesis
  readonly random: () => number
  /** Its own node; null while none runs. */
  readonly replica: () => Replica | null
  /** @default drawn */
  readonly ways?: readonly Way[]
  /** Which of its keys it signs with. */
  readonly generation: () => number
  /** What it does about changes of the partners; null: nothing. */
  readonly governance: () => GovernanceLies | null
}

/** What all lies of one liar are made with. */
export interface Lying extends Omit<LiarOptions, 'ways'> {
  readonly ways: ReadonlySet<Way>
  readonly scope: { readonly genesis: string; readonly epoch: number }
  readonly sign: (bytes: string) => string
  readonly others: readonly string[]
  /** Those who are told something else than the rest. */
  readonly deceived: ReadonlySet<string>
}

/** A partner with a good key and bad intentions, different in each run. */
export function createLiar(options: LiarOptions): Liar {
  const { id, founded, random, governance } = options
  const others = [...founded.voters, ...founded.observers, ...founded.joiners].filter((other) => other !== id)
  const lying: Lying = {
    ...options,
    ways: new Set(options.ways ?? WAYS.filter(() => random() < WAYS_SHARE)),
    scope: { genesis: founded.genesis.hash, epoch: 0 },
    sign: (bytes) => founded.signerOf(id, options.generation())(bytes),
    others,
    deceived: new Set(others.filter(() => random() < 0.5))
  }
  const { ways, deceived } = lying
  const blocks = createBlockLies(lying)
  const votes = createVoteLies(lying, blocks)
  const batches = createBatchLies(lying)
  const flood = createFlood(lying)
  const evidence = createFalseEvidence(lying)
  const old: PeerMessage[] = []

  function said(to: string, message: PeerMessage): PeerMessage[] {
    switch (message.type) {
      case 'status':
        evidence.accuse()
        return [
          ...batches.status(
            to,
            ways.has('boasting') ? { ...message, height: message.height + 7, connected: others } : message
          ),
          ...flood(),
          ...(governance()?.besides() ?? [])
        ]
      case 'batch':
        return batches.announcement(to, message)
      case 'proposal':
        return blocks.proposal(to, message).map((lie) => withList(to, lie))
      case 'vote':
        return votes.vote(to, message)
    }
  }

  function withList<T extends PeerMessage>(to: string, message: T): T {
    return message.type === 'proposal' ? { ...message, batches: blocks.listFor(to, message.batches) } : message
  }

  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!

  const isSilentTo = (to: string): boolean =>
    ways.has('silence') || (ways.has('favourites') && deceived.has(to) && random() < 0.7)

  return {
    ways,
    heard: evidence.heard,
    instead(to, message) {
      if (isSilentTo(to)) return []
      const lies = said(to, message)
      if (!ways.has('replays')) return lies
      if (old.length < REPLAYS_MAX) old.push(message)
      return random() < 0.1 ? [...lies, old[Math.floor(random() * old.length)]!] : lies
    },
    body: (to, text) => (ways.has('silence') ? null : batches.body(to, text)),
    answer(to, request, answer) {
      if (ways.has('silence') || (ways.has('favourites') && deceived.has(to))) return null
      if (ways.has('false errors') && random() < 0.3) return new LedgerError(pick(CODES), 'a partner says so')
      if (answer.type === 'blocks') return { ...answer, blocks: blocks.bundles(answer.blocks) }
      if (answer.type === 'proposal' && answer.block !== null) {
        return { ...answer, block: { ...answer.block, batches: blocks.listFor(to, answer.block.batches) } }
      }
      if (answer.type === 'messages') {
        return { ...answer, messages: answer.messages.map((message) => withList(to, message)) }
      }
      if (answer.type === 'batches' && request.type === 'batches') {
        const more = governance()?.batches(request.hashes) ?? []
        return batches.answer(to, request.hashes, [...answer.batches, ...more])
      }
      return answer
    }
  }
}
