/** What a benchmark says of one thing: the median of several runs, and their range. */
export interface Figure {
  readonly name: string
  /** Such as `records/s`, `ms`, `us`, `bytes`, `MiB`, `s`, `ratio`. */
  readonly unit: string
  readonly median: number
  readonly min: number
  readonly max: number
  readonly runs: number
  /** What it has to reach, where something is asked for. */
  readonly must?: number
  /** What it should reach. */
  readonly aim?: number
  /** The same of the bare limit in the same run: least that the work can cost. */
  readonly bare?: number
}

/** What is asked of a figure. */
export interface Goal {
  readonly must: number
  readonly aim?: number
}

/** More of these is better; of every other unit less is. */
const MORE_IS_BETTER: readonly string[] = ['records/s', 'commits/s', 'puts/s', 'blocks/s', 'ratio']

/**
 * Sums up the runs of one thing.
 * @param values of each run, at least one
 * @param bare values of the bare limit in the same runs
 * @throws RangeError without a value
 */
export function figure(
  name: string,
  unit: string,
  values: readonly number[],
  { goal, bare = [] }: { readonly goal?: Goal | undefined; readonly bare?: readonly number[] } = {}
): Figure {
  if (values.length === 0) throw new RangeError(`${name}: no run`)
  return {
    name,
    unit,
    median: significant(medianOf(values)),
    min: significant(Math.min(...values)),
    max: significant(Math.max(...values)),
    runs: values.length,
    ...(goal === undefined ? {} : goal),
    ...(bare.length === 0 ? {} : { bare: significant(medianOf(bare)) })
  }
}

/** Whether it reaches what it must; null where nothing is asked for. */
export function reachesGoal({ median, must, unit }: Figure): boolean | null {
  if (must === undefined) return null
  return MORE_IS_BETTER.includes(unit) ? median >= must : median <= must
}

/** The middle one; of an even number the mean of both in the middle. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * The value that a share of all does not exceed (nearest rank).
 * @param share 0 to 1
 */
export function percentileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Four digits, or all before the point. */
export function significant(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(4))
}
