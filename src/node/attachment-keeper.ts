import type { Logger } from './log.js'
import { pause } from './network/deadline.js'

/** Milliseconds before those that nobody gave are asked for again: twice as long each time. */
const AGAIN_MS_FIRST = 5_000
const AGAIN_MS_MAX = 10 * 60_000

/** Files that are asked for at one time. */
const TOGETHER_MAX = 2

export interface AttachmentKeeperDependencies {
  /** Hashes that are still to be fetched. */
  readonly wanted: () => AsyncIterable<string>
  /** @returns whether it need not be asked for again */
  readonly fetch: (hash: string, signal: AbortSignal) => Promise<boolean>
  readonly log: Logger
  /** @default AGAIN_MS_FIRST */
  readonly againMs?: number
}

/** Fetches in the background whatever is wanted, again and again until it is there. */
export function createAttachmentKeeper(dependencies: AttachmentKeeperDependencies) {
  const { wanted, fetch, log, againMs = AGAIN_MS_FIRST } = dependencies
  const closing = new AbortController()
  let waiting: AbortController | null = null
  let isNew = true
  let working: Promise<void> | null = null

  /** Asks for all once. @returns how many did not come */
  async function pass(): Promise<number> {
    const underWay = new Set<Promise<void>>()
    let missing = 0
    for await (const hash of wanted()) {
      if (closing.signal.aborted) break
      const one = fetch(hash, closing.signal)
        .then((isSettled) => {
          if (!isSettled) missing += 1
        })
        .finally(() => underWay.delete(one))
      underWay.add(one)
      if (underWay.size >= TOGETHER_MAX) await Promise.race(underWay)
    }
    await Promise.all(underWay)
    return missing
  }

  async function work(): Promise<void> {
    let delay = againMs
    while (!closing.signal.aborted) {
      const hadNew = isNew
      isNew = false
      const missing = await pass()
      if (isNew || closing.signal.aborted) continue
      delay = hadNew ? againMs : Math.min(2 * delay, AGAIN_MS_MAX)
      waiting = new AbortController()
      const { signal } = waiting
      if (missing > 0) await pause(delay, signal)
      else await aborted(signal)
      waiting = null
    }
  }

  return {
    start(): void {
      working = work().catch((error: unknown) => {
        if (!closing.signal.aborted) log.error('attachments are not fetched any more until the next start', { error })
      })
    },
    /** There may be more to fetch, or somebody new to ask. */
    nudge(): void {
      isNew = true
      waiting?.abort()
    },
    async close(): Promise<void> {
      closing.abort()
      waiting?.abort()
      await working
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
