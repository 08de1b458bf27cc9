import type { Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { LANGUAGES, type Language } from '../base/languages.js'
import { writersProblem } from './field-writers.js'
import { pathText, quote } from './finding.js'
import { isInOrder, type KeyOrder, keyOrder, neighboursAt, sortOf } from './key-order.js'
import type { CompiledObject, Keeping } from './model.js'
import { presentDataOf } from './record-state.js'
import { referredBy } from './references.js'
import type { RuleInput, Side } from './rules.js'
import { dateText, sortAfter, sortText } from './sort-text.js'
import { amendedByIn, authorOf, type StandingRecord, standingRecord } from './standing-record.js'
import type { StateReader } from './state.js'

/** A record that is judged, of an object whose records are ordered or amended. */
export interface KeptRecord {
  readonly object: CompiledObject
  readonly keeping: Keeping
  /** `[]` where the object has none. */
  readonly key: string
  readonly input: Pick<RuleInput, 'record' | 'refs' | 'author' | 'block'>
}

/** What an amendment amends. */
export interface Original {
  readonly record: StandingRecord
  /** `[]` where the object has none. */
  readonly key: string
}

export type FoundOriginal =
  | { readonly ok: true; readonly original: Original }
  | { readonly ok: false; readonly refusal: Refusal }

/** Finds what an amendment amends. Refusal REFERENCE_MISSING when it does not stand, or never did. */
export function originalOf(state: StateReader, object: CompiledObject, id: string, key: string): FoundOriginal {
  const { keeping, name } = object
  const hasKey = object.keyFields.length > 0
  const by = amendedByIn(state, name, id)
  if (by !== null) return missing(id, `${id} was amended by ${by}: amend that one`, { amendedBy: by })
  const record = standingRecord(state, name, id, hasKey ? key : null)
  if (record === null || keeping === null) {
    return missing(
      id,
      `there is no ${name} ${id} that can be amended: it does not exist, was refused, or is older than amend`
    )
  }
  if (!hasKey) return { ok: true, original: { record, key } }
  const own = object.keyOf(presentDataOf(record, object.present))
  const sort = sortOf(record, object)
  if (isInOrder(state, keyOrder(state, object, own), sort)) return { ok: true, original: { record, key: own } }
  return missing(id, `${id} is older than what is known of the order of ${name} ${own}, and cannot be amended`)
}

/** Data of a neighbour as the model in force reads it. */
function dataOf({ present }: CompiledObject, record: StandingRecord | null): JsonObject | null {
  return record === null ? null : presentDataOf(record, present)
}

function missing(record: string, message: string, more: object = {}): FoundOriginal {
  return { ok: false, refusal: { code: 'REFERENCE_MISSING', message, details: { record, ...more } } }
}

/**
 * Runs the rules of a record at its place, and those of the records that get it as a neighbour or lose the one that it
 * amends.
 */
export function judgeAtPlace(state: StateReader, kept: KeptRecord, original: Original | null): Refusal | null {
  const { object, keeping, key, input } = kept
  if (object.keyFields.length === 0) {
    const held = dataOf(object, original?.record ?? null)
    return (
      writersProblem(object.writers, input.author.role, input.record, held) ??
      object.checkRules({ ...input, previous: null })
    )
  }
  const order = keyOrder(state, object, key)
  const date = dateText(keeping.order, input.record)
  const sort = original === null ? sortAfter(date) : sortText(date, original.record.place)
  if (sort < order.root.from) return tooEarly(kept, date, order)
  const former = original?.key === key ? sortOf(original.record, object) : null
  const isMoved = original !== null && former !== sort
  if (isMoved && isBeginning(state, object, original)) return immovable(original)
  const { previous, next } = neighboursAt(state, object.name, key, order, sort, former)
  // An amendment is held against what it amends, and where it goes elsewhere also against what is before it there.
  for (const held of original === null ? [previous] : isMoved ? [original.record, previous] : [original.record]) {
    const foreign = writersProblem(object.writers, input.author.role, input.record, dataOf(object, held))
    if (foreign !== null) return foreign
  }
  const refusal = object.checkRules({ ...input, previous: dataOf(object, previous), next: dataOf(object, next) })
  if (refusal !== null || !object.hasRules) return refusal
  const look: Look = { state, object, newcomer: input.record }
  return (
    checkBeside(look, { key, order }, 'previous', next) ??
    checkBeside(look, { key, order }, 'next', previous) ??
    (original === null ? null : checkLeft(look, original, sort))
  )
}

/** Whether the order of a key begins with a record, so that nothing is known of what came before it. */
function isBeginning(state: StateReader, object: CompiledObject, { key, record }: Original): boolean {
  const { root } = keyOrder(state, object, key)
  return root.from !== '' && root.from === sortOf(record, object)
}

function immovable({ record }: Original): Refusal {
  const message = `the order begins with ${record.id}: what came before it is not known, so it keeps its date and key`
  return { code: 'REFERENCE_MISSING', message, details: { record: record.id } }
}

interface Look {
  readonly state: StateReader
  readonly object: CompiledObject
  readonly newcomer: RuleInput['record']
}

interface Place {
  readonly key: string
  readonly order: KeyOrder
}

/** The newcomer becomes this neighbour of a record that stands. */
function checkBeside(look: Look, place: Place, side: Side, record: StandingRecord | null): Refusal | null {
  const { usesPrevious, usesNext } = look.object
  if (record === null || !(side === 'previous' ? usesPrevious : usesNext)) return null
  const before = inputOf(look, place, record)
  return told(look.object.checkNeighbour(side, before, { ...before, [side]: look.newcomer }), record)
}

/** What stood beside the record that is amended has each other as neighbours, where the amendment stands elsewhere. */
function checkLeft(look: Look, { key, record }: Original, sort: string): Refusal | null {
  const { state, object } = look
  const order = keyOrder(state, object, key)
  const former = sortOf(record, object)
  if (former === sort && object.keyOf(look.newcomer) === key) return null
  const { previous, next } = neighboursAt(state, object.name, key, order, former)
  // The newcomer may stand between two of them again.
  const isBetween =
    (previous === null || sortOf(previous, object) < sort) && (next === null || sort < sortOf(next, object))
  if (isBetween && object.keyOf(look.newcomer) === key) return null
  const leave = (side: Side, of: StandingRecord | null, neighbour: StandingRecord | null): Refusal | null => {
    if (of === null) return null
    const before = inputOf(look, { key, order }, of)
    const refusal = object.checkNeighbour(side, before, { ...before, [side]: dataOf(object, neighbour) })
    // It is the place that is wrong, and not what the newcomer says.
    return told(refusal && { ...refusal, expected: placeText(look, record, previous, next) }, of)
  }
  return leave('previous', next, previous) ?? leave('next', previous, next)
}

/** The place of a record, as an amendment of it would have to keep it: its key, and a date between its neighbours'. */
function placeText({ object }: Look, record: StandingRecord, ...beside: (StandingRecord | null)[]): string {
  const { keyFields, keeping } = object
  const held = presentDataOf(record, object.present)
  const keys = keyFields.map((field) => `${pathText(['record', field])} == ${quote(held[field] ?? null)}`)
  const order = keeping?.order ?? null
  if (order === null) return keys.join(' and ')
  const dates = beside.map((neighbour) => dataOf(object, neighbour)?.[order] as string | undefined)
  const sides = ['>=', '<='].flatMap((sign, side) =>
    dates[side] === undefined ? [] : [`${pathText(['record', order])} ${sign} ${dates[side]}`]
  )
  return [...keys, ...sides].join(' and ')
}

/** What the rules of a record that stands are run on now. */
function inputOf({ state, object }: Look, { key, order }: Place, record: StandingRecord): RuleInput {
  const { previous, next } = neighboursAt(state, object.name, key, order, sortOf(record, object))
  const data = presentDataOf(record, object.present)
  return {
    record: data,
    previous: dataOf(object, previous),
    next: dataOf(object, next),
    refs: referredBy(state, object, data),
    author: { id: authorOf(record.id), role: record.role },
    block: { height: record.height, time: record.time }
  }
}

/** How a refusal says in each language that it is of the record beside the one that is judged. */
const BESIDE: Readonly<Record<Language, (id: string) => string>> = {
  en: (id) => `${id}, which stands beside it, would break the rule: `,
  nl: (id) => `${id}, dat ernaast staat, zou de regel breken: `,
  fi: (id) => `viereinen ${id} rikkoisi säännön: `,
  pl: (id) => `sąsiedni ${id} złamałby regułę: `
}

/** The refusal of a record because of what one beside it would then break. */
function told(refusal: Refusal | null, { id }: StandingRecord): Refusal | null {
  if (refusal === null) return null
  const { messages, details, ...rest } = refusal
  const all = LANGUAGES.filter((language) => messages?.[language] !== undefined)
  const translated = all.map((language) => [language, BESIDE[language](id) + (messages?.[language] ?? '')] as const)
  const message = translated[0]?.[1] ?? BESIDE.en(id) + refusal.message
  const more = messages === undefined ? {} : { messages: Object.fromEntries(translated) }
  return { ...rest, message, ...more, details: { ...details, neighbour: id } }
}

function tooEarly({ object, key }: KeptRecord, date: string, { root }: KeyOrder): Refusal {
  const from = root.from.split(' ')[0]
  const message = `records of ${object.name} ${key} are kept in order from ${from} on, not from ${date}: an earlier one cannot be checked`
  return { code: 'REFERENCE_MISSING', message, details: { from } }
}
