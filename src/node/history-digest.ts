import { sha256Hex } from '../base/crypto.js'
import type { HistoryEntry } from '../ledger/record-run.js'

const MODULUS = 2 ** 52

/**
 * A digest of a set of history entries that does not depend on their order, so that what blocks write and what the index
 * holds can be compared without sorting either: the sum of 52 bits of each entry's hash.
 */
export function createHistoryDigest() {
  let sum = 0
  let count = 0
  return {
    add({ object, key, batch, index, accepted }: HistoryEntry, height: number): void {
      const hash = sha256Hex(`${object} ${key} ${height} ${batch} ${index} ${accepted}`)
      sum = (sum + Number.parseInt(hash.slice(0, 13), 16)) % MODULUS
      count++
    },
    /** Equal for equal sets. */
    text: (): string => `${count} ${sum}`
  }
}

export type HistoryDigest = ReturnType<typeof createHistoryDigest>
