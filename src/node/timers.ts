/** A timer that was set; give it back to clear it. */
export type TimerHandle = { readonly timer: unknown }

/** Monotonic timers: the system's in a node, virtual ones in the simulator. */
export interface Timers {
  /** Runs `work` once, `ms` milliseconds from now at the earliest; with 0 when the present turn of work is over. */
  set(ms: number, work: () => void): TimerHandle
  clear(handle: TimerHandle): void
}

/** The system's timers. */
export const systemTimers: Timers = {
  set(ms, work) {
    if (ms > 0) return { timer: setTimeout(work, ms) }
    return { timer: setImmediate(work) }
  },
  clear({ timer }) {
    clearTimeout(timer as NodeJS.Timeout)
    clearImmediate(timer as NodeJS.Immediate)
  }
}
