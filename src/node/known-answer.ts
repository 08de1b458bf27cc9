import { canonicalText } from '../base/canonical.js'
import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { type Scope, taggedBytes } from '../base/tagged.js'
import type { ConsensusState } from '../consensus/state.js'
import type { Message, Proposal, Vote } from '../consensus/types.js'
import { readBatch } from '../ledger/batch.js'
import type { Chain } from './chain.js'
import type { Mempool } from './mempool.js'
import { KNOWN_MESSAGES_MAX, type KnownAnswer, type KnownMessage, type KnownRequest, type Peers } from './peers.js'
import type { SignGuard } from './store/sign-guard.js'

/** Milliseconds that a partner has whom this node asks for another. */
const RELAY_MS = 4_000

export interface KnownAnswerDependencies {
  readonly chain: Chain
  readonly self: string
  readonly sign: (bytes: string) => string
  readonly peers: Peers
  readonly mempool: Mempool
  readonly driver: {
    readonly state: ConsensusState
    readonly remembered: boolean
    messages(): readonly Message[]
  }
  /** Connected partners that say they can send to this one. */
  readonly waysTo: (partner: string) => readonly string[]
  /** Messages of an author for heights that are not reached here. */
  readonly earlyOf: (author: string) => readonly KnownMessage[]
  readonly guard: () => Pick<SignGuard, 'whole' | 'lastVote'>
}

/** Tagged bytes of an answer, signed by whom it was asked of. */
export function knownBytes(scope: Scope, request: KnownRequest, answer: Omit<KnownAnswer, 'signature'>): string {
  const { asker, nonce, of } = request
  const { batch, height, messages, round, since } = answer
  // Members of signed things are plain JSON; their interfaces do not say so.
  const body = { asker, batch, height, messages, nonce, of, round, since } as unknown as JsonObject
  return taggedBytes('known', scope, canonicalText(body))
}

/**
 * What this node tells a partner that asks what is known of it. Answered always, also while it asks the same itself; and
 * for two who are not connected it carries question and answer, through another where it must.
 */
export function createKnownAnswer(dependencies: KnownAnswerDependencies) {
  const { chain, self, sign, peers, mempool, driver, earlyOf, waysTo, guard } = dependencies
  let turn = 0

  function messagesOf(partner: string): KnownMessage[] {
    return [...driver.messages(), ...earlyOf(partner)]
      .filter((message) => authorOf(message) === partner && bodyOf(message).height > chain.tip.height)
      .sort((a, b) => bodyOf(b).height - bodyOf(a).height || bodyOf(b).round - bodyOf(a).round)
      .slice(0, KNOWN_MESSAGES_MAX)
      .map((message) => {
        if (message.type === 'vote') return { type: 'vote', vote: message.vote }
        return { type: 'proposal', proposal: message.proposal }
      })
  }

  function batchOf(partner: string): KnownAnswer['batch'] {
    const newest = mempool.newestOf(partner)
    const text = newest === undefined ? undefined : chain.store.readBatch(newest.hash)
    if (text === undefined) return null
    const read = readBatch(chain.scope, chain.limits, text)
    return read.ok ? { ...read.value.header, signature: read.value.signature } : null
  }

  function answerTo(partner: string): Omit<KnownAnswer, 'signature'> {
    const { height } = chain.tip
    const { start, round } = driver.state
    const isUnderWay = start.height === height + 1
    const signed = guard().lastVote?.position
    return {
      type: 'known',
      height,
      round: Math.max(isUnderWay ? round : 0, signed?.height === height + 1 ? signed.round : 0),
      since: isUnderWay && driver.remembered && guard().whole ? start.round : null,
      messages: messagesOf(partner),
      batch: batchOf(partner)
    }
  }

  return async (from: string, request: KnownRequest): Promise<KnownAnswer> => {
    if (request.of === self) {
      const answer = answerTo(request.asker)
      return { ...answer, signature: sign(knownBytes(chain.scope, request, answer)) }
    }
    const { of } = request
    if (peers.connected().includes(of)) return await peers.request(of, request, { timeoutMs: RELAY_MS })
    // Only for whoever asks itself: over two at the farthest, and never in a circle.
    const ways = request.asker === from ? waysTo(of).filter((id) => id !== from) : []
    const via = ways[turn++ % Math.max(1, ways.length)]
    if (via === undefined) throw new LedgerError('NODE_UNREACHABLE', `nobody here is connected with ${of}`)
    return await peers.request(via, request, { timeoutMs: RELAY_MS })
  }
}

function bodyOf(message: KnownMessage): Vote | Proposal {
  return message.type === 'vote' ? message.vote : message.proposal
}

function authorOf(message: KnownMessage): string {
  return message.type === 'vote' ? message.vote.voter : message.proposal.proposer
}
