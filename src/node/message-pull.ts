import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { Peers, ProposalMessage, StatusMessage, VoteMessage } from './peers.js'

export interface MessagePullDependencies {
  readonly chain: Chain
  readonly peers: Peers
  readonly log: Logger
  /** Votes of the height being decided that are here. */
  readonly held: () => StatusMessage['votes']
  readonly take: (from: string, message: ProposalMessage | VoteMessage) => void
}

/** Whoever lacks votes that a partner has pulls them: one request to each partner at a time. */
export function createMessagePull({ chain, peers, log, held, take }: MessagePullDependencies) {
  const asking = new Set<string>()

  /** A partner tells which votes it has. */
  return async (from: string, { votes }: Pick<StatusMessage, 'votes'>): Promise<void> => {
    const have = held()
    const lacks = votes.some(({ round, prevotes, precommits }) => {
      const mine = have.find((each) => each.round === round)
      return (
        prevotes.some((voter) => !mine?.prevotes.includes(voter)) ||
        precommits.some((voter) => !mine?.precommits.includes(voter))
      )
    })
    if (!lacks || asking.has(from)) return
    asking.add(from)
    try {
      const answer = await peers.request(from, { type: 'messages', height: chain.tip.height + 1, have }, {})
      for (const message of answer.messages) take(from, message)
    } catch (error) {
      log.debug('messages could not be pulled', { partner: from, error })
    } finally {
      asking.delete(from)
    }
  }
}
