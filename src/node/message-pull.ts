import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { Peers, ProposalMessage, StatusMessage, VoteMessage } from './peers.js'
import type { Timers } from './timers.js'

/** Milliseconds for what a partner has to come by itself: a vote on its way is in the partner's list already. */
const GRACE_MS = 100

export interface MessagePullDependencies {
  readonly chain: Chain
  readonly peers: Pick<Peers, 'request'>
  readonly timers: Pick<Timers, 'set'>
  readonly log: Logger
  /** Votes of the height being decided that are here. */
  readonly held: () => StatusMessage['votes']
  readonly take: (from: string, message: ProposalMessage | VoteMessage) => void
}

/** Whoever lacks votes that a partner has pulls them: one request to each partner at a time. */
export function createMessagePull({ chain, peers, timers, log, held, take }: MessagePullDependencies) {
  const asking = new Set<string>()

  function lacksAny(votes: StatusMessage['votes']): boolean {
    const have = held()
    return votes.some(({ round, prevotes, precommits }) => {
      const mine = have.find((each) => each.round === round)
      return (
        prevotes.some((voter) => !mine?.prevotes.includes(voter)) ||
        precommits.some((voter) => !mine?.precommits.includes(voter))
      )
    })
  }

  async function ask(from: string, height: number): Promise<void> {
    const answer = await peers.request(from, { type: 'messages', height, have: held() }, {})
    for (const message of answer.messages) take(from, message)
  }

  /** A partner tells which votes it has of the height being decided. */
  return (from: string, { votes }: Pick<StatusMessage, 'votes'>): void => {
    if (asking.has(from) || !lacksAny(votes)) return
    asking.add(from)
    const height = chain.tip.height + 1
    timers.set(GRACE_MS, () => {
      const isOver = chain.tip.height + 1 !== height
      const asked = isOver || !lacksAny(votes) ? Promise.resolve() : ask(from, height)
      asked
        .catch((error: unknown) => log.debug('messages could not be pulled', { partner: from, error }))
        .finally(() => asking.delete(from))
    })
  }
}
