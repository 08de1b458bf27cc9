import { LedgerError } from '../../src/base/errors.js'
import type { VirtualClock } from './virtual-clock.js'

/** What takes writes one after the other, each for some time, and loses what is under way when its machine crashes. */
export interface VirtualDevice {
  /** Resolves when the write is durable; never, when a crash comes before. `apply` runs at that moment. */
  write(apply: () => void): Promise<void>
  /** Of the writes under way the first few may have got through. */
  crash(): void
  /** Writes under way. */
  readonly waiting: number
}

export interface DeviceOptions {
  readonly clock: VirtualClock
  readonly random: () => number
  /** How much slower than usual the disk is at present. */
  readonly slowness: () => number
  /** Whether there is no room: then a write fails, and every later one until the machine starts again. */
  readonly isFull: () => boolean
}

/** Milliseconds that a synced write takes on a good disk. */
const WRITE_MS = { min: 0.3, spread: 2 }

interface Write {
  readonly apply: () => void
  readonly done: () => void
  readonly fail: (error: unknown) => void
}

export function createDevice({ clock, random, slowness, isFull }: DeviceOptions): VirtualDevice {
  let queue: Write[] = []
  let life = 0
  let failed = false

  function serve(): void {
    const ofLife = life
    clock.plan((WRITE_MS.min + random() * WRITE_MS.spread) * slowness(), () => {
      if (life !== ofLife) return
      const write = queue.shift()
      if (queue.length > 0) serve()
      failed ||= isFull()
      if (failed) return write?.fail(new LedgerError('DISK_FULL', 'the virtual disk is full'))
      write?.apply()
      write?.done()
    })
  }

  return {
    write: (apply) =>
      new Promise((done, fail) => {
        queue.push({ apply, done, fail })
        if (queue.length === 1) serve()
      }),
    crash() {
      life++
      const lucky = failed ? 0 : Math.floor(random() * (queue.length + 1))
      for (const write of queue.slice(0, lucky)) write.apply()
      queue = []
      failed = false
    },
    get waiting() {
      return queue.length
    }
  }
}
