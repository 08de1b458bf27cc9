import { LedgerError } from '../base/errors.js'
import type { Scope } from '../base/tagged.js'
import type { GuardMarks, SignedBatch, SignedVote, SignGuard } from './store/sign-guard.js'

/** Where a voter begins anew after its memory was lost. */
export interface FreshStart {
  readonly height: number
  /** The first round that it takes part in, from 1; at the next height too. */
  readonly round: number
}

/** Marks carry no signature: nothing was signed there. */
const UNSIGNED = ''

export function isMark({ signature }: SignedVote | SignedBatch): boolean {
  return signature === UNSIGNED
}

/**
 * Where a guard begins after a rejoin: behind the tip, so that nothing is signed again at these heights and sequences,
 * should the copy be thrown away one day.
 * @param nextSequence the author's next one after the tip
 */
export function marksOfRejoin(scope: Scope, incarnation: number, height: number, nextSequence: number): GuardMarks {
  const { epoch } = scope
  return {
    vote: {
      position: { epoch, incarnation, height, round: 0, step: 'proposal' },
      message: 'rejoined',
      signature: UNSIGNED
    },
    batch: {
      position: { epoch, incarnation, sequence: nextSequence - 1 },
      message: 'rejoined',
      signature: UNSIGNED
    }
  }
}

/**
 * Where a guard begins that was made anew within an incarnation: behind every round in which the former one can have
 * signed, and without any batch of this incarnation. The mark of the batches tells of the start, as long as it stands.
 * @param incarnations in force for the height of the start, and decided
 */
export function marksOfFreshStart(
  scope: Scope,
  incarnations: { readonly now: number; readonly decided: number },
  { height, round }: FreshStart
): GuardMarks {
  const { epoch } = scope
  return {
    vote: {
      position: { epoch, incarnation: incarnations.now, height, round: round - 1, step: 'precommit' },
      message: 'begun anew',
      signature: UNSIGNED
    },
    batch: {
      position: { epoch, incarnation: incarnations.decided, sequence: Number.MAX_SAFE_INTEGER },
      message: `begun anew at height ${height} in round ${round}`,
      signature: UNSIGNED
    }
  }
}

/** The fresh start that a guard tells of, and the incarnation whose batches it forbids; null when it tells of none. */
export function freshStartIn({
  lastBatch
}: Pick<SignGuard, 'lastBatch'>): (FreshStart & { readonly incarnation: number }) | null {
  if (lastBatch === null || lastBatch.position.sequence !== Number.MAX_SAFE_INTEGER) return null
  const [, height, round] = /^begun anew at height (\d+) in round (\d+)$/.exec(lastBatch.message) ?? []
  if (height === undefined || round === undefined) {
    throw new LedgerError('LOG_DAMAGED', `the sign guard holds a mark of another software: ${lastBatch.message}`)
  }
  return { height: Number(height), round: Number(round), incarnation: lastBatch.position.incarnation }
}

/**
 * First round that a guard lets this node take part in. At the height after the start a former self may have been too, in
 * the first round that it took part in there: nobody leaves that without the others. Further it cannot have come
 * (docs/decisions/0006-rejoin-among-few.md).
 */
export function firstRoundOf(guard: Pick<SignGuard, 'lastBatch'>, height: number): number {
  const start = freshStartIn(guard)
  return start !== null && (height === start.height || height === start.height + 1) ? start.round : 0
}
