import { PROGRESS_INTERVAL_MS } from './limits.js'
import type { LineWriter } from './line-writer.js'

/** Tells how far long work is, a line now and then, to whoever still listens. */
export function progressLines(writer: LineWriter): (done: number, total: number) => void {
  let told = 0
  return (done, total) => {
    const now = performance.now()
    if (now - told < PROGRESS_INTERVAL_MS || writer.closed()) return
    told = now
    writer.write(`${JSON.stringify({ progress: { done, total } })}\n`)
  }
}
