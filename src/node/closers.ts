import type { Logger } from './log.js'

/** What was opened, to be closed in reverse. */
export type Closer = () => Promise<void>

/** Closes what was opened, the last first, whatever becomes of one of them. */
export async function closeAll(closers: Closer[], log: Logger): Promise<void> {
  for (const close of closers.splice(0).reverse()) {
    try {
      await close()
    } catch (error) {
      log.warn('something could not be closed in an orderly way', { error })
    }
  }
}
