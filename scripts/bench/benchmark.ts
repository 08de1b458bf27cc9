import { type Figure, figure } from './figure.js'
import { GOALS } from './goals.js'

/** How a benchmark is to be run. What is left out has a default of its own in each. */
export interface BenchOptions {
  readonly records?: number
  readonly runs?: number
  /** Partners of the network, where that can be chosen. */
  readonly partners?: number
  /** Records a second that others write meanwhile. */
  readonly load?: number
  /** Records of the shorter and of the longer chain, where two are compared. */
  readonly small?: number
  readonly large?: number
  /** Folder for charts; without it none are made. */
  readonly charts?: string
  /** Whether packages that are missing may be installed. */
  readonly install?: boolean
}

/** What a benchmark found. */
export interface BenchResult {
  readonly figures: readonly Figure[]
  /** Rules and fsyncs in force, sizes, and whatever else the figures depend on. */
  readonly conditions: string
  /** What became of checking all copies afterwards. */
  readonly verified?: string
  /** Why something was left out. */
  readonly skipped?: string
}

/** {@link figure} with what is asked of one of that name. */
export function row(name: string, unit: string, values: readonly number[], bare: readonly number[] = []): Figure {
  return figure(name, unit, values, { goal: GOALS[name], bare })
}

/** What holds for all rows with the network of the benchmarks. */
export const CONDITIONS = 'fsync on, rules on (two and a reference a record), 300-byte records'
