import { commitHash } from '../simulation/commit-seeds.js'

/** SLOW_TESTS=all runs everything at once, for as long as it takes. */
const ALL = process.env.SLOW_TESTS === 'all'

/**
 * The part of a list whose turn it is: `npm test` has to end within five minutes, and `npm run test:all` within half an hour, so what takes long takes
 * turns from commit to commit.
 * @param parts how many commits it takes until all had their turn, on average
 */
export function inTurn<T>(list: readonly T[], parts: number): readonly T[] {
  if (ALL) return list
  const turn = Number.parseInt(commitHash().slice(0, 7), 16) % parts
  return list.filter((_, at) => at % parts === turn)
}
