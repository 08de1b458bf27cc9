import { verifySignature } from '../base/crypto.js'
import { authorSequence } from '../ledger/author-sequence.js'
import type { BatchHeader } from '../ledger/batch.js'
import { batchBytes } from '../ledger/batch.js'
import type { Certificate } from '../ledger/certificate.js'
import { keyOfIncarnation } from '../ledger/former-keys.js'
import { partnerOf, quorumOfSet, votersOf } from '../ledger/partner-set.js'
import { proposalBytes, voteBytes } from '../ledger/vote.js'
import type { Chain } from './chain.js'
import { freshStartFrom, isNeededByAll, isWitness, witnessesOf } from './fresh-start.js'
import { type FreshStart, firstRoundOf, isMark } from './guard-marks.js'
import { knownBytes } from './known-answer.js'
import type { Logger } from './log.js'
import type { KnownAnswer, KnownMessage, KnownRequest, Peers } from './peers.js'
import { compareBatches, compareVotes, type SignGuard, type VotePosition } from './store/sign-guard.js'
import type { TimerHandle, Timers } from './timers.js'

/** Milliseconds after which whoever has not answered is asked again, and for which an answer is waited for. */
const AGAIN_MS = 1_000
const ANSWER_MS = 5_000

export interface SelfKnowledgeDependencies {
  readonly chain: Chain
  readonly self: string
  readonly peers: Peers
  readonly timers: Timers
  readonly log: Logger
  /** 64 hex digits that nobody could know before. */
  readonly nonce: () => string
  /** As it was opened, before anything is signed in this run. */
  readonly guard: SignGuard
  /** Whether the guard is lost, also later: then the answers tell where to begin anew. */
  readonly isLost: () => boolean
  readonly syncing: () => boolean
  /** Called once: others have vouched for this node, or it signs for another reason. */
  readonly onVouched: () => void
  /** The guard is an old one: something was signed that it knows nothing of. */
  readonly onOld: (why: string) => void
  /** An own batch was signed, stands in no block, and neither this node nor anybody who answered has it. */
  readonly onBatchLost: (sequence: number) => void
  /** Where a node begins anew without which nothing is decided, and whose guard is lost. */
  readonly onFreshStart: (start: FreshStart) => void
  readonly fail: (error: unknown) => void
}

/**
 * What others know of this node. At every start it asks a quorum for its own newest votes and batch before it signs
 * anything: a copy of its home from an earlier day looks whole to itself (design: consensus, point 13). An answer counts
 * once the own tip has reached the height of whoever gave it; nothing is signed meanwhile, so it does not go stale.
 */
