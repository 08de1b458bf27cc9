import { canonicalText } from '../base/canonical.js'
import { LedgerError, type Outcome, type Refusal, refuse } from '../base/errors.js'
import { judge } from '../ledger/judge.js'
import type { Model } from '../ledger/model.js'
import { areModelsSettling } from '../ledger/model-state.js'
import { type ChainPartnerState, type Partner, partnerOf } from '../ledger/partner-set.js'
import type { CheckedRecord } from '../ledger/record.js'
import { uniqueKey } from '../ledger/record-state.js'
import type { Chain } from './chain.js'
import { type DraftTarget, draftOfBytes, draftOfText } from './draft.js'
import { isVersionKnown, unknownVersion } from './known-version.js'
import type { AppendOptions, AppendOutcome, RecordView } from './ledger-node.js'
import { createLineSplitter, type Line } from './line-splitter.js'
import { createTurns } from './network/turns.js'
import { createOutcomeQueue, type OutcomeQueue, type Slot } from './outcome-queue.js'
import type { OwnBatches } from './own-batches.js'
import type { PendingKeys } from './pending-keys.js'
import type { Timers } from './timers.js'

export const APPEND_TIMEOUT_MS = 60_000

/** White space around the canonical text that an input line may have, bytes. */
const LINE_SLACK_BYTES = 64 * 1024

/** Milliseconds between two looks whether the copy is in step, while a line waits for it. */
const LOOK_MS = 50

export interface IntakeDependencies {
  readonly chain: Chain
  readonly own: OwnBatches
  readonly pending: PendingKeys
  readonly partner: string
  /** Why nothing can be appended now; null when it can. */
  readonly blocked: () => string | null
  /** Whether this node's copy is as new as it can know. */
  readonly inStep: () => boolean
  /** What a quorum has told of this partner that the copy does not say. @default nothing */
  readonly toldState?: () => ChainPartnerState | null
  readonly now: () => number
  readonly timers: Timers
  readonly show: (id: string) => RecordView | null
  readonly logRefusal: (object: string, refusal: Refusal) => void
}

interface Judged {
  readonly refusal: Refusal | null
  readonly read: ReadonlySet<string>
}

const UNJUDGED: Judged = { refusal: null, read: new Set() }

export interface Intake {
  append(object: string, chunks: AsyncIterable<Uint8Array>, options: AppendOptions): AsyncIterable<AppendOutcome>
  check(object: string, text: string): Refusal | null
}

