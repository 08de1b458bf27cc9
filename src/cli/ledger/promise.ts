import type { QuorumRule } from '../../ledger/network-definition.js'
import { quorumOf } from '../../ledger/quorum.js'

/**
 * What a network of this size promises, in plain words: how many partners may be away, how many may lie.
 * @param voters partners that vote on blocks
 */
export function promiseOf(rule: string, voters: number): string {
  const quorum = quorumOf(Math.max(voters, 1), rule as QuorumRule)
  const away = voters - quorum
  if (voters <= 1) {
    return (
      'One voting partner: it agrees with itself. Rules are kept and nothing can be altered unnoticed by whoever has a receipt\n' +
      'or a checkpoint, but nobody else checks what is written, and there is no second copy. Invite partners.'
    )
  }
  if (rule === 'majority') {
    return (
      `${voters} voting partners, majority: records commit while ${quorum} are online, so ${awayText(away)}.\n` +
      'This is safe only while no partner signs two conflicting votes and none loses its log.'
    )
  }
  if (voters < 4) {
    return (
      `${voters} voting partners, two-thirds: all ${voters} must be online for records to commit, and a dishonest one can stop\n` +
      'the ledger. With four, one may be away or dishonest without harm.'
    )
  }
  return (
    `${voters} voting partners, two-thirds: records commit while ${quorum} are online. Up to ${away} may be away or dishonest\n` +
    'without harm.'
  )
}

function awayText(away: number): string {
  if (away === 0) return 'none may be away'
  return away === 1 ? 'one may be away' : `${away} may be away`
}
