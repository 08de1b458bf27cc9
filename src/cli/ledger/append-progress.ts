import type { Context } from '../context.js'
import type { Input } from './append-input.js'

const BAR_WIDTH = 24
const INTERVAL_MS = 100

/** A line on a terminal that shows how far it is and is wiped before anything else is written. */
export interface Progress {
  show(tally: { readonly accepted: number; readonly refused: number; readonly pending: number }): void
  clear(): void
}

/** On a terminal a bar on stderr, else nothing. */
export function createProgress(context: Context, input: Input): Progress {
  const { stderr, stdout } = context.io
  // With JSON on the same terminal the bar would only stand in its way.
  const wanted = stderr.isTTY === true && !context.quiet && !(context.json && stdout.isTTY === true)
  if (!wanted) return { show: () => {}, clear: () => {} }
  const started = performance.now()
  let shownAt = 0
  let visible = false
  return {
    show({ accepted, refused, pending }) {
      const now = performance.now()
      if (now - shownAt < INTERVAL_MS) return
      shownAt = now
      visible = true
      const done = accepted + refused + pending
      const perSecond = Math.round(done / Math.max(0.001, (now - started) / 1000))
      const bar = input.bytesTotal === null ? '' : barOf(input.bytes() / Math.max(1, input.bytesTotal))
      const problems = `${refused === 0 ? '' : `, ${refused} refused`}${pending === 0 ? '' : `, ${pending} pending`}`
      const text = `${bar}${done.toLocaleString('en-US')} records${problems}, ${perSecond.toLocaleString('en-US')}/s`
      stderr.write(`\r${text.slice(0, (stderr.columns ?? 80) - 1)}\u001b[K`)
    },
    clear() {
      if (visible) stderr.write('\r\u001b[K')
      visible = false
    }
  }
}

/** `[######------------------]  25 % ` */
function barOf(part: number): string {
  const share = Math.min(1, part)
  const filled = Math.round(share * BAR_WIDTH)
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)} % `
}
