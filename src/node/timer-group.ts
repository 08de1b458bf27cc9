import type { TimerHandle, Timers } from './timers.js'

/** Timers that are cleared together. */
export function createTimerGroup(timers: Timers) {
  const set = new Set<TimerHandle>()

  return {
    /** Runs `work` once, `ms` milliseconds from now at the earliest, unless the group is cleared before. */
    set(ms: number, work: () => void): void {
      const timer = timers.set(ms, () => {
        set.delete(timer)
        work()
      })
      set.add(timer)
    },
    clear(): void {
      for (const timer of set) timers.clear(timer)
      set.clear()
    }
  }
}
