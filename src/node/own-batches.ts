import { sha256Hex } from '../base/crypto.js'
import { assertInvariant } from '../base/errors.js'
import type { Scope } from '../base/tagged.js'
import { batchBytes, batchHeader, encodeBatch } from '../ledger/batch.js'
import type { CheckedBatch } from '../ledger/execution.js'
import type { Limits } from '../ledger/genesis.js'
import type { CheckedRecord } from '../ledger/record.js'
import type { Verdict } from '../ledger/verdict.js'
import type { SignGuard } from './store/sign-guard.js'
import type { Store } from './store/store-types.js'
import type { TimerHandle, Timers } from './timers.js'

/** An own batch on its way: its records are known by their position in it before it is sealed. */
export interface OwnBatch {
  /** Known once sealed. */
  readonly sequence: number | null
  /** Resolves when the batch is durable and its ids may be given out; rejects when the node stops. */
  readonly durable: Promise<void>
  /** Resolves when a block has committed it; rejects when the node stops. */
  readonly decided: Promise<Decision>
  /** What {@link decided} resolved to; null until then. */
  readonly decision: Decision | null
}

export interface Decision {
  readonly height: number
  readonly verdicts: readonly Verdict[]
}

/** Batches in flight at most: with fewer a stream waits for lines of 100 ms, with more memory grows for nothing. */
export const BATCHES_IN_FLIGHT_MAX = 12

/** Milliseconds for which those who were just answered are waited for, so that one block has all of them again. */
const GATHER_MS = 20

/** Milliseconds after which nobody who was answered is expected to go on. */
const RECENT_MS = 50

export interface OwnBatchesOptions {
  readonly scope: Scope
  readonly limits: Limits
  readonly author: string
  /** Own incarnation now: a rejoin raises it. */
  readonly incarnation: () => number
  /** First sequence that neither state nor outbox has used. */
  readonly nextSequence: number
}

export interface OwnBatchesDependencies {
  readonly store: Pick<Store, 'putBatches' | 'readBatch'>
  /** Asked each time: a rejoin brings a new guard. */
  readonly guard: () => Pick<SignGuard, 'guardBatch' | 'sync'>
  readonly timers: Timers
  readonly sign: (bytes: string) => string
  /** Called with each batch once it is durable, in order of sequence. */
  readonly announce: (batch: CheckedBatch, text: string) => void
  /** Called when sealing fails: the node must stop. */
  readonly fail: (error: unknown) => void
}

interface Flight extends OwnBatch {
  sequence: number | null
  decision: Decision | null
  readonly records: CheckedRecord[]
  bytes: number
  settleDurable(): void
  decide(decision: Decision): void
  reject(error: unknown): void
}

/**
 * Gathers own records into batches. While nothing of ours is in flight a batch is sealed at the end of the turn, so one
 * record alone waits for nobody; while something is, the next batch fills up. Where a block has just answered several, as many are
 * waited for a moment: otherwise the first of them would have a block for itself, and the others the one after.
 */