/** The way of own records in: read, check, judge on what is committed, hand over to the open batch, report the outcome. */
export function createIntake(dependencies: IntakeDependencies): Intake {
  const { chain, own, pending, inStep, now, timers, show, logRefusal } = dependencies

  const self = (): Partner => {
    const partner = partnerOf(chain.rulebook.partners, dependencies.partner)
    const blocked = dependencies.blocked()
    if (!isVersionKnown(chain)) throw unknownVersion(chain)
    if (blocked !== null) throw new LedgerError('NOT_PERMITTED', blocked)
    if (partner === undefined) throw new LedgerError('NOT_PERMITTED', 'this node is not a partner of its network yet')
    return partner
  }

  /** What the committed state says of a record now, and the state keys that were looked at for it. */
  function judgeNow(record: CheckedRecord): Judged {
    const { height, time } = chain.tip
    const read = new Set<string>()
    const get = (key: string) => {
      read.add(key)
      return chain.store.state.get(key)
    }
    const refusal = judge({ get }, self(), { height: height + 1, time: Math.max(now(), time + 1) }, record)
    return { refusal, read }
  }

  /** Whether a refusal may be different by the time a block executes the record. */
  function mayChange(record: CheckedRecord, refusal: Refusal, read: ReadonlySet<string>): boolean {
    // From an old copy no verdict is final, not even on rights: a block judges.
    if (!inStep()) return true
    // The block that has it may be the first one under the next model.
    if (areModelsSettling(chain.rulebook.models) && self().state === 'active') return true
    if (pending.touches(read)) return true
    return refusal.code !== 'NOT_PERMITTED' && record.object?.usesBlock === true
  }

  /** The outcome of a record that was written before with the same unique value; null when it is another record. */
  function original(line: number, record: CheckedRecord, first: string): AppendOutcome {
    const view = show(first)
    if (view === null) throw new LedgerError('STORE_DAMAGED', `record ${first} is in the state and not in the store`)
    if (canonicalText(view.data) !== canonicalText(record.body?.data ?? null)) {
      return { line, status: 'refused', ...otherContent(record, first) }
    }
    const { id, height } = view
    if (view.status !== 'accepted' || height === undefined) {
      const refusal = view.refusal ?? { code: 'RULE_BROKEN' as const, message: 'refused' }
      return { line, status: 'refused', id, ...placeOf(height), ...refusal }
    }
    return { line, status: 'accepted', id, height }
  }

  function refused(line: number, object: string, refusal: Refusal): Slot {
    logRefusal(object, refusal)
    return { kind: 'decided', outcome: { line, status: 'refused', ...refusal } }
  }

  /** Of who is suspended or removed no block takes anything, whatever else its copy may not know: it would wait in vain. */
  function leftProblem(): Refusal | null {
    const id = dependencies.partner
    const state = dependencies.toldState?.() ?? partnerOf(chain.rulebook.nextPartners, id)?.state
    if (state !== 'suspended' && state !== 'removed') return null
    return { code: 'NOT_PERMITTED', message: `partner ${id} is ${state}`, details: { state } }
  }

  /** Takes one checked record: it is judged at once, or goes into the open batch. */
  function take(line: number, record: CheckedRecord): Slot {
    const { body } = record
    if (body?.unique !== undefined) {
      const undecided = pending.sameUnique(record)
      if (undecided !== undefined && undecided.record.text === record.text)
        return { kind: 'waiting', line, ...undecided }
      if (undecided !== undefined) return refused(line, body.object, otherContent(record, null))
      const first = chain.store.state.get(uniqueKey(dependencies.partner, body.object, canonicalText(body.unique)))
      if (first !== undefined) return { kind: 'decided', outcome: original(line, record, first.text) }
    }
    const left = leftProblem()
    if (left !== null) return refused(line, body?.object ?? '', left)
    const { refusal, read } = pending.precedes(record) ? UNJUDGED : judgeNow(record)
    if (refusal !== null && !mayChange(record, refusal, read)) return refused(line, body?.object ?? '', refusal)
    const place = { record, ...own.add(record) }
    pending.add(place)
    return { kind: 'waiting', line, ...place }
  }

  /** Reads a line by the model of now; null when there is nothing in it. */
  function draftOf(target: DraftTarget, line: Line): Outcome<CheckedRecord> | null {
    if ('tooLong' in line) {
      const lineBytesMax = chain.limits.recordBytesMax + LINE_SLACK_BYTES
      return refuse('TOO_LARGE', `the line has more than ${lineBytesMax} bytes`, { details: { lineBytesMax } })
    }
    if (isBlank(line.bytes)) return null
    const { models } = chain.rulebook
    const { bytes } = line
    const draftUnder = (model: Model) => draftOfBytes(model, chain.limits.recordBytesMax, target, bytes)
    const draft = draftUnder(models.now.model)
    if (draft.ok || !areModelsSettling(models)) return draft
    const next = draftUnder(models.next.model)
    return next.ok ? next : draft
  }

  /** Whether a line is refused by a model that may be over. */
  function mayBeOld(draft: Outcome<CheckedRecord> | null): boolean {
    if (draft === null || draft.ok || inStep()) return false
    return draft.refusal.code !== 'MALFORMED' && draft.refusal.code !== 'TOO_LARGE'
  }

  /**
   * Reads again, once the copy is in step, a line that an old model refuses. Such a record cannot be sent meanwhile: what
   * a model refuses cannot even be written.
   */
  async function draftInStep(
    target: DraftTarget,
    line: Line,
    queue: OutcomeQueue
  ): Promise<Outcome<CheckedRecord> | null> {
    for (let waitedMs = 0; waitedMs < queue.timeoutMs && !queue.signal.aborted; waitedMs += LOOK_MS) {
      await new Promise<void>((resolve) => timers.set(LOOK_MS, resolve))
      const draft = draftOf(target, line)
      if (!mayBeOld(draft)) return draft
    }
    queue.exhaust()
    return null
  }

  /** Reads all input into the queue, waiting where batches or outcomes pile up. */
  async function read(target: DraftTarget, chunks: AsyncIterable<Uint8Array>, queue: OutcomeQueue): Promise<void> {
    const splitter = createLineSplitter(chain.limits.recordBytesMax + LINE_SLACK_BYTES)
    // Lines that are refused wait for nothing: without this a pipe of them would stop everything else.
    const turns = createTurns()
    const takeAll = async (lines: Line[]): Promise<boolean> => {
      for (const line of lines) {
        while (!own.hasRoom() && !queue.signal.aborted) await own.room(queue.signal)
        if (!queue.hasRoom()) await queue.room()
        if (turns.isOver()) await turns.pass()
        let draft = queue.exhausted ? null : draftOf(target, line)
        if (mayBeOld(draft)) draft = await draftInStep(target, line, queue)
        if (queue.closed) return false
        if (queue.exhausted) queue.push(notTaken(line, target.object))
        else if (draft?.ok) queue.push(take(line.number, draft.value))
        else if (draft !== null) queue.push(refused(line.number, target.object, draft.refusal))
      }
      return true
    }
    for await (const chunk of chunks) {
      if (!(await takeAll(splitter.push(chunk)))) return
    }
    await takeAll(splitter.end())
  }

  return {
    append(object, chunks, options) {
      self()
      const timeoutMs = options.timeoutMs ?? APPEND_TIMEOUT_MS
      const queue = createOutcomeQueue({ timeoutMs, timers, author: dependencies.partner, flush: own.flush, original })
      const { amends, keyField } = options
      const target = { object, ...(amends && { amends }), ...(keyField === undefined ? {} : { keyField }) }
      read(target, chunks, queue).then(queue.end, queue.fail)
      return queue.outcomes(options.signal)
    },
    check(object, text) {
      const draft = draftOfText(chain.rulebook.model, chain.limits.recordBytesMax, { object }, text)
      return draft.ok ? judgeNow(draft.value).refusal : draft.refusal
    }
  }
}

function notTaken(line: Line, object: string): Slot {
  const message = `${object} not taken: no quorum was there in time; send it again later`
  return { kind: 'decided', outcome: { line: line.number, status: 'refused', code: 'NO_QUORUM', message } }
}

function otherContent(record: CheckedRecord, first: string | null): Refusal {
  const unique = record.body?.unique
  const where = first === null ? 'an earlier line' : `record ${first}`
  const message = `${JSON.stringify(unique)} was used before, by ${where}, with other content`
  return { code: 'DUPLICATE', message, details: { unique, record: first } }
}

const SPACE = 0x20
const TAB = 0x09

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === SPACE || byte === TAB)
}

function placeOf(height: number | undefined): { readonly height?: number } {
  return height === undefined ? {} : { height }
}
