/** How many records were committed at a time. */
export interface Commit {
  readonly seconds: number
  /** All so far. */
  readonly records: number
}

/** How a stream went on after an incident. */
export interface Pace {
  /** Records a second until then. */
  readonly before: number
  /** Records a second from the end of the longest gap on. */
  readonly after: number
  /** Longest and next longest time without a commit since then, seconds. */
  readonly longestGap: number
  readonly nextGap: number
}

/**
 * Works out the rates before and after a moment, and how long nothing was committed since then.
 * @param commits in their order, at least two before and three after the moment
 * @throws RangeError when there are fewer
 */
export function paceAfter(commits: readonly Commit[], moment: number): Pace {
  const before = commits.filter(({ seconds }) => seconds <= moment)
  const after = commits.slice(Math.max(0, before.length - 1))
  if (before.length < 2 || after.length < 4) throw new RangeError('too few commits to tell: append more records')
  const gaps = after.slice(1).map(({ seconds }, index) => seconds - after[index]!.seconds)
  const sorted = [...gaps].sort((a, b) => b - a)
  // The last commit must not be the end of the gap: nothing would be left to measure.
  const longest = Math.min(gaps.indexOf(sorted[0]!), gaps.length - 2)
  return {
    before: rateOf(before[0]!, before.at(-1)!),
    after: rateOf(after[longest + 1]!, after.at(-1)!),
    longestGap: sorted[0]!,
    nextGap: sorted[1]!
  }
}

function rateOf(from: Commit, to: Commit): number {
  return (to.records - from.records) / (to.seconds - from.seconds)
}
