import type { Context } from '../context.js'

export interface BlockProgress {
  show(done: number, total: number): void
  /** Makes room for what is printed next. */
  clear(): void
}

/**
 * How far work on all blocks is, on a terminal.
 * @param doing such as `verifying`
 */
export function createBlockProgress(context: Context, doing: string): BlockProgress {
  const { stderr } = context.io
  const wanted = stderr.isTTY === true && !context.quiet
  let visible = false
  let shownAt = 0
  return {
    show(done, total) {
      const now = performance.now()
      if (!wanted || now - shownAt < 100) return
      shownAt = now
      visible = true
      stderr.write(`\r${doing} block ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}\u001b[K`)
    },
    clear() {
      if (visible) stderr.write('\r\u001b[K')
    }
  }
}
