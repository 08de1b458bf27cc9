import type { Proposal, Vote } from '../consensus/types.js'
import { quorumOfSet, votersOf } from '../ledger/partner-set.js'
import type { Chain } from './chain.js'
import type { FreshStart } from './guard-marks.js'
import type { KnownAnswer, KnownMessage } from './peers.js'
import { stopError } from './stop-error.js'

/** Whether the others cannot decide the next block without this node, so that they cannot write down its rejoin either. */
export function isNeededByAll({ rulebook }: Pick<Chain, 'rulebook'>, self: string): boolean {
  const voters = votersOf(rulebook.partners)
  const others = voters.filter(({ id }) => id !== self)
  return others.length > 0 && others.length < voters.length && others.length < quorumOfSet(rulebook.partners)
}

/** Those who must tell what they know before a node that is needed by all may begin anew: all voters, now and next. */
export function witnessesOf({ rulebook }: Pick<Chain, 'rulebook'>, self: string): string[] {
  const ids = [...votersOf(rulebook.partners), ...votersOf(rulebook.nextPartners)].map(({ id }) => id)
  return [...new Set(ids)].filter((id) => id !== self)
}

/** Whether a witness stands where this node stands, and knows in which rounds it has been there. */
export function isWitness(answer: KnownAnswer | undefined, height: number): boolean {
  return answer !== undefined && answer.height === height && answer.since !== null
}

/**
 * Where a node may vote again that has lost its memory and without which nothing is decided: nobody leaves a round before
 * all have precommitted in it, so its former self was at most one round ahead of each of the others. And what it may have
 * decided alone every other voter is locked on, so one of them must remember all of this height
 * (docs/decisions/0006-rejoin-among-few.md).
 * @param answers of partners, given after the loss; own messages in them are verified
 * @returns null while somebody has not answered as it takes
 * @throws LedgerError SIGN_REFUSED when another node uses the own key at this moment
 */
export function freshStartFrom(
  chain: Pick<Chain, 'rulebook' | 'tip'>,
  self: string,
  answers: ReadonlyMap<string, KnownAnswer>
): FreshStart | null {
  const witnesses = witnessesOf(chain, self)
  const { height } = chain.tip
  if (!witnesses.every((id) => isWitness(answers.get(id), height))) return null
  const voters = votersOf(chain.rulebook.partners).filter(({ id }) => id !== self)
  if (!voters.some(({ id }) => answers.get(id)?.since === 0)) return null
  const told = witnesses.flatMap((id) => answers.get(id) ?? [])
  const own = told.flatMap(({ messages }) => messages.map(bodyOf))
  const rounds = [...told, ...own.filter((message) => message.height === height + 1)].map(({ round }) => round)
  const start = { height: height + 1, round: Math.max(...rounds) + 2 }
  if (own.some((message) => isOutOfReach(message, start))) throw stopError({ type: 'own-key-elsewhere' })
  return start
}

/** Whether an own message is of a place that no former self can have reached: then another node uses this key. */
function isOutOfReach(message: Vote | Proposal, { height, round }: FreshStart): boolean {
  return message.height > height + 1 || (message.height === height + 1 && message.round >= round)
}

function bodyOf(message: KnownMessage): Vote | Proposal {
  return message.type === 'vote' ? message.vote : message.proposal
}
