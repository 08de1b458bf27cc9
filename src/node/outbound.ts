import type { ConsensusState } from '../consensus/state.js'
import type { Message } from '../consensus/types.js'
import type { WriteAheadLog } from './store/write-ahead-log.js'
import type { VoteSigner } from './vote-signer.js'

/** Milliseconds until what was taken in and led to nothing is made durable, so that partners who ask are given it. */
const RELEASE_MS_MAX = 50

export interface OutboundDependencies {
  readonly wal: Pick<WriteAheadLog, 'sync' | 'stretch'>
  readonly signer: Pick<VoteSigner, 'owes' | 'sync'>
  /** Of the height under way: cleared with it. */
  readonly timers: { set(ms: number, work: () => void): void }
  readonly send: (message: Message, reason: string | null) => void
  /** There is something to release. */
  readonly wake: () => void
}

/**
 * What consensus has to say, which leaves only when all that led to it is durable. Most of what is taken in leads to nothing by
 * itself, and need not be durable before something follows from it.
 * @param first state of the machine before it has taken in anything
 */
export function createOutbound(first: ConsensusState, { wal, signer, timers, send, wake }: OutboundDependencies) {
  let waiting: { readonly message: Message; readonly reason: string | null }[] = []
  /** As of the last sync: only what stands in it may be served. */
  let durable = first
  let isScheduled = false
  let isDue = false

  async function release(reached: ConsensusState): Promise<void> {
    isDue = false
    const log = await wal.sync()
    await signer.sync(log)
    durable = reached
    sendAll()
  }

  function sendAll(): void {
    for (const { message, reason } of waiting.splice(0)) send(message, reason)
  }

  function releaseLater(reached: ConsensusState): void {
    if (isScheduled || durable === reached) return
    isScheduled = true
    timers.set(RELEASE_MS_MAX, () => {
      isScheduled = false
      isDue = true
      wake()
    })
  }

  return {
    push(message: Message, reason: string | null = null): void {
      waiting.push({ message, reason })
    },
    /** After a burst that has led the machine to a state. @param isOver whether a block is about to be committed */
    async settle(reached: ConsensusState, isOver: boolean): Promise<void> {
      if (waiting.length > 0 || signer.owes() || isDue) await release(reached)
      else if (!isOver) releaseLater(reached)
    },
    get durable() {
      return durable
    },
    /** Whether what was taken in has waited long enough. */
    get isDue() {
      return isDue
    },
    /** The timers were cleared. */
    timersCleared(): void {
      isScheduled = false
      isDue = false
    },
    /** The height is over: what was to be said of it is stale. */
    clear(): void {
      waiting = []
    }
  }
}
