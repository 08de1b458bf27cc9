import type { ConsensusState } from '../consensus/state.js'
import type { Message, Proposal, Vote } from '../consensus/types.js'
import { readBatch } from '../ledger/batch.js'
import type { Chain } from './chain.js'
import type { Mempool } from './mempool.js'
import { KNOWN_MESSAGES_MAX, type KnownAnswer, type KnownMessage } from './peers.js'
import type { SignGuard } from './store/sign-guard.js'

export interface KnownAnswerDependencies {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly driver: {
    readonly state: ConsensusState
    readonly remembered: boolean
    messages(): readonly Message[]
  }
  /** Messages of an author for heights that are not reached here. */
  readonly earlyOf: (author: string) => readonly KnownMessage[]
  readonly guard: () => Pick<SignGuard, 'whole' | 'lastVote'>
}

/** What this node tells a partner that asks what is known of it. Answered always, also while it asks the same itself. */
export function createKnownAnswer({ chain, mempool, driver, earlyOf, guard }: KnownAnswerDependencies) {
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

  return (partner: string): KnownAnswer => {
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
}

function bodyOf(message: KnownMessage): Vote | Proposal {
  return message.type === 'vote' ? message.vote : message.proposal
}

function authorOf(message: KnownMessage): string {
  return message.type === 'vote' ? message.vote.voter : message.proposal.proposer
}
