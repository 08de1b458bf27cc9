import { LedgerError } from '../../src/base/errors.js'
import { partnerOf } from '../../src/ledger/partner-set.js'
import type { CheckedRecord } from '../../src/ledger/record.js'
import { draftOfText } from '../../src/node/draft.js'
import type { Decision, OwnBatches } from '../../src/node/own-batches.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { Trace } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/** A record that somebody has tried to append, and what that somebody was told of it. */
export interface Submission {
  readonly author: string
  readonly marker: string
  readonly vehicle: string
  readonly odometer: number
  /** Of the node that took it, and the incarnation of which it is. */
  readonly life: number
  readonly incarnation: number
  /** Its id was given out: it must not get lost any more. */
  durable: { readonly sequence: number; readonly index: number } | null
  /** It was told that what waited counts for nothing any more, as the node has to rejoin. */
  isVoid: boolean
  /** The acknowledgement. */
  decided: { readonly height: number; readonly refusal: string | null } | null
}

export interface WorkloadOptions {
  readonly clock: VirtualClock
  readonly random: () => number
  readonly trace: Trace
  readonly founded: SimulatedGenesis
}

/** Cars: few, so that partners meet in them. */
const VEHICLES = ['car-1', 'car-2', 'car-3']

/** Appends records of random partners, and keeps what they were told. */
export function createWorkload({ clock, random, trace, founded }: WorkloadOptions) {
  const submissions: Submission[] = []
  const { model, genesis } = founded

  function submit(partner: VirtualPartner, again?: Submission): Submission | null {
    const { replica } = partner
    if (replica === null || replica.rejoining || !partner.isActive || !replica.own.hasRoom()) return null
    const content = again ?? {
      marker: `${partner.id}-${submissions.length}`,
      vehicle: VEHICLES[Math.floor(random() * VEHICLES.length)]!,
      // Mostly rising, and often enough too low.
      odometer: Math.max(0, Math.floor(clock.now() + (random() - 0.4) * 4_000))
    }
    const { marker, vehicle, odometer } = content
    const { life } = partner
    const submission: Submission = {
      author: partner.id,
      marker,
      vehicle,
      odometer,
      life,
      incarnation: partnerOf(replica.chain.rulebook.partners, partner.id)?.incarnation ?? 0,
      durable: null,
      isVoid: false,
      decided: null
    }
    const target = { object: 'inspection', keyField: 'marker' }
    const text = JSON.stringify({ marker, odometer, vehicle })
    const draft = draftOfText(model, genesis.genesis.limits.recordBytesMax, target, text)
    if (!draft.ok) throw new Error(draft.refusal.message)
    const place = added(replica.own, draft.value)
    if (place === null) return null
    const { batch, index } = place
    replica.pending.add({ record: draft.value, batch, index })
    submissions.push(submission)
    trace.note(`${partner.id} appends ${marker} ${vehicle} ${odometer}`)
    batch.durable.then(() => {
      submission.durable = { sequence: batch.sequence!, index }
    }, ended)
    batch.decided.then(
      (decision) => decide(submission, index, decision),
      (error: unknown) => {
        if (!isEnd(error)) return
        submission.isVoid = true
        submission.durable = null
      }
    )
    return submission
  }

  function decide(submission: Submission, index: number, { height, verdicts }: Decision): void {
    const refusal = verdicts[index]?.code ?? null
    submission.decided = { height, refusal }
    trace.note(`${submission.author} hears of ${submission.marker}: h${height} ${refusal ?? 'accepted'}`)
  }

  return {
    /** A partner loses its disk: what was not answered yet may be lost with it. */
    lost(author: string): void {
      for (const each of submissions) if (each.author === author && each.decided === null) each.durable = null
    },
    submissions,
    submit,
    /** What somebody waits for although it is of an incarnation that is over: he should have been told. */
    unheard({ id, life, replica }: VirtualPartner): Submission | undefined {
      if (replica === null) return undefined
      const now = partnerOf(replica.chain.rulebook.partners, id)?.incarnation ?? 0
      const open = submissions.filter((each) => each.author === id && each.life === life && each.decided === null)
      return open.find(({ incarnation, isVoid }) => incarnation < now && !isVoid)
    },
    /** What a user does whose node fell before the answer: writes the same records once more. */
    repeat(partner: VirtualPartner): void {
      const open = submissions.filter((each) => each.author === partner.id && each.decided === null)
      for (const each of open.slice(-3)) submit(partner, each)
    }
  }
}

/** Adds a record; null when the node takes none, as all that waits becomes void just now. */
function added(own: OwnBatches, record: CheckedRecord): ReturnType<OwnBatches['add']> | null {
  try {
    return own.add(record)
  } catch (error) {
    if (isEnd(error)) return null
    throw error
  }
}

/** The node stopped first: whoever waited knows nothing. */
function ended(): void {}

export type Workload = ReturnType<typeof createWorkload>

/** Whether a node says that what waits counts for nothing, as another incarnation or key is in force. */
function isEnd(error: unknown): boolean {
  return error instanceof LedgerError && (error.code === 'NOT_PERMITTED' || error.code === 'KEY_CHANGED')
}
