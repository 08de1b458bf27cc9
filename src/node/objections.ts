import { readResultDiffers } from './result-difference.js'

/** Why a voter prevoted nil. */
export interface Objection {
  readonly voter: string
  readonly round: number
  readonly reason: string
}

/** Characters of a reason; partners take no more. */
export const REASON_CHARS_MAX = 1000

/** Rounds of which the words of a voter are kept: the newest. */
const ROUNDS_KEPT_MAX = 16

/**
 * What voters give as reasons of their nil prevotes at the height under way. Reasons are unsigned, so only those count that
 * a voter tells itself, over its own connection; the first word of each voter and round stands.
 */
export function createObjections() {
  const words = new Map<string, Map<number, string>>()

  return {
    /** A voter of the set in force, own id included, says why its prevote of a round is nil. */
    heard(voter: string, round: number, reason: string): void {
      const own = words.get(voter) ?? new Map<number, string>()
      words.set(voter, own)
      if (own.has(round)) return
      own.set(round, reason.slice(0, REASON_CHARS_MAX))
      if (own.size > ROUNDS_KEPT_MAX) own.delete(Math.min(...own.keys()))
    },
    /** What a voter said of a round; null when nothing is known of that. */
    said: (voter: string, round: number): string | null => words.get(voter)?.get(round) ?? null,
    /** The newest word of each voter. */
    latest(): Objection[] {
      return [...words].flatMap(([voter, own]) => {
        const round = Math.max(...own.keys())
        return [{ voter, round, reason: own.get(round) ?? '' }]
      })
    },
    /** By block: who computes another result for it, and what the difference is. */
    differing(): ReadonlyMap<string, ReadonlyMap<string, string>> {
      const found = new Map<string, Map<string, string>>()
      for (const [voter, own] of words) {
        for (const reason of own.values()) {
          const read = readResultDiffers(reason)
          if (read === null) continue
          const voters = found.get(read.block) ?? new Map<string, string>()
          found.set(read.block, voters.set(voter, read.difference))
        }
      }
      return found
    },
    /** The height is over. */
    clear: () => words.clear()
  }
}

export type Objections = ReturnType<typeof createObjections>
