import type { Json, JsonObject } from '../base/json.js'
import { ATTACHMENT_BYTES_DEFAULT } from './attachment.js'
import { namesAfter } from './difference-names.js'
import type { FindingPath } from './finding.js'
import { ALL_KEYWORDS, NOTE_KEYWORDS } from './schema-keywords.js'

/** Mildest first. */
export const DIFFERENCE_KINDS = ['compatible', 'care', 'breaking'] as const

/**
 * What a change of the network file means for whoever writes and reads records. `compatible`: each record that was accepted
 * still is, on the same state. `care`: some may be refused from then on, or others decide. `breaking`: whoever writes or reads
 * as before cannot go on.
 */
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number]

export interface DifferenceClass {
  readonly kind: DifferenceKind
  /** Why, for people. */
  readonly why: string
}

/** Both network definitions as wholes, since what a part means depends on what stands beside it. */
export interface Sides {
  readonly before: Json
  readonly after: Json
}

/** Classifies one difference by where it stands and what stood and stands there; undefined where there is nothing. */
export function classOfDifference(
  path: FindingPath,
  before: Json | undefined,
  after: Json | undefined,
  sides: Sides
): DifferenceClass {
  const [top, name, member, ...rest] = path.map(String)
  if (top === 'title') return TEXT
  if (top === 'roles') return classOfRole(path, before, after, sides)
  if (top === 'removed') return OBJECT_REMOVED
  if (top !== 'objects' || name === undefined) return care('others decide, or more or fewer of them')
  if (at(sides.before, ['objects', name]) === undefined) return compatible('a new kind of record')
  if (at(sides.after, ['objects', name]) === undefined) return classOfObjectGone(name, sides)
  if (member === 'title') return TEXT
  if (member === 'key') return classOfKey(name, before, after, sides)
  if (member === 'aliases') return classOfAlias(before, after)
  if (member === 'removed') return breaking('no new record can have them, and rules do not see them in older ones')
  if (member === 'order') return classOfOrder(name, before, after, sides)
  if (member === 'amend') return classOfAmend(path, sides)
  if (member === 'rules') return classOfRule(rest, before, after)
  if (member === 'writers') return classOfWriters(before, after)
  if (member === 'limits') return classOfLimit(rest, before, after)
  if (member === 'unique') return classOfUnique(before, after)
  if (member === 'references') return classOfReference(path, rest, before, after, sides)
  return classOfSchema(path, 3, before, after, sides)
}

const TEXT: DifferenceClass = { kind: 'compatible', why: 'a text for people' }
const DEFINITION: DifferenceClass = { kind: 'compatible', why: 'it says something only where it is used' }
const LOOSER: DifferenceClass = { kind: 'compatible', why: 'more is accepted' }
const STRICTER: DifferenceClass = { kind: 'care', why: 'less is accepted: whoever appends may have to change' }

const OBJECT_REMOVED: DifferenceClass = {
  kind: 'breaking',
  why: 'nothing can be appended to it any more; its records can still be read'
}

function compatible(why: string): DifferenceClass {
  return { kind: 'compatible', why }
}

function care(why: string): DifferenceClass {
  return { kind: 'care', why }
}

function breaking(why: string): DifferenceClass {
  return { kind: 'breaking', why }
}

function classOfObjectGone(name: string, { after }: Sides): DifferenceClass {
  const removed = at(after, ['removed'])
  const isListed = Array.isArray(removed) && removed.includes(name)
  return isListed ? OBJECT_REMOVED : breaking('its records would be out of sight')
}

function classOfKey(object: string, before: Json | undefined, after: Json | undefined, sides: Sides): DifferenceClass {
  if (sameNames(renamed(object, before, sides), after)) return care('a field of it has another name: its values stay')
  return breaking('its records would not be found by their key')
}

function classOfAlias(before: Json | undefined, after: Json | undefined): DifferenceClass {
  if (after === undefined) return breaking('what older records call so is not read any more')
  if (before !== undefined) return compatible('it leads to what the field is called now')
  return care(`whoever appends must write ${String(after)} instead; older records are read under it`)
}

/** Names of fields as they are called afterwards, without those that are removed. */
function renamed(object: string, names: Json | undefined, { before, after }: Sides): Json[] {
  const { nameOf } = namesAfter(at(before, ['objects', object]), at(after, ['objects', object]))
  const list = Array.isArray(names) ? names : []
  return list.map((name) => nameOf(String(name))).filter((name) => name !== null)
}

function sameNames(list: readonly Json[], other: Json | undefined): boolean {
  return JSON.stringify(list) === JSON.stringify(other)
}

function classOfRole(
  path: FindingPath,
  before: Json | undefined,
  after: Json | undefined,
  sides: Sides
): DifferenceClass {
  const role = path.slice(0, 2)
  if (at(sides.before, role) === undefined) return compatible('a new role')
  if (at(sides.after, role) === undefined) return care('nobody can have this role any more')
  if (path[2] !== 'append') return care('others decide, or more or fewer of them')
  if (isSuperset(after, before)) return compatible('partners of this role may append more')
  return care('partners of this role may append less')
}

