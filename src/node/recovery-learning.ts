import { LedgerError } from '../base/errors.js'
import {
  type Recovery,
  type RecoveryDocument,
  recoveryHash,
  recoveryProblem,
  recoveryProblemAt
} from '../ledger/recovery.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import { hasGoneOn } from './recovery-standing.js'
import type { SetHistory } from './set-history.js'

export interface RecoveryLearningDependencies {
  readonly chain: Chain
  readonly sets: Pick<SetHistory, 'at'>
  /** Keeps a complete recovery in the home, durable when the promise resolves. */
  readonly keep: (recovery: Recovery) => Promise<void>
  /** Epochs whose recovery lies in the home already. */
  readonly known: readonly Recovery[]
  readonly log: Logger
  /** Called once a recovery is kept that begins the next epoch: the node has to start again. */
  readonly onEpoch: (error: LedgerError) => void
}

/** Takes recoveries that others tell of: proven by the sets of the own chain, and kept before anything follows from them. */
export function createRecoveryLearning({ chain, sets, keep, known, log, onEpoch }: RecoveryLearningDependencies) {
  let learning: Promise<boolean> | null = null

  /** Why a recovery does not hold for this copy; `later`: the copy does not reach it yet. */
  function problemOf(recovery: Recovery): string | 'later' | null {
    const { height, head } = recovery.document
    const ground = chain.ground()
    if (ground === null || height > chain.tip.height) return 'later'
    if (height === chain.tip.height) return recoveryProblemAt(ground, recovery)
    if (chain.store.header(height)?.hash !== head) return `block ${height} is another one here`
    if (hasGoneOn(chain, recovery.document)) return `the epoch has gone on here behind block ${height + 1}`
    return recoveryProblem(chain.scope, sets.at(height + 1), recovery)
  }

  async function take(recovery: Recovery, isProven: boolean): Promise<boolean> {
    const { epoch, height } = recovery.document
    const problem = isProven ? null : problemOf(recovery)
    if (problem === 'later') return false
    if (problem !== null) {
      log.warn('a partner tells of a recovery that does not hold here', { epoch, height, problem })
      return false
    }
    await keep(recovery)
    log.warn('the partners have recovered: this epoch is over', {
      epoch,
      height,
      hash: recoveryHash(recovery.document)
    })
    onEpoch(epochError(recovery.document))
    return true
  }

  function told(recovery: Recovery): boolean {
    const { epoch } = recovery.document
    const mine = [...chain.passed(), ...known].find(({ document }) => document.epoch === epoch)
    if (mine !== undefined && recoveryHash(mine.document) !== recoveryHash(recovery.document)) {
      log.error('a partner follows another recovery than this node: the network has split in two', {
        epoch,
        here: recoveryHash(mine.document),
        there: recoveryHash(recovery.document)
      })
    }
    return mine === undefined && epoch === chain.scope.epoch + 1
  }

  return {
    /**
     * @param isProven whether they were followed from the own set on, to heights that are not here yet
     * @returns whether one of them begins the next epoch: this node then starts again
     */
    async learn(recoveries: readonly Recovery[], isProven = false): Promise<boolean> {
      const next = recoveries.filter(told)[0]
      if (next === undefined) return false
      if (learning !== null) return await learning
      learning = take(next, isProven)
      const isLearned = await learning
      if (!isLearned) learning = null
      return isLearned
    }
  }
}

export type RecoveryLearning = ReturnType<typeof createRecoveryLearning>

/** What ends a node whose copy has come to the end of an epoch. */
export function epochError({ epoch, height }: RecoveryDocument): LedgerError {
  return new LedgerError('EPOCH_CHANGED', `epoch ${epoch} begins behind block ${height}`, { epoch, height })
}
