import type { SeedSet } from './seed-sets.js'

/** A change of one source file: `find` stands in it exactly once. */
export interface Edit {
  /** Relative to the project's root. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** Looks for the bug with the simulator: from seed 1 on, until a promise is broken or all seeds held. */
export interface SeedCheck {
  readonly kind: 'seeds'
  readonly seeds: number
  readonly set?: SeedSet
}

/** Looks for the bug with one test file. */
export interface TestCheck {
  readonly kind: 'test'
  /** Relative to the project's root. */
  readonly file: string
}

export type Check = SeedCheck | TestCheck

/** A mistake that somebody could make, as source edits that still compile. */
export interface PlantedBug {
  readonly name: string
  /** What is wrong then, in plain words. */
  readonly what: string
  readonly edits: readonly Edit[]
  /** What should catch it, in this order: the first that fails has caught it. */
  readonly checks: readonly Check[]
  /** No unit or network test notices it: `npm run planted -- --prove-only` has looked. */
  readonly onlySimulator?: true
  /** Why no seed shows it, where the simulator could be expected to. */
  readonly unseen?: string
}

/** How often a text stands in another one. */
export function countOf(text: string, part: string): number {
  return text.split(part).length - 1
}

/** Seeds that most bugs need fewer of. */
const SEEDS = 60

export function seeds(count: number = SEEDS, set?: SeedSet): SeedCheck {
  return set === undefined ? { kind: 'seeds', seeds: count } : { kind: 'seeds', seeds: count, set }
}

export function test(file: string): TestCheck {
  return { kind: 'test', file: `test/${file}.test.ts` }
}
