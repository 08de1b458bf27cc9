import type { TimerHandle, Timers } from '../../src/node/timers.js'

/** Timers whose time passes when the test says so. */
export function handTimers() {
  let now = 0
  const set = new Map<TimerHandle, { readonly at: number; readonly work: () => void }>()
  const timers: Timers = {
    set(ms, work) {
      const handle = { timer: {} }
      set.set(handle, { at: now + ms, work })
      return handle
    },
    clear: (handle) => void set.delete(handle)
  }
  return {
    timers,
    waiting: () => set.size,
    pass(ms: number): void {
      now += ms
      for (const [handle, { at, work }] of [...set]) {
        if (at > now || !set.delete(handle)) continue
        work()
      }
    }
  }
}
