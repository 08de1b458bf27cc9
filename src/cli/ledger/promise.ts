import type { QuorumRule } from '../../ledger/network-definition.js'
import { quorumPromise } from '../../ledger/quorum.js'

/**
 * What a network of this size promises, in plain words: how many partners may be away, how many may lie.
 * @param voters partners that vote on blocks
 */
export function promiseOf(rule: string, voters: number): string {
  if (voters <= 1) {
    return (
      'One voting partner: it agrees with itself. Rules are kept and nothing can be altered unnoticed by whoever has a receipt\n' +
      'or a checkpoint, but nobody else checks what is written, and there is no second copy. Invite partners.'
    )
  }
  const promise = quorumPromise(voters, rule as QuorumRule)
  return rule === 'majority'
    ? majority(voters, promise.quorum, promise.silent)
    : twoThirds(voters, promise.quorum, promise.silent)
}

function twoThirds(voters: number, quorum: number, away: number): string {
  const head = `${words(voters)} voting partners, two-thirds: records commit`
  if (away === 0) {
    return (
      `${head} only while ${all(voters)} are online. Nobody can write\n` +
      'anything that the others have not checked, but no partner may be away, and a single one can stop the ledger.\n' +
      'With four, one may be away or dishonest without harm.'
    )
  }
  return (
    `${head} while ${quorum} are online. Up to ${away} may be away or dishonest\n` +
    'without harm: no two copies ever differ.'
  )
}

function majority(voters: number, quorum: number, away: number): string {
  const head = `${words(voters)} voting partners, majority: records commit`
  const online =
    away === 0
      ? `only while ${all(voters)} are online: none may be away`
      : `while ${quorum} are online: ${away === 1 ? 'one' : away} may be away`
  return (
    `${head} ${online}.\n` +
    'No partner may be dishonest: this is safe only while no partner signs two conflicting votes and none loses its log.\n' +
    'Choose two-thirds where partners do not trust each other.'
  )
}

function all(voters: number): string {
  return voters === 2 ? 'both' : `all ${voters}`
}

function words(voters: number): string {
  return ['', 'One', 'Two', 'Three', 'Four'][voters] ?? String(voters)
}
