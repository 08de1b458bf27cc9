import { LedgerError } from '../../src/base/errors.js'
import { partnerOf } from '../../src/ledger/partner-set.js'
import type { CheckedRecord } from '../../src/ledger/record.js'
import { draftOfText } from '../../src/node/draft.js'
import type { Decision, OwnBatches } from '../../src/node/own-batches.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { Trace } from './trace.js'
import { seededRandom, type VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/** A record that somebody has tried to append, and what that somebody was told of it. */
export interface Submission {
  readonly author: string
  readonly marker: string
  readonly vehicle: string
  readonly odometer: number
  /** A visit of a day; null: an inspection. */
  readonly visit: Visit | null
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

/** What a visit has beyond an inspection. */
export interface Visit {
  readonly day: string
  /** Id of the visit that it amends. */
  readonly amends: string | null
}

export interface WorkloadOptions {
  readonly clock: VirtualClock
  readonly random: () => number
  readonly trace: Trace
  readonly founded: SimulatedGenesis
  readonly seed: number
}

/** Cars: few, so that partners meet in them. */
const VEHICLES = ['car-1', 'car-2', 'car-3']

/** Share of records that are visits, and of visits that amend another one. */
const VISIT_SHARE = 0.3
const AMEND_SHARE = 0.4

/** Days of a visit, in the order of which odometers rise. */
const DAYS = 28

/** Appends records of random partners, and keeps what they were told. */
export function createWorkload({ clock, random, trace, founded, seed }: WorkloadOptions) {
  const submissions: Submission[] = []
  const { model, genesis } = founded
  // Drawn apart, so that what else a seed says does not depend on it.
  const visiting = seededRandom(seed ^ 0x5e17)

  /** A late entry, an early one, or an amendment of one of the partner's own. */
  function visitOf(author: string): { readonly visit: Visit; readonly odometer: number } | null {
    if (!model.objects.has('visit') || visiting() >= VISIT_SHARE) return null
    const number = 1 + Math.floor(visiting() * DAYS)
    const own = submissions.filter((each) => {
      return each.author === author && each.visit !== null && each.decided?.refusal === null && each.durable !== null
    })
    const original = visiting() < AMEND_SHARE ? own[Math.floor(visiting() * own.length)] : undefined
    const { sequence, index } = original?.durable ?? { sequence: 0, index: 0 }
    return {
      visit: {
        day: `2024-02-${String(number).padStart(2, '0')}`,
        amends: original === undefined ? null : `${author}/${sequence}/${index}`
      },
      odometer: Math.max(0, Math.floor(number * 100 + (visiting() - 0.3) * 200))
    }
  }

  function submit(partner: VirtualPartner, again?: Submission): Submission | null {
    const { replica } = partner
    if (replica === null || replica.rejoining || !partner.isActive || !replica.own.hasRoom()) return null
    const content = again ?? {
      marker: `${partner.id}-${submissions.length}`,
      vehicle: VEHICLES[Math.floor(random() * VEHICLES.length)]!,
      // Mostly rising, and often enough too low.
      odometer: Math.max(0, Math.floor(clock.now() + (random() - 0.4) * 4_000))
    }
    const drawn = again === undefined ? visitOf(partner.id) : null
    const { marker, vehicle, odometer } = { ...content, ...(drawn && { odometer: drawn.odometer }) }
    const visit = again?.visit ?? drawn?.visit ?? null
    const { life } = partner
    const submission: Submission = {
      author: partner.id,
      marker,
      vehicle,
      odometer,
      visit,
      life,
      incarnation: partnerOf(replica.chain.rulebook.partners, partner.id)?.incarnation ?? 0,
      durable: null,
      isVoid: false,
      decided: null
    }
    const amends = visit?.amends == null ? {} : { amends: { reason: 'mistyped', record: visit.amends } }
    const target = { object: visit === null ? 'inspection' : 'visit', keyField: 'marker', ...amends }
    const text = JSON.stringify({ marker, odometer, vehicle, ...(visit && { day: visit.day }) })
    const draft = draftOfText(model, genesis.genesis.limits.recordBytesMax, target, text)
    if (!draft.ok) throw new Error(draft.refusal.message)
    const place = added(replica.own, draft.value)
    if (place === null) return null
    const { batch, index } = place
    replica.pending.add({ record: draft.value, batch, index })
    submissions.push(submission)
    trace.note(`${partner.id} appends ${marker} ${vehicle} ${odometer}${visitText(visit)}`)
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

function visitText(visit: Visit | null): string {
  if (visit === null) return ''
  return ` on ${visit.day}${visit.amends === null ? '' : `, amending ${visit.amends}`}`
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
