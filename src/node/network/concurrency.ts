import { LedgerError } from '../../base/errors.js'

/** Runs at most so many at one time for each key, lets some more wait, and refuses the rest. */
export interface Concurrency {
  /** @throws LedgerError BUSY when too many wait */
  run<T>(key: string, work: () => Promise<T>): Promise<T>
}

export function createConcurrency(runningMax: number, waitingMax: number): Concurrency {
  const places = new Map<string, { running: number; waiting: (() => void)[] }>()
  return {
    async run(key, work) {
      const place = places.get(key) ?? { running: 0, waiting: [] }
      places.set(key, place)
      if (place.running >= runningMax) {
        if (place.waiting.length >= waitingMax) throw new LedgerError('BUSY', 'too many requests at one time')
        // The place is handed over, so `running` stays as it is.
        await new Promise<void>((resolve) => place.waiting.push(resolve))
      } else {
        place.running += 1
      }
      try {
        return await work()
      } finally {
        const next = place.waiting.shift()
        if (next !== undefined) next()
        else if (--place.running === 0) places.delete(key)
      }
    }
  }
}