function classOfOrder(
  object: string,
  before: Json | undefined,
  after: Json | undefined,
  sides: Sides
): DifferenceClass {
  if (before === undefined) return care('dates say what comes before what, from the newest record of each key on')
  return after === undefined
    ? care('a record that comes late is the newest')
    : sameNames(renamed(object, [before], sides), [after])
      ? compatible('the same date, as it is called now')
      : care('another date says what comes before what')
}

function classOfAmend(path: FindingPath, { before, after }: Sides): DifferenceClass {
  const amend = path.slice(0, 3)
  if (at(before, amend) === undefined) return compatible('records can be amended from then on')
  if (at(after, amend) === undefined) return care('records cannot be amended any more')
  return care('others amend records, or have to approve')
}

function classOfRule(
  [id, part]: readonly string[],
  before: Json | undefined,
  after: Json | undefined
): DifferenceClass {
  if (id === undefined) return compatible('of several rules that a record breaks, another one is named')
  if (part === 'message') return TEXT
  if (after === undefined) return compatible('what it refused is accepted')
  return care(
    before === undefined
      ? 'what it refuses was accepted: ledger rehearse lists it'
      : 'other records may be refused: ledger rehearse lists them'
  )
}

function classOfReference(
  path: FindingPath,
  [, part]: readonly string[],
  before: Json | undefined,
  after: Json | undefined,
  sides: Sides
): DifferenceClass {
  const reference = path.slice(0, 4)
  if (at(sides.after, reference) === undefined) return compatible('records are no longer held against it')
  if (part === 'required') {
    if (after === true) return care('records that point to nothing are refused')
    return compatible('records may point to nothing')
  }
  if (at(sides.before, reference) === undefined) return compatible('rules can see what a record points to')
  if (part === 'key' && sameNames(renamed(String(path[1]), before, sides), after))
    return compatible('the same fields, as they are called now')
  return before === after ? TEXT : care('records point to something else')
}

function classOfLimit(
  [id, part]: readonly string[],
  before: Json | undefined,
  after: Json | undefined
): DifferenceClass {
  if (id === undefined) return compatible('of several limits that a record exceeds, another one is named')
  if (part === 'message') return TEXT
  if (part === undefined) {
    if (after === undefined) return compatible('what it refused is accepted')
    return care('what it refuses was accepted: it counts the records that are accepted from then on')
  }
  if (part !== 'count' && part !== 'max') return care('it counts something else, and begins to count anew')
  if (before === undefined || after === undefined) return care('it counts something else, and begins to count anew')
  // Decimals with more digits than a number holds count as stricter.
  return Number(after) > Number(before) ? LOOSER : STRICTER
}

function classOfWriters(before: Json | undefined, after: Json | undefined): DifferenceClass {
  if (after === undefined) return compatible('whoever may append may set the field')
  if (before === undefined) return care('who has another role may not set the field any more')
  if (isSuperset(after, before)) return compatible('more roles may set the field')
  return care('roles that may set the field may not any more')
}

function classOfUnique(before: Json | undefined, after: Json | undefined): DifferenceClass {
  if (isSuperset(before ?? [], after ?? [])) return compatible('things may share what they could not')
  return care('what another thing has is refused: records that stand already do not count')
}

/** @param from how much of the path leads to the schema that is looked at */
function classOfSchema(
  path: FindingPath,
  from: number,
  before: Json | undefined,
  after: Json | undefined,
  sides: Sides
): DifferenceClass {
  const [keyword, name] = path.slice(from).map(String)
  if (keyword === undefined) return care('the field is another one')
  if (keyword === 'properties' && name !== undefined) {
    if (path.length > from + 2) return classOfSchema(path, from + 2, before, after, sides)
    return from === 3 ? classOfOwnField(path, before, after, sides) : classOfField(path, from, before, after, sides)
  }
  if (keyword === 'required' && from === 3 && Array.isArray(before)) {
    const asNow = renamed(String(path[1]), before, sides)
    if (!isSuperset(asNow, before) && isSuperset(asNow, after))
      return care('the fields of before, as they are called now')
  }
  if (keyword === '$defs' && name !== undefined) {
    if (path.length > from + 2) return classOfSchema(path, from + 2, before, after, sides)
    return before !== undefined && after !== undefined ? care('the definition is another one') : DEFINITION
  }
  if ((keyword === 'items' || keyword === 'additionalProperties') && path.length > from + 1) {
    return classOfSchema(path, from + 1, before, after, sides)
  }
  if (keyword === 'required') return classOfRequired(before, after, at(sides.after, path.slice(0, from)))
  return classOfKeyword(keyword, before, after)
}

