import type { ReplicaSizes } from '../../src/node/replica-types.js'
import { BrokenPromise } from './broken-promise.js'
import type { VirtualPartner } from './virtual-partner.js'

/** What a node may hold at most, for each partner of the network. */
const BOUNDS: Readonly<Record<keyof ReplicaSizes, number>> = {
  // Two of each of 64 sequences ahead, and what a block under way names.
  batches: 160,
  storing: 160,
  announced: 128,
  early: 64,
  // 512 behind and 32 ahead in all; blocks that they name.
  rounds: 560,
  blocks: 1_200
}

/** Timers and writes under way; the log holds one height or two. */
const TIMERS_MAX = 1_000
const WRITES_MAX = 600
const LOG_LINES_MAX = 60_000

/** Complains when a node holds more than it may, whatever it is sent. */
export function checkBounds(partner: VirtualPartner, partners: number): void {
  const { replica, timers, disk } = partner
  if (replica === null) return
  const { writes, log } = disk.sizes
  mustBeAtMost(partner, 'timers', timers, TIMERS_MAX)
  mustBeAtMost(partner, 'writes', writes, WRITES_MAX)
  mustBeAtMost(partner, 'lines of the log', log, LOG_LINES_MAX)
  const sizes = replica.sizes()
  for (const name of Object.keys(BOUNDS) as (keyof ReplicaSizes)[]) {
    mustBeAtMost(partner, name, sizes[name], BOUNDS[name] * partners)
  }
}

function mustBeAtMost({ id }: VirtualPartner, what: string, size: number, most: number): void {
  if (size > most) throw new BrokenPromise('memory is bounded', `${id} holds ${size} ${what}, and ${most} are enough`)
}
