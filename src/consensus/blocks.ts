import {
  type BlockState,
  type ConsensusState,
  type Fitness,
  type RoundState,
  roundOf,
  type Transition,
  tallyOf,
  unchanged,
  withBlock,
  withRound
} from './state.js'
import type { BlockChecked, CheckResult, Effect, SignedProposal } from './types.js'
import { quorumBlock, votesFor } from './votes.js'

/**
 * Takes in what the interpreter found about a block. The first verdict stands; only `unavailable` may still change.
 * A node that stopped over a committed block may find it valid after all, once its fault has been mended.
 */
export function takeVerdict(state: ConsensusState, input: BlockChecked): Transition {
  const known = state.blocks.get(input.block)
  if (input.height !== state.start.height || known === undefined) return unchanged(state)
  return unchanged(withFitness(withVerdict(state, known, input), input))
}

/** Asks for the check of the proposal that matters now, once. */
export function askCheck(state: ConsensusState): Transition | null {
  for (const round of roundsToCheck(state)) {
    const record = roundOf(state, round)
    const proposal = record.proposals[0]?.proposal
    if (proposal === undefined || !needsCheck(state, record, proposal)) continue
    const asked = state.blocks.has(proposal.block) ? state : withBlock(state, proposal.block, {})
    const fresh = proposal.validRound === -1
    return {
      state: fresh ? withRound(asked, round, { fitness: { type: 'asked' } }) : asked,
      effects: [checkEffect(proposal)]
    }
  }
  return null
}

/** Asks once for each block that a quorum stands behind and that is not here: it may still decide (L36, L49). */
export function askFetch(state: ConsensusState): Transition | null {
  for (const { block, effect } of wantedBlocks(state)) {
    const known = state.blocks.get(block)
    // A check under way will tell whether anything is missing.
    if (known?.fetchAsked || known?.verdict === 'pending') continue
    return { state: withBlock(state, block, { fetchAsked: true }), effects: [effect] }
  }
  return null
}

/** Everything that was asked about blocks and is not answered yet, to be asked again. */
export function openQuestions(state: ConsensusState): Effect[] {
  const effects = wantedBlocks(state).map(({ effect }) => effect)
  for (const round of roundsToCheck(state)) {
    const record = roundOf(state, round)
    const proposal = record.proposals[0]?.proposal
    if (proposal !== undefined && isCheckOpen(state, record, proposal)) effects.push(checkEffect(proposal))
  }
  return effects
}

/** A round's first proposal: is its content valid, and may this round propose it? Null while that is not known. */
export function judgementOf(state: ConsensusState, round: number): { readonly refusal: string | null } | null {
  const record = roundOf(state, round)
  const proposal = record.proposals[0]?.proposal
  const block = proposal === undefined ? undefined : state.blocks.get(proposal.block)
  if (proposal === undefined || block === undefined) return null
  if (block.verdict === 'invalid') return { refusal: block.reason }
  if (block.verdict !== 'valid') return null
  if (proposal.validRound >= 0) return { refusal: null }
  if (record.fitness.type === 'unfit') return { refusal: record.fitness.reason }
  return record.fitness.type === 'fit' ? { refusal: null } : null
}

function withVerdict(state: ConsensusState, known: BlockState, { block, result }: BlockChecked): ConsensusState {
  const verdict = result.type === 'unfit' ? 'valid' : result.type
  const mended = state.step === 'stopped' && known.verdict === 'invalid' && verdict === 'valid'
  const final = known.verdict === 'valid' || known.verdict === 'invalid'
  if ((final && !mended) || known.verdict === verdict) return state
  return withBlock(state, block, { verdict, reason: result.type === 'invalid' ? result.reason : '' })
}

function withFitness(state: ConsensusState, { round, block, result }: BlockChecked): ConsensusState {
  const { proposals, fitness } = roundOf(state, round)
  const proposal = proposals[0]?.proposal
  if (proposal?.block !== block || proposal.validRound !== -1 || fitness.type !== 'asked') return state
  const found = fitnessOf(result)
  return found === null ? state : withRound(state, round, { fitness: found })
}

function fitnessOf(result: CheckResult): Fitness | null {
  if (result.type === 'unavailable') return null
  return result.type === 'valid' ? { type: 'fit' } : { type: 'unfit', reason: result.reason }
}

/** Proposals of later rounds wait until their round begins; an idle height begins by any valid proposal (rule 8). */
function roundsToCheck(state: ConsensusState): number[] {
  if (state.step !== 'idle') return [state.round]
  return [...state.rounds.keys()].sort((a, b) => a - b)
}

/** A re-proposal needs no more than the validity of its block; a fresh one is looked at in each round anew. */
function needsCheck(state: ConsensusState, record: RoundState, proposal: SignedProposal): boolean {
  const known = state.blocks.get(proposal.block)
  if (proposal.validRound >= 0) return known === undefined
  return record.fitness.type === 'unknown' && known?.verdict !== 'invalid'
}

function isCheckOpen(state: ConsensusState, record: RoundState, proposal: SignedProposal): boolean {
  const verdict = state.blocks.get(proposal.block)?.verdict
  if (verdict === 'pending' || verdict === 'unavailable') return true
  return proposal.validRound === -1 && verdict === 'valid' && record.fitness.type === 'asked'
}

function checkEffect({ height, round, block, proposer, validRound }: SignedProposal): Effect {
  return { type: 'check-block', height, round, block, proposer, validRound }
}

function wantedBlocks(state: ConsensusState): { block: string; effect: Effect }[] {
  const { certified, round, start } = state
  const wanted: { block: string; effect: Effect }[] = []
  const want = (block: string, ofRound: number, holders: readonly string[]): void => {
    wanted.push({ block, effect: { type: 'fetch-block', height: start.height, round: ofRound, block, holders } })
  }
  if (certified !== null && isUnjudged(state, certified.block)) {
    want(certified.block, certified.round, votersOf(certified.votes))
  }
  const prevotes = tallyOf(state, round, 'prevote')
  const prevoted = quorumBlock(prevotes, start.quorum)
  if (prevoted !== null && prevoted !== certified?.block && isUnjudged(state, prevoted)) {
    want(prevoted, round, votersOf(votesFor(prevotes, prevoted)))
  }
  return wanted
}

function isUnjudged({ blocks }: ConsensusState, block: string): boolean {
  const verdict = blocks.get(block)?.verdict
  return verdict !== 'valid' && verdict !== 'invalid'
}

function votersOf(votes: readonly { readonly voter: string }[]): string[] {
  return votes.map((vote) => vote.voter)
}
