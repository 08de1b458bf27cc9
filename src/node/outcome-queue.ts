import { recordId } from '../base/ids.js'
import type { CheckedRecord } from '../ledger/record.js'
import type { AppendOutcome } from './ledger-node.js'
import type { OwnBatch } from './own-batches.js'
import type { TimerHandle, Timers } from './timers.js'

/** A line of input whose outcome is known, or will be when its batch is decided. */
export type Slot = { readonly kind: 'decided'; readonly outcome: AppendOutcome } | WaitingSlot

export interface WaitingSlot {
  readonly kind: 'waiting'
  readonly line: number
  readonly record: CheckedRecord
  readonly batch: OwnBatch
  readonly index: number
}

/** Outcomes that wait for their reader at most: then reading of input pauses. */
export const OUTCOMES_WAITING_MAX = 16_384

export interface OutcomeQueueOptions {
  readonly author: string
  /** Milliseconds without progress until undecided records are reported as pending. */
  readonly timeoutMs: number
  readonly timers: Timers
  /** Seals the open batch, so that its records get their ids. */
  readonly flush: () => void
  /** What to tell of a record that was written before with the same unique value, as that record. */
  readonly original: (line: number, record: CheckedRecord, first: string) => AppendOutcome
}

/** The outcomes of one pipe, in input order: filled by the reader of its input, emptied by the writer of its answer. */
export function createOutcomeQueue(options: OutcomeQueueOptions) {
  const { author, timeoutMs, timers, flush } = options
  let slots: Slot[] = []
  let taken = 0
  let ended = false
  let closed = false
  let exhausted = false
  let failure: { readonly error: unknown } | null = null
  let wakeWriter = (): void => {}
  let wakeReader = (): void => {}
  const full = new AbortController()

  function close(): void {
    closed = true
    full.abort()
    wakeReader()
  }

  function exhaust(): void {
    exhausted = true
    full.abort()
  }

  function next(): Slot | undefined {
    const slot = slots[taken]
    if (slot === undefined) return undefined
    taken++
    if (taken === slots.length) {
      slots = []
      taken = 0
    } else if (taken >= 4096) {
      slots = slots.slice(taken)
      taken = 0
    }
    wakeReader()
    return slot
  }

  /** Waits for the batch's decision; false when `timeoutMs` went by. Throws the reason of an abort or a stop. */
  async function decidedInTime(batch: OwnBatch, signal: AbortSignal | undefined): Promise<boolean> {
    if (batch.decision !== null) return true
    if (exhausted) return false
    signal?.throwIfAborted()
    let timer: TimerHandle | null = null
    let onAbort = (): void => {}
    const late = new Promise<false>((resolve, reject) => {
      timer = timers.set(timeoutMs, () => resolve(false))
      onAbort = () => reject(signal?.reason)
      signal?.addEventListener('abort', onAbort, { once: true })
    })
    try {
      return await Promise.race([batch.decided.then(() => true), late])
    } finally {
      if (timer !== null) timers.clear(timer)
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async function outcomeOf(slot: Slot, signal: AbortSignal | undefined): Promise<AppendOutcome> {
    if (slot.kind === 'decided') return slot.outcome
    const { batch, index, line } = slot
    if (await decidedInTime(batch, signal)) return outcomeIn(slot)
    exhaust()
    flush()
    await batch.durable
    return { line, status: 'pending', id: idIn(batch, index, author), code: 'NO_QUORUM' }
  }

  function outcomeIn({ batch, index, line, record }: WaitingSlot): AppendOutcome {
    const id = idIn(batch, index, author)
    const verdict = batch.decision?.verdicts[index] ?? null
    const height = batch.decision?.height ?? 0
    if (verdict === null) return { line, status: 'accepted', id, height }
    // While a copy is fetched anew a record may be taken that stands in a block to come: then that one counts.
    const isDouble = verdict.code === 'DUPLICATE' && verdict.details?.unique !== undefined
    const first = isDouble ? verdict.details?.record : undefined
    return typeof first === 'string'
      ? options.original(line, record, first)
      : { line, status: 'refused', id, height, ...verdict }
  }

  async function* outcomes(signal?: AbortSignal): AsyncGenerator<AppendOutcome> {
    const wake = (): void => wakeWriter()
    signal?.addEventListener('abort', wake)
    try {
      for (;;) {
        signal?.throwIfAborted()
        const slot = next()
        if (slot !== undefined) {
          if (slot.kind === 'waiting' && slot.batch.decision !== null) {
            yield outcomeIn(slot)
          } else {
            yield await outcomeOf(slot, signal)
          }
        } else if (failure !== null) throw failure.error
        else if (ended) return
        else {
          await new Promise<void>((resolve) => {
            wakeWriter = resolve
          })
        }
      }
    } finally {
      signal?.removeEventListener('abort', wake)
      close()
    }
  }

  return {
    outcomes,
    /** Milliseconds without progress after which waiting is in vain. */
    timeoutMs,
    /** The time without progress has run out. */
    exhaust,
    push(slot: Slot): void {
      slots.push(slot)
      wakeWriter()
    },
    hasRoom: () => slots.length - taken < OUTCOMES_WAITING_MAX,
    /** Resolves when there is room or nobody reads any more. */
    room(): Promise<void> {
      return new Promise((resolve) => {
        if (closed || slots.length - taken < OUTCOMES_WAITING_MAX) resolve()
        else wakeReader = resolve
      })
    },
    /** All input has been read. */
    end(): void {
      ended = true
      wakeWriter()
    },
    /** Reading the input failed: told after the outcomes of what was read. */
    fail(error: unknown): void {
      failure = { error }
      wakeWriter()
    },
    /** Aborted when waiting for room is in vain: nobody reads any more, or the time without progress has run out. */
    signal: full.signal,
    get closed() {
      return closed
    },
    /** Whether the time without progress has run out: nothing more is taken then. */
    get exhausted() {
      return exhausted
    }
  }
}

export type OutcomeQueue = ReturnType<typeof createOutcomeQueue>

function idIn(batch: OwnBatch, index: number, author: string): string {
  return recordId(author, batch.sequence ?? 0, index)
}
