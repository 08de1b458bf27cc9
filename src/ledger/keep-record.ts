import { assertInvariant } from '../base/errors.js'
import { waitsForApproval } from './amend-right.js'
import { type Amendment, openAmendment, writeAmendment } from './amendment-state.js'
import type { BlockTime } from './judge.js'
import { type Original, originalOf } from './judge-kept.js'
import { standWithEffects } from './kept-effects.js'
import type { CompiledObject } from './model.js'
import type { Partner } from './partner-set.js'
import type { CheckedRecord } from './record.js'
import type { Newcomer, StandingRun } from './record-standing.js'
import { placeText, type RecordPosition } from './sort-text.js'

/** Where an accepted record comes from. */
export interface Origin {
  readonly author: Partner
  readonly block: BlockTime
  readonly id: string
  readonly position: RecordPosition
}

/** An amendment as it is now, and what stands from now on. */
export interface ApprovalEffect {
  readonly amendment?: Amendment
  readonly stand?: Newcomer
}

interface Accepted {
  readonly record: CheckedRecord
  readonly object: CompiledObject
  readonly key: string
}

/** Writes down an accepted record of an object whose records are ordered or amended: it stands, or waits for approval. */
export function keep(run: StandingRun, origin: Origin, { record, object, key }: Accepted): void {
  const { body, text } = record
  assertInvariant(body !== null, 'an accepted record has a body')
  const { author, block, id, position } = origin
  let original: Original | null = null
  if (body.amends !== undefined) {
    const found = originalOf(run, object, body.amends.record, key)
    assertInvariant(found.ok, 'what an accepted amendment amends stands')
    original = found.original
    const amend = object.keeping?.amend ?? null
    if (amend !== null && waitsForApproval(amend, author, original.record)) {
      const { height, time } = block
      const made = {
        author: author.id,
        role: author.role,
        height,
        id,
        object: object.name,
        record: original.record.id,
        time
      }
      openAmendment(run, made, text)
      return
    }
  }
  const place = original?.record.place ?? placeText(position)
  const { height, time } = block
  standWithEffects(run, {
    object,
    key,
    original,
    record: {
      id,
      height,
      time,
      body,
      place,
      role: author.role,
      owner: original?.record.owner ?? author.id,
      since: { height, time },
      text
    }
  })
}

/** Writes down what a word on an amendment brings about. */
export function settleApproval(run: StandingRun, { amendment, stand: newcomer }: ApprovalEffect): void {
  if (amendment !== undefined) writeAmendment(run, amendment)
  if (newcomer !== undefined) standWithEffects(run, newcomer)
}
