import type { Scope } from '../base/tagged.js'
import type { Message, Proposal, Vote } from '../consensus/types.js'
import { proposalBytes, voteBytes } from '../ledger/vote.js'
import { type SignGuard, STEPS, type VotePosition } from './store/sign-guard.js'
import type { LogStretch } from './store/write-ahead-log.js'

export interface VoteSigner {
  /** Whether this node may sign at all: not before others have said what they know of it. */
  maySign(): boolean
  /**
   * Whether it knows what it has signed at a height: not while its guard is lost.
   * @param isLogged whether the log tells what was said at this height before
   */
  remembers(height: number, isLogged: boolean): boolean
  /** First round of a height that it takes part in; 0 unless it begins anew there. */
  firstRound(height: number): number
  /** Signs in memory. The signature must not leave before {@link sync} has resolved. */
  sign(at: Vote | Proposal, step: VotePosition['step'], bytes: string): string
  /** Own messages of a former run, which must pass the guard before they leave again. */
  guardAgain(messages: readonly Message[]): void
  /** Whether something was signed that the guard has not heard of. */
  owes(): boolean
  /**
   * Tells the guard of all that was signed, and makes that durable.
   * @param log what of the write-ahead log is durable: it explains all that was signed
   */
  sync(log: LogStretch): Promise<void>
}

interface Signed {
  readonly position: VotePosition
  readonly bytes: string
  readonly signature: string
}

export interface VoteSignerDependencies {
  readonly scope: Scope
  /** Asked each time: a rejoin brings a new guard. */
  readonly guard: () => SignGuard
  readonly sign: (bytes: string) => string
  readonly maySign: VoteSigner['maySign']
  readonly remembers: VoteSigner['remembers']
  readonly firstRound: VoteSigner['firstRound']
}

/**
 * Signs votes and proposals. The guard hears of a signature after the log that led to it is durable, and before it
 * leaves: so what the guard knows, the log explains. It also hears how far that log reaches: should the end of the log be
 * lost one day, the next start sees it (open-logs.ts).
 */
export function createVoteSigner(dependencies: VoteSignerDependencies): VoteSigner {
  const { scope, guard, sign, maySign, remembers, firstRound } = dependencies
  let signed: Signed[] = []

  function later(at: Vote | Proposal, step: VotePosition['step'], bytes: string, signature: string): void {
    const { height, incarnation, round } = at
    signed.push({ position: { epoch: scope.epoch, incarnation, height, round, step }, bytes, signature })
  }

  return {
    maySign,
    remembers,
    firstRound,
    sign(at, step, bytes) {
      const signature = sign(bytes)
      later(at, step, bytes, signature)
      return signature
    },
    guardAgain(messages) {
      for (const message of messages) {
        if (message.type === 'vote') {
          const { signature, ...vote } = message.vote
          later(vote, vote.kind, voteBytes(scope, vote), signature)
        } else {
          const { signature, ...proposal } = message.proposal
          later(proposal, 'proposal', proposalBytes(scope, proposal), signature)
        }
      }
      signed.sort((a, b) => a.position.round - b.position.round || stepOf(a) - stepOf(b))
      // What lies before the newest that the guard knows has passed it; of a long height it keeps only the newest ones.
      const last = guard().lastVote?.position
      signed = signed.filter(({ position }) => last === undefined || !isPassed(position, last))
    },
    owes: () => signed.length > 0,
    async sync(log) {
      if (signed.length === 0) return
      const guarding = guard()
      for (const { position, bytes, signature } of signed) guarding.guardVote(position, bytes, () => signature, log)
      signed = []
      await guarding.sync()
    }
  }
}

function isPassed(position: VotePosition, last: VotePosition): boolean {
  const { epoch, incarnation, height, round, step } = position
  if (epoch !== last.epoch || incarnation !== last.incarnation || height !== last.height) return false
  return round < last.round || (round === last.round && STEPS.indexOf(step) < STEPS.indexOf(last.step))
}

function stepOf({ position }: Signed): number {
  return STEPS.indexOf(position.step)
}
