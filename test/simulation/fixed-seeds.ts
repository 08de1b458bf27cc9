import { inTurn } from '../support/turns.js'
import type { runSeeds } from './run-seeds.js'

/** Where the fixed seeds of the slow tests begin, on from where the quick ones end, and how many there are in each quarter. */
const FIRST = 10_001
const QUARTER = 520

/** Half of the quarters of two run at a commit: of over two thousand networks a thousand; all with SLOW_TESTS=all. */
export function quartersInTurn(quarters: readonly [number, number]): readonly number[] {
  return inTurn(quarters, 2)
}

/**
 * The seeds of a quarter. A run takes about 0.4 s of processor time on the slowest machine that we know, so the cap is for
 * slower ones still; where others use the processors too, it takes twice as long.
 */
export function seedsOfQuarter(quarter: number): Parameters<typeof runSeeds>[1] {
  return { from: FIRST + quarter * QUARTER, count: QUARTER, cpuMsMax: 230_000 }
}

/** Without so many a quarter shows too little. */
export const RUNS_MIN = 300