export function createOwnBatches(options: OwnBatchesOptions, dependencies: OwnBatchesDependencies) {
  const { scope, limits, author } = options
  const { store, timers, sign, announce, fail } = dependencies
  let sequence = options.nextSequence
  let open: Flight | null = null
  const sealed = new Map<number, Flight>()
  let sealing: Promise<void> = Promise.resolve()
  let scheduled = false
  let stopped: unknown = null
  let abandoned: unknown = null
  const roomWaiters: (() => void)[] = []
  /** Records that the newest block has answered, while they may be followed by as many. */
  let expected = 0
  let answeredAt = -1
  let forgetting: TimerHandle | null = null
  let gathering: TimerHandle | null = null

  function schedule(): void {
    if (scheduled || stopped !== null) return
    scheduled = true
    timers.set(0, () => {
      scheduled = false
      if (open === null || sealed.size > 0) return
      if (open.records.length >= expected) seal()
      else gathering ??= timers.set(GATHER_MS, gathered)
    })
  }

  function gathered(): void {
    gathering = null
    if (open !== null && sealed.size === 0) seal()
  }

  function expect({ height }: Decision, records: number): void {
    expected = (answeredAt === height ? expected : 0) + records
    answeredAt = height
    if (forgetting !== null) timers.clear(forgetting)
    forgetting = timers.set(RECENT_MS, () => {
      forgetting = null
      expected = 0
    })
  }

  function seal(): void {
    const flight = open
    assertInvariant(flight !== null, 'there is an open batch to seal')
    open = null
    if (gathering !== null) timers.clear(gathering)
    gathering = null
    flight.sequence = sequence++
    sealed.set(flight.sequence, flight)
    sealing = sealing.then(() => write(flight)).catch(stop)
  }

  async function write(flight: Flight): Promise<void> {
    assertInvariant(flight.sequence !== null, 'a sealed batch has a sequence')
    if (isAbandoned(flight)) return
    const texts = flight.records.map((record) => record.text)
    const incarnation = options.incarnation()
    const guard = dependencies.guard()
    const header = batchHeader(author, incarnation, flight.sequence, texts)
    const bytes = batchBytes(scope, header)
    const hash = sha256Hex(bytes)
    const signature = sign(bytes)
    const text = encodeBatch(scope, { header, hash, signature, records: texts })
    // Body first: a sequence in the guard without its body could never be used again.
    await store.putBatches([{ hash, text, own: header.sequence }])
    if (isAbandoned(flight)) return
    guard.guardBatch({ epoch: scope.epoch, incarnation, sequence: header.sequence }, bytes, () => signature)
    await guard.sync()
    if (isAbandoned(flight)) return
    announce({ header, hash, records: flight.records }, text)
    flight.settleDurable()
  }

  /** Of a former run, and new to the guard. */
  async function leaveAgain(flight: Flight, batch: CheckedBatch): Promise<void> {
    if (isAbandoned(flight)) return
    await dependencies.guard().sync()
    if (isAbandoned(flight)) return
    const text = store.readBatch(batch.hash)
    assertInvariant(text !== undefined, 'an own batch of a former run is in the store')
    announce(batch, text)
    flight.settleDurable()
  }

  function isAbandoned(flight: Flight): boolean {
    return flight.sequence === null || sealed.get(flight.sequence) !== flight
  }

  function rejectAll(error: unknown): void {
    for (const flight of [...sealed.values(), ...(open === null ? [] : [open])]) flight.reject(error)
    open = null
    sealed.clear()
    wakeRoom()
  }

  function stop(error: unknown): void {
    if (stopped !== null) return
    stopped = error
    for (const timer of [forgetting, gathering]) if (timer !== null) timers.clear(timer)
    rejectAll(error)
    fail(error)
  }

  function wakeRoom(): void {
    for (const wake of roomWaiters.splice(0)) wake()
  }

  return {
    /** Adds a record to the open batch. Call only when {@link hasRoom}. */
    add(record: CheckedRecord): { readonly batch: OwnBatch; readonly index: number } {
      if (stopped !== null) throw stopped
      if (abandoned !== null) throw abandoned
      const bytes = Buffer.byteLength(record.text) + 1
      if (open !== null && open.bytes + bytes > limits.batchBytesMax) seal()
      open ??= createFlight()
      open.records.push(record)
      open.bytes += bytes
      const place = { batch: open as OwnBatch, index: open.records.length - 1 }
      if (open.records.length >= limits.batchRecordsMax) seal()
      else schedule()
      return place
    },
    /** Seals the open batch now. */
    flush(): void {
      if (open !== null) seal()
    },
    /**
     * Takes up an own batch that a former run of the node made durable.
     * @param isSignedAgain whether the guard has only just heard of it: then it is announced once that is durable
     */
    restore(batch: CheckedBatch, isSignedAgain: boolean): OwnBatch {
      const flight = createFlight()
      flight.sequence = batch.header.sequence
      flight.records.push(...batch.records)
      sealed.set(flight.sequence, flight)
      if (isSignedAgain) sealing = sealing.then(() => leaveAgain(flight, batch)).catch(stop)
      else flight.settleDurable()
      return flight
    },
    /**
     * Nothing in flight counts any more, and nothing is taken until {@link continueAt}: whoever waits is told why.
     * Resolves when the guard hears of no batch any more.
     */
    async abandon(error: unknown): Promise<void> {
      abandoned = error
      rejectAll(error)
      await sealing
    },
    /** After a rejoin: goes on with this sequence. Nothing may be in flight. */
    continueAt(next: number): void {
      assertInvariant(sealed.size === 0 && open === null, 'nothing is in flight after a rejoin')
      abandoned = null
      sequence = next
    },
    /** Own batches that no block has yet. */
    waiting: () => sealed.size + (open === null ? 0 : 1),
    hasRoom: () => sealed.size < BATCHES_IN_FLIGHT_MAX,
    /** Resolves when there may be room, the node has stopped, or the signal is aborted. */
    room(signal: AbortSignal): Promise<void> {
      return new Promise((resolve) => {
        if (sealed.size < BATCHES_IN_FLIGHT_MAX || stopped !== null || signal.aborted) return resolve()
        const wake = (): void => {
          signal.removeEventListener('abort', wake)
          resolve()
        }
        signal.addEventListener('abort', wake)
        roomWaiters.push(wake)
      })
    },
    /** A block has committed an own batch. @returns it, unless nobody waits for it */
    decided(committed: number, decision: Decision): OwnBatch | null {
      const flight = sealed.get(committed)
      if (flight === undefined) return null
      flight.decision = decision
      flight.decide(decision)
      sealed.delete(committed)
      expect(decision, flight.records.length)
      wakeRoom()
      if (open !== null) schedule()
      return flight
    },
    stop
  }
}

export type OwnBatches = ReturnType<typeof createOwnBatches>

function createFlight(): Flight {
  let settleDurable!: () => void
  let decide!: (decision: Decision) => void
  const rejects: ((error: unknown) => void)[] = []
  const durable = new Promise<void>((resolve, reject) => {
    settleDurable = resolve
    rejects.push(reject)
  })
  const decided = new Promise<Decision>((resolve, reject) => {
    decide = resolve
    rejects.push(reject)
  })
  // Whoever waits sees the rejection; nobody waiting is no fault.
  durable.catch(() => {})
  decided.catch(() => {})
  return {
    sequence: null,
    decision: null,
    durable,
    decided,
    records: [],
    bytes: 0,
    settleDurable,
    decide,
    reject(error) {
      for (const reject of rejects) reject(error)
    }
  }
}
