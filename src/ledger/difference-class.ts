import type { Json, JsonObject } from '../base/json.js'
import { ATTACHMENT_BYTES_DEFAULT } from './attachment.js'
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
  if (top !== 'objects' || name === undefined) return care('others decide, or more or fewer of them')
  if (at(sides.before, ['objects', name]) === undefined) return compatible('a new kind of record')
  if (at(sides.after, ['objects', name]) === undefined) return breaking('its records would be out of sight')
  if (member === 'title') return TEXT
  if (member === 'key') return breaking('its records would not be found by their key')
  if (member === 'rules') return classOfRule(rest, before, after)
  if (member === 'references') return classOfReference(path, rest, before, after, sides)
  return classOfSchema(path, 3, before, after, sides)
}

const TEXT: DifferenceClass = { kind: 'compatible', why: 'a text for people' }
const DEFINITION: DifferenceClass = { kind: 'compatible', why: 'it says something only where it is used' }
const LOOSER: DifferenceClass = { kind: 'compatible', why: 'more is accepted' }
const STRICTER: DifferenceClass = { kind: 'care', why: 'less is accepted: whoever appends may have to change' }

function compatible(why: string): DifferenceClass {
  return { kind: 'compatible', why }
}

function care(why: string): DifferenceClass {
  return { kind: 'care', why }
}

function breaking(why: string): DifferenceClass {
  return { kind: 'breaking', why }
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
  return before === after ? TEXT : care('records point to something else')
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
    return classOfField(path, from, before, after, sides)
  }
  if (keyword === '$defs' && name !== undefined) {
    if (path.length > from + 2) return classOfSchema(path, from + 2, before, after, sides)
    return before !== undefined && after !== undefined ? care('the definition is another one') : DEFINITION
  }
  if ((keyword === 'items' || keyword === 'additionalProperties') && path.length > from + 1) {
    return classOfSchema(path, from + 1, before, after, sides)
  }
  return classOfKeyword(keyword, before, after)
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
    case 'required':
      if (isSuperset(before ?? [], after ?? [])) return care('rules and readers may find it missing')
      return breaking('whoever appends must send it from then on')
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
