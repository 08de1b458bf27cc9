import { assertInvariant } from '../base/errors.js'
import { leafOfHash } from '../base/merkle.js'
import { appendLeaf, emptyFrontier, type Frontier, frontierRoot, type LogNode } from '../base/merkle-log.js'
import { allAtOnce, type Steps } from '../base/steps.js'
import { type BlockHeader, batchListRoot, blockHash, headerText } from './block.js'
import { isUndecided } from './early-chain.js'
import { type CheckedBatch, type Execution, executeInSteps, type Rulebook } from './execution.js'
import { partnerSetHash } from './partner-set.js'
import type { StateReader } from './state.js'

/** The end of the chain: all that the next block depends on besides the state. */
export interface Tip {
  readonly height: number
  /** Hash of the newest block; the genesis hash at height 0. */
  readonly hash: string
  readonly resultHash: string
  /** Milliseconds since 1970; of the genesis at height 0. */
  readonly time: number
  /** Tree over the hashes of all blocks up to this one. */
  readonly history: Frontier
}

/** The tip before the first block. */
export function genesisTip(genesis: string, time: number): Tip {
  return { height: 0, hash: genesis, resultHash: genesis, time, history: emptyFrontier }
}

/** A block as its proposer names it, before execution. */
export interface BlockPlan {
  readonly originRound: number
  readonly proposer: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly batches: readonly CheckedBatch[]
}

export interface ExecutedBlock {
  readonly header: BlockHeader
  /** Canonical text of the header. */
  readonly text: string
  readonly hash: string
  readonly execution: Execution
}

/** Executes a planned block after the tip and works out its header. Pure; the same on every machine. */
export function executeBlock(...what: Parameters<typeof executeBlockInSteps>): ExecutedBlock {
  return allAtOnce(executeBlockInSteps(...what))
}

/** The same in steps; meanwhile the state must stay as it is. */
export function* executeBlockInSteps(
  rulebook: Rulebook,
  tip: Tip,
  state: StateReader,
  plan: BlockPlan
): Steps<ExecutedBlock> {
  assertInvariant(plan.time > tip.time, 'a block is later than the one before')
  const height = tip.height + 1
  const { originRound, time } = plan
  const execution = yield* executeInSteps(rulebook, state, tip.resultHash, { height, time, originRound }, plan.batches)
  const header: BlockHeader = {
    batches: batchListRoot(plan.batches.map((batch) => batch.hash)),
    height,
    history: frontierRoot(tip.history),
    model: rulebook.model.hash,
    nextPartners: partnerSetHash(rulebook.scope, rulebook.nextPartners),
    originRound: plan.originRound,
    partners: partnerSetHash(rulebook.scope, rulebook.partners),
    previous: tip.hash,
    proposer: plan.proposer,
    result: execution.resultHash,
    time: plan.time,
    verdicts: execution.verdictRoot
  }
  const text = headerText(header)
  return { header, text, hash: blockHash(rulebook.scope, text), execution }
}

/**
 * Executes a block that a certificate proves. Of a chain that has not changed its partners yet only the result that was
 * certified tells whether it is an early one; a block that is merely proposed never makes it one.
 * @param result result hash that the header has
 */
export function executeCertified(...what: Parameters<typeof executeCertifiedInSteps>): ExecutedBlock {
  return allAtOnce(executeCertifiedInSteps(...what))
}

/** The same in steps; meanwhile the state must stay as it is. */
export function* executeCertifiedInSteps(
  rulebook: Rulebook,
  tip: Tip,
  state: StateReader,
  plan: BlockPlan,
  result: string
): Steps<ExecutedBlock> {
  const executed = yield* executeBlockInSteps(rulebook, tip, state, plan)
  if (executed.header.result === result || !isUndecided(state)) return executed
  const early = yield* executeBlockInSteps({ ...rulebook, early: true }, tip, state, plan)
  return early.header.result === result ? early : executed
}

/** The tip after a block has been committed, and the nodes to keep for paths into the history. */
export function advance(
  tip: Tip,
  block: Pick<ExecutedBlock, 'header' | 'hash'>
): { tip: Tip; nodes: readonly LogNode[] } {
  const { frontier, nodes } = appendLeaf(tip.history, leafOfHash(block.hash))
  const { height, result, time } = block.header
  return { tip: { height, hash: block.hash, resultHash: result, time, history: frontier }, nodes }
}
