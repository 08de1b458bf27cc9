import type { Logger } from './log.js'

/** How the node ends: once, for the first reason. */
export function createFate(log: Logger) {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  let over = false
  const done = new Promise<void>((onDone, onFailed) => {
    resolve = onDone
    reject = onFailed
  })
  // Whoever runs the node waits for it; one who only closes it need not.
  done.catch(() => {})
  return {
    done,
    fail(error: unknown): void {
      if (over) return
      over = true
      log.error('the node stops', { error })
      reject(error)
    },
    closing(): void {
      over = true
    },
    closed: () => resolve()
  }
}