/** A field of the object itself: it may be renamed or removed. */
function classOfOwnField(
  path: FindingPath,
  before: Json | undefined,
  after: Json | undefined,
  sides: Sides
): DifferenceClass {
  const [object, field] = [path.slice(0, 2), String(path[4])]
  const names = namesAfter(at(sides.before, object), at(sides.after, object))
  const now = names.nameOf(field)
  if (after === undefined && now !== null && now !== field)
    return care(`it is called ${now} now: whoever appends must write that`)
  const former = names.formerOf(field)
  const plain = classOfField(path, 3, before, after, sides)
  if (before !== undefined || former === undefined || plain.kind !== 'compatible') return plain
  const was = at(sides.before, [...path.slice(0, 4), former])
  if (JSON.stringify(was) === JSON.stringify(after)) return compatible(`it was called ${former}`)
  return care(`it was called ${former}, and other values are accepted`)
}

function classOfField(
  path: FindingPath,
  from: number,
  before: Json | undefined,
  after: Json | undefined,
  sides: Sides
): DifferenceClass {
  if (after === undefined) return breaking('older records have it, and whoever sends it is refused')
  if (before !== undefined) return care('the field is another one')
  const parent = at(sides.before, path.slice(0, from))
  const isClosed = isObject(parent) && parent.additionalProperties === false
  if (isClosed) return compatible('older records do not have it')
  return care('records could have a field of this name already, with anything in it')
}

function classOfKeyword(keyword: string, before: Json | undefined, after: Json | undefined): DifferenceClass {
  if (NOTE_KEYWORDS.includes(keyword)) return TEXT
  if (keyword === '$defs') return DEFINITION
  switch (keyword) {
    case 'default':
      if (before === undefined) return compatible("the author's node fills it in where it is left out")
      return care('where it is left out something else is written, or it is missing')
    case 'type':
      return classOfType(before, after)
    case 'scale':
      return breaking('numbers of older records have other digits')
    case 'maxBytes':
      return Number(after ?? ATTACHMENT_BYTES_DEFAULT) > Number(before ?? ATTACHMENT_BYTES_DEFAULT) ? LOOSER : STRICTER
    case 'mediaTypes':
    case 'enum':
      return after === undefined || (before !== undefined && isSuperset(after, before)) ? LOOSER : STRICTER
    case 'additionalProperties':
      if (before === false || after === true || after === undefined) return LOOSER
      return STRICTER
    case 'uniqueItems':
      return after === true ? STRICTER : LOOSER
    default:
      return classOfBound(keyword, before, after)
  }
}

/** @param schema that of after in which it stands */
function classOfRequired(before: Json | undefined, after: Json | undefined, schema: Json | undefined): DifferenceClass {
  if (isSuperset(before ?? [], after ?? [])) return care('rules and readers may find it missing')
  const fields = schema === undefined ? undefined : at(schema, ['properties'])
  const added = (Array.isArray(after) ? after : []).filter((name) => !isSuperset(before ?? [], [name]))
  const isFilled = added.every((name) => at(fields ?? null, [String(name), 'default']) !== undefined)
  if (isFilled) return care("it must be there; the author's node fills it in where it is left out")
  return breaking('whoever appends must send it from then on')
}

function classOfType(before: Json | undefined, after: Json | undefined): DifferenceClass {
  if (before === undefined || after === undefined) return care('other values are accepted')
  const [was, is] = [before, after].map((type) => (Array.isArray(type) ? type : [type])) as [Json[], Json[]]
  if (isSuperset(is, was)) return LOOSER
  return isSuperset(was, is) ? STRICTER : breaking('older records have values of another type')
}

const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']
const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']

/** Bounds may be written as texts, as those of decimals are. */
function classOfBound(keyword: string, before: Json | undefined, after: Json | undefined): DifferenceClass {
  if (!ALL_KEYWORDS.includes(keyword) || keyword === '$ref') return care('the field is another one')
  if (after === undefined) return LOOSER
  if (before === undefined) return STRICTER
  // Decimals with more digits than a number holds count as stricter.
  if (UPPER.includes(keyword)) return Number(after) > Number(before) ? LOOSER : STRICTER
  if (LOWER.includes(keyword)) return Number(after) < Number(before) ? LOOSER : STRICTER
  return STRICTER
}

/** Whether a list holds all that another one holds. */
function isSuperset(list: Json | undefined, other: Json | undefined): boolean {
  if (!Array.isArray(list) || !Array.isArray(other)) return false
  const texts = new Set(list.map((item) => JSON.stringify(item)))
  return other.every((item) => texts.has(JSON.stringify(item)))
}

function at(json: Json, path: FindingPath): Json | undefined {
  let here: Json | undefined = json
  for (const name of path) {
    if (!isObject(here) || !Object.hasOwn(here, String(name))) return undefined
    here = here[String(name)]
  }
  return here
}

function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
