import { BrokenPromise } from './broken-promise.js'
import type { Placed } from './check-records.js'
import type { Submission } from './workload.js'

/** What was acknowledged is there, once, and with the verdict that was told. */
export function checkAcknowledged(submissions: readonly Submission[], placed: ReadonlyMap<string, Placed>): void {
  for (const { author, marker, durable, decided } of submissions) {
    if (decided === null) continue
    const id = durable === null ? '' : `${author}/${durable.sequence}/${durable.index}`
    const there = placed.get(id)
    if (there === undefined || there.marker !== marker) {
      const told = `${marker}, told to be in block ${decided.height} as ${id}`
      throw new BrokenPromise('nothing acknowledged is lost', told)
    }
    if (there.height !== decided.height || there.refusal !== decided.refusal) {
      const told = `${decided.height} ${decided.refusal}`
      throw new BrokenPromise('answers are true', `${marker} was told ${told}, and is ${there.height} ${there.refusal}`)
    }
  }
  const accepted = new Set<string>()
  for (const { marker, refusal } of placed.values()) {
    if (refusal !== null) continue
    if (accepted.has(marker)) throw new BrokenPromise('nothing is doubled', marker)
    accepted.add(marker)
  }
}

/**
 * Once all have caught up: what was given an id stands in a block.
 * @param raised incarnations of authors whose suspension, removal, other key or rejoin after a loss has made void what no block
 *   had; that those who waited were told so is looked at when it happens
 */
export function checkNothingLost(
  submissions: readonly Submission[],
  placed: ReadonlyMap<string, Placed>,
  raised: ReadonlyMap<string, number>
): void {
  for (const { author, marker, durable, incarnation, decided } of submissions) {
    if (durable === null) continue
    if (decided === null && incarnation < (raised.get(author) ?? 0)) continue
    const id = `${author}/${durable.sequence}/${durable.index}`
    if (placed.get(id)?.marker !== marker)
      throw new BrokenPromise('nothing durable is lost', `${marker} is in no block as ${id}`)
  }
}

/**
 * Whoever lost nothing knows all that it has signed, so nothing of it becomes void.
 * @param kept incarnations of partners that kept their disk, right and key
 */
export function checkNoVainRejoin(kept: ReadonlyMap<string, number>): void {
  for (const [id, incarnation] of kept) {
    if (incarnation > 0) throw new BrokenPromise('nobody rejoins who lost nothing', `${id} is at ${incarnation}`)
  }
}
