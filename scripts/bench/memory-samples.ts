import { medianOf } from './figure.js'
import { memoryOf } from './processes.js'

const SAMPLE_MS = 200

/** What the memory of several processes did while it was watched, MiB; of the one that needed most. */
export interface WatchedMemory {
  readonly peak: number
  /** How much more in the last quarter of the time than in the second: near 0 when it is flat. */
  readonly growth: number
}

/** Looks at the resident memory of processes five times a second until it is stopped. Linux only. */
export function watchMemory(pids: readonly number[]): { stop(): WatchedMemory } {
  const samples = pids.map((): number[] => [])
  const look = (): void => {
    for (const [index, pid] of pids.entries()) {
      try {
        samples[index]!.push(memoryOf(pid).now)
      } catch {
        // It has ended, as some are meant to.
      }
    }
  }
  look()
  const timer = setInterval(look, SAMPLE_MS)
  return {
    stop() {
      clearInterval(timer)
      look()
      return { peak: Math.max(...samples.flat()), growth: Math.max(...samples.map(growthOf)) }
    }
  }
}

/** Median of the last quarter less median of the second quarter; 0 for fewer than eight samples. */
export function growthOf(samples: readonly number[]): number {
  const quarter = Math.floor(samples.length / 4)
  if (quarter < 2) return 0
  return medianOf(samples.slice(-quarter)) - medianOf(samples.slice(quarter, 2 * quarter))
}
