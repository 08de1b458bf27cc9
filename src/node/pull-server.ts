import type { Message } from '../consensus/types.js'
import { partnerOf } from '../ledger/partner-set.js'
import type { CheckedRecord } from '../ledger/record.js'
import { recoveryText } from '../ledger/recovery.js'
import { judgeSystem } from '../ledger/system-judge.js'
import type { BatchExchange } from './batch-exchange.js'
import type { ProposedBlock } from './block-content.js'
import type { Chain } from './chain.js'
import { systemRecord } from './duties.js'
import {
  type BlockBundle,
  type KnownAnswer,
  type KnownRequest,
  type ProposalMessage,
  type PullRequest,
  type PullResponse,
  RECOVERIES_ANSWERED_MAX,
  RESPONSE_BYTES_MAX,
  type StatusMessage,
  type VoteMessage
} from './peers.js'
import type { SystemOutcome } from './replica-types.js'

/** Room that the envelope of an answer takes, bytes. */
const ENVELOPE_BYTES = 64 * 1024

/** Blocks in one answer. */
const BLOCKS_MAX = 512

/** Messages in one answer. */
const MESSAGES_MAX = 512

export interface PullServerDependencies {
  readonly chain: Chain
  readonly self: string
  readonly exchange: BatchExchange
  readonly messages: () => readonly Message[]
  readonly blockOf: (hash: string) => ProposedBlock | null
  /** What this node or another knows of a partner that no block tells. */
  readonly known: (from: string, request: KnownRequest) => Promise<KnownAnswer>
  readonly append: (record: CheckedRecord) => Promise<SystemOutcome>
}

/** Answers what partners ask for: others' signed messages too, so that two who never meet both take part (point 20). */
export function createPullServer(dependencies: PullServerDependencies) {
  const { chain, self, exchange, messages, blockOf, known, append } = dependencies

  function blocks(from: number, bytesMax: number): BlockBundle[] {
    const found: BlockBundle[] = []
    let bytes = 0
    const limit = Math.min(bytesMax, RESPONSE_BYTES_MAX - ENVELOPE_BYTES)
    for (let height = from; height <= chain.tip.height && found.length < BLOCKS_MAX; height++) {
      const stored = chain.store.block(height)
      if (stored === undefined) break
      const batches = stored.batches.map(({ hash }) => chain.store.readBatch(hash) ?? '')
      const { header, certificate } = stored
      // As JSON a text grows by its escapes: a quarter more is ample for records, which are JSON themselves.
      bytes += [header, certificate, ...batches].reduce(
        (sum, text) => sum + Math.ceil(Buffer.byteLength(text) * 1.25),
        0
      )
      if (bytes > limit && found.length > 0) break
      found.push({ header, certificate, batches })
    }
    return found
  }

  function lacking(have: StatusMessage['votes']): (ProposalMessage | VoteMessage)[] {
    const known = new Set(
      have.flatMap(({ round, prevotes, precommits }) => [
        ...prevotes.map((voter) => `${round} prevote ${voter}`),
        ...precommits.map((voter) => `${round} precommit ${voter}`)
      ])
    )
    const found: (ProposalMessage | VoteMessage)[] = []
    let bytes = 0
    const add = (message: ProposalMessage | VoteMessage): void => {
      bytes += JSON.stringify(message).length
      if (bytes < RESPONSE_BYTES_MAX - ENVELOPE_BYTES) found.push(message)
    }
    // The newest first: of a height with many rounds the old ones alone would fill the answer, every time.
    for (const message of [...messages()].reverse()) {
      if (found.length === MESSAGES_MAX) break
      if (message.type === 'vote') {
        const { round, kind, voter } = message.vote
        if (!known.has(`${round} ${kind} ${voter}`)) add({ type: 'vote', vote: message.vote, reason: null })
        continue
      }
      const block = blockOf(message.proposal.block)
      if (block !== null) add({ ...message, ...block })
    }
    return found
  }

  const rejoins = new Map<string, Promise<SystemOutcome>>()

  /** One record for each partner at a time, and only for a request that would be accepted now. */
  function writeRejoin(record: CheckedRecord, partner: string): Promise<SystemOutcome> {
    const underWay = rejoins.get(partner)
    if (underWay !== undefined) return underWay
    const { scope, model, models, partners, nextPartners, version, nextVersion } = chain.rulebook
    const decided = { latest: nextPartners, latestModel: models.next.model, latestVersion: nextVersion }
    const ground = { scope, network: model.network, model, partners, version, ...decided }
    const author = partnerOf(partners, self)
    if (author === undefined || record.system === null) return Promise.resolve(notWritten('not now'))
    const { height, time } = chain.tip
    const next = {
      state: chain.store.state,
      height: height + 1,
      time: time + 1,
      id: '',
      proposedBefore: 0,
      wordsBefore: 0
    }
    const verdict = judgeSystem({ ...ground, ...next }, author, record.system)
    if (!verdict.ok) return Promise.resolve(notWritten(verdict.refusal.message))
    const outcome = append(record).finally(() => rejoins.delete(partner))
    rejoins.set(partner, outcome)
    return outcome
  }

  return async (from: string, request: PullRequest): Promise<PullResponse> => {
    switch (request.type) {
      case 'blocks':
        return { type: 'blocks', blocks: blocks(Math.max(1, request.from), request.bytesMax) }
      case 'batches':
        return { type: 'batches', batches: exchange.serve(request.hashes, RESPONSE_BYTES_MAX / 2) }
      case 'messages':
        return { type: 'messages', messages: request.height === chain.tip.height + 1 ? lacking(request.have) : [] }
      case 'proposal':
        return { type: 'proposal', block: request.height === chain.tip.height + 1 ? blockOf(request.block) : null }
      case 'known':
        return await known(from, request)
      case 'recoveries': {
        const later = chain.passed().filter(({ document }) => document.epoch > request.after)
        return { type: 'recoveries', recoveries: later.slice(0, RECOVERIES_ANSWERED_MAX).map(recoveryText) }
      }
      case 'rejoin': {
        const { incarnation, nonce, partner, signature } = request
        if (partner !== from) return { type: 'rejoin', accepted: false, why: 'a partner asks for itself' }
        const record = systemRecord(chain, '_rejoin', { incarnation, nonce, partner, signature })
        const outcome = await writeRejoin(record, partner)
        return { type: 'rejoin', accepted: outcome.ok, why: outcome.ok ? '' : outcome.message }
      }
    }
  }
}

function notWritten(message: string): SystemOutcome {
  return { ok: false, code: 'NOT_PERMITTED', message }
}