export function createSelfKnowledge(dependencies: SelfKnowledgeDependencies) {
  const { chain, self, peers, timers, log, nonce, isLost, syncing, fail } = dependencies
  const { onVouched, onOld, onBatchLost, onFreshStart } = dependencies
  const { scope } = chain
  const opened = { lastVote: dependencies.guard.lastVote, lastBatch: dependencies.guard.lastBatch }
  const answers = new Map<string, KnownAnswer>()
  const checked = new WeakSet<KnownAnswer>()
  const asking = new Set<string>()
  /** How often each of those who are not connected was asked, through one and then another. */
  const turns = new Map<string, number>()
  let vouched = false
  let timer: TimerHandle | null = null
  let stopped = false

  /** Whether this node signed something as an incarnation, with the key that it had then; not before the admission is here. */
  function isSignedAs(incarnation: number, bytes: string, signature: string): boolean {
    const key = keyOfIncarnation(chain.store.state, chain.rulebook.nextPartners, self, incarnation)
    return key !== undefined && verifySignature(key, bytes, signature)
  }

  function isOwn(message: KnownMessage): boolean {
    if (message.type === 'vote') {
      const { vote } = message
      return vote.voter === self && isSignedAs(vote.incarnation, voteBytes(scope, vote), vote.signature)
    }
    const { proposal } = message
    return (
      proposal.proposer === self && isSignedAs(proposal.incarnation, proposalBytes(scope, proposal), proposal.signature)
    )
  }

  /** Whether all that an answer shows is what this node has signed. */
  function isTrue({ messages, batch }: KnownAnswer): boolean {
    if (!messages.every(isOwn)) return false
    if (batch === null) return true
    return batch.author === self && isSignedAs(batch.incarnation, batchBytes(scope, batch), batch.signature)
  }

  function isNewVote(position: VotePosition, bytes: string): boolean {
    const last = opened.lastVote
    if (last === null) return true
    const order = compareVotes(position, last.position)
    if (order === 0) return !isMark(last) && last.message !== bytes
    // Before the first round of a fresh start it is a former self's, which that start has reckoned with.
    return order > 0 && position.round >= firstRoundOf(opened, position.height)
  }

  function isNewMessage(message: KnownMessage): boolean {
    const body = message.type === 'vote' ? message.vote : message.proposal
    const step = message.type === 'vote' ? message.vote.kind : 'proposal'
    const bytes = message.type === 'vote' ? voteBytes(scope, message.vote) : proposalBytes(scope, message.proposal)
    const { incarnation, height, round } = body
    return isNewVote({ epoch: scope.epoch, incarnation, height, round, step }, bytes)
  }

  function isNewBatch(header: BatchHeader): boolean {
    const last = opened.lastBatch
    if (last === null) return true
    const { incarnation, sequence } = header
    const order = compareBatches({ epoch: scope.epoch, incarnation, sequence }, last.position)
    return order > 0 || (order === 0 && !isMark(last) && last.message !== batchBytes(scope, header))
  }

  /** Something own that the guard knows nothing of; null when there is none. */
  function newsIn({ messages, batch }: KnownAnswer): string | null {
    const message = messages.find(isNewMessage)
    if (message !== undefined) {
      const { height, round } = message.type === 'vote' ? message.vote : message.proposal
      return `a ${message.type} of height ${height}, round ${round}`
    }
    return batch !== null && isNewBatch(batch) ? `batch ${self}/${batch.sequence}` : null
  }

  /** Takes in the answers that count by now; those that show what this node never signed are thrown away. */
  function check(): void {
    for (const [partner, answer] of answers) {
      if (answer.height > chain.tip.height || checked.has(answer)) continue
      checked.add(answer)
      if (isTrue(answer)) {
        const news = isLost() ? null : newsIn(answer)
        if (news === null) continue
        onOld(`${partner} shows ${news} with its signature`)
        return
      }
      log.warn('a partner shows as signed here what is not', { partner })
      answers.delete(partner)
      checked.delete(answer)
    }
  }

  function counts(partner: string): boolean {
    const answer = answers.get(partner)
    return answer !== undefined && checked.has(answer) && answer.since !== null
  }

  /** How many more voters have to tell what they know before this node signs. */
  function missing(): number {
    if (vouched || isLost()) return 0
    const voters = votersOf(chain.rulebook.partners)
    const others = voters.filter(({ id }) => id !== self)
    const needed = quorumOfSet(chain.rulebook.partners) - (voters.length - others.length)
    return Math.max(0, needed - others.filter(({ id }) => counts(id)).length)
  }

  /**
   * Whether this node has signed for a height above the next one: its copy has lost blocks. Its voters may be those of long
   * ago, with a founder alone among them; whom to ask, and what is lost, shows once the blocks are here.
   */
  function isBehindGuard(): boolean {
    const signed = opened.lastVote?.position.height ?? 0
    return !vouched && !isLost() && signed > chain.tip.height + 1
  }

  /**
   * A sequence that was signed for and of which nobody has the batch: no later one could ever get into a block. Only a
   * store that has lost something explains it.
   */
  function lostBatch(): number | null {
    const last = opened.lastBatch
    if (last === null || isMark(last)) return null
    const { incarnation, sequence } = last.position
    if (partnerOf(chain.rulebook.partners, self)?.incarnation !== incarnation) return null
    const here = new Set(chain.store.outbox().map((own) => own.sequence))
    const told = [...answers.values()].map(({ batch }) => (batch?.incarnation === incarnation ? batch.sequence : -1))
    let wanted = Math.max(authorSequence(chain.store.state, self).next, ...told.map((newest) => newest + 1))
    while (here.has(wanted)) wanted++
    return wanted <= sequence ? wanted : null
  }

  function endAsking(): void {
    // Where nobody else votes nobody was asked, and the copy may be far behind.
    const lost = answers.size === 0 ? null : lostBatch()
    if (lost === null) vouch()
    else onBatchLost(lost)
  }

  function review(): void {
    if (vouched || stopped) return
    check()
    if (syncing() || isBehindGuard()) return
    if (!isLost()) {
      if (missing() === 0) endAsking()
    } else if (isNeededByAll(chain, self)) {
      const start = freshStartFrom(chain, self, answers)
      if (start !== null) onFreshStart(start)
    }
  }

  function vouch(): void {
    if (vouched || stopped) return
    vouched = true
    clearTimer()
    onVouched()
  }

  function clearTimer(): void {
    if (timer !== null) timers.clear(timer)
    timer = null
  }

  /** Whether there is nothing more to learn from a partner now. */
  function hasSaidAll(partner: string): boolean {
    const answer = answers.get(partner)
    if (isLost()) return isWitness(answer, chain.tip.height)
    return answer !== undefined && answer.since !== null
  }

  function isSigned(request: KnownRequest, answer: KnownAnswer): boolean {
    const { partners, nextPartners } = chain.rulebook
    const key = (partnerOf(partners, request.of) ?? partnerOf(nextPartners, request.of))?.key
    return key !== undefined && verifySignature(key, knownBytes(scope, request, answer), answer.signature)
  }

  function isAskedOrSaid(partner: string): boolean {
    return asking.has(partner) || hasSaidAll(partner)
  }

  /** @param via who is asked for the partner's answer: itself when it is connected */
  async function ask(partner: string, via: string): Promise<void> {
    if (isAskedOrSaid(partner)) return
    asking.add(partner)
    try {
      const request: KnownRequest = { type: 'known', asker: self, nonce: nonce(), of: partner }
      const answer = await peers.request(via, request, { timeoutMs: ANSWER_MS })
      if (isSigned(request, answer)) answers.set(partner, answer)
      else log.warn('an answer is not signed by the partner that was asked', { partner, via })
    } catch (error) {
      log.debug('a partner could not be asked what it knows of this node', { partner, via, error })
    } finally {
      asking.delete(partner)
    }
    attend()
  }

  function isAsking(): boolean {
    return !vouched && !stopped && (!isLost() || isNeededByAll(chain, self))
  }

  /** The next of those connected each time that a partner is asked, not each second: else it may always be a silent one. */
  function viaFor(partner: string): string | undefined {
    const connected = peers.connected()
    if (connected.includes(partner)) return partner
    const turn = turns.get(partner) ?? 0
    turns.set(partner, turn + 1)
    return connected[turn % Math.max(1, connected.length)]
  }

  /** Those who are not connected are asked through the others, one after another. */
  function askAll(): void {
    if (!isAsking()) return
    for (const partner of witnessesOf(chain, self)) {
      if (isAskedOrSaid(partner)) continue
      const via = viaFor(partner)
      if (via !== undefined) void ask(partner, via)
    }
  }

  function tick(): void {
    timer = timers.set(AGAIN_MS, tick)
    askAll()
  }

  function attend(): void {
    try {
      review()
    } catch (error) {
      fail(error)
    }
  }

  /** Why the node does not sign yet, for its operator; null when it does, or rejoins with the others' help. */
  function why(): string | null {
    if (vouched) return null
    if (isBehindGuard()) {
      const signed = opened.lastVote?.position.height
      return `this node has signed for block ${signed}, and its copy ends at block ${chain.tip.height}: it fetches what is missing, and signs nothing before`
    }
    if (!isLost()) {
      const more = missing()
      const what = more === 1 ? '1 more partner what it knows' : `${more} more partners what they know`
      return more === 0 ? null : `this node first asks ${what} of it, and signs nothing before`
    }
    if (!isNeededByAll(chain, self)) return null
    const unheard = witnessesOf(chain, self).filter((id) => !isWitness(answers.get(id), chain.tip.height))
    const lost =
      'this node lost its sign guard, and nothing is decided without it, so first all others must tell what they know of it'
    if (unheard.length > 0) return `${lost}; not yet told: ${unheard.join(', ')}`
    return `${lost}; but none of them remembers all of the height under way, so nobody can tell whether a block was decided`
  }

  return {
    get vouched() {
      return vouched
    },
    start(): void {
      attend()
      if (!vouched) tick()
    },
    /** Something has changed: the tip, the partners, or whether blocks are fetched. */
    attend,
    /** The node signs for another reason: as a new incarnation, or after a fresh start. */
    vouch,
    met(partner: string): void {
      if (isAsking() && witnessesOf(chain, self).includes(partner)) void ask(partner, partner)
    },
    left(partner: string): void {
      // It may come back without its memory, which a fresh start must not rest on.
      if (isLost()) answers.delete(partner)
    },
    /** The certificate of a block that was fetched: an own vote in it may be news. */
    sawCertificate({ block, height, round, votes }: Certificate): void {
      if (vouched || isLost()) return
      const own = votes.find(({ voter }) => voter === self)
      if (own === undefined) return
      const { incarnation } = own
      const bytes = voteBytes(scope, { block, height, incarnation, kind: 'precommit', round, voter: self })
      if (!isNewVote({ epoch: scope.epoch, incarnation, height, round, step: 'precommit' }, bytes)) return
      onOld(`the certificate of block ${height} holds its precommit of round ${round}`)
    },
    /** An own batch that was committed. */
    sawBatch(header: BatchHeader): void {
      if (vouched || isLost() || !isNewBatch(header)) return
      onOld(`a block holds batch ${self}/${header.sequence} with its signature`)
    },
    missing,
    why,
    stop(): void {
      stopped = true
      clearTimer()
    }
  }
}

export type SelfKnowledge = ReturnType<typeof createSelfKnowledge>
