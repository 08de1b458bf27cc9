import type { Json, JsonObject } from '../base/json.js'
import { quote } from './finding.js'
import type { AttachmentSchema, FieldSchema } from './schema-type.js'

/** What a record says of a file that belongs to it; the file itself is on no chain. */
export interface Attachment {
  readonly bytes: number
  /** SHA-256 of the file, 64 hex digits. */
  readonly hash: string
  readonly name: string
  /** Media type. */
  readonly type: string
}

/** Most bytes of one file, whatever a schema says. */
export const ATTACHMENT_BYTES_MAX = 100_000_000

/** Most bytes of a file where the schema does not say. */
export const ATTACHMENT_BYTES_DEFAULT = 10_000_000

/** Code points of a file's name. */
export const ATTACHMENT_NAME_CHARS_MAX = 200

/** Characters of a media type. */
export const MEDIA_TYPE_CHARS_MAX = 127

const MEMBERS = ['bytes', 'hash', 'name', 'type']

const HASH = /^[0-9a-f]{64}$/
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/

/**
 * Code points that no name of a file has: control characters, line separators, and what turns the direction of writing,
 * which would let a name look like another. From and to, inclusive.
 */
const NOT_IN_NAMES: readonly (readonly [number, number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0x2028, 0x202e],
  [0x2066, 0x2069]
]

/** Whether a text is the hash of a file as records write it. */
export function isAttachmentHash(text: string): boolean {
  return HASH.test(text)
}

/** Whether a text is a media type such as `application/pdf`: lower case, without parameters. */
export function isMediaType(text: string): boolean {
  return text.length <= MEDIA_TYPE_CHARS_MAX && MEDIA_TYPE.test(text)
}

/** Why a text cannot be the name of a file; null when it can. */
export function attachmentNameProblem(name: string): string | null {
  const chars = [...name.slice(0, 2 * ATTACHMENT_NAME_CHARS_MAX + 2)].length
  if (chars === 0 || chars > ATTACHMENT_NAME_CHARS_MAX) return `must have 1 to ${ATTACHMENT_NAME_CHARS_MAX} characters`
  if (name === '.' || name === '..' || /[/\\]/.test(name) || [...name].some(isNotInNames))
    return `must be the name of a file, without folders and control characters, not ${quote(name)}`
  return null
}

function isNotInNames(char: string): boolean {
  const point = char.codePointAt(0) ?? 0
  return NOT_IN_NAMES.some(([from, to]) => point >= from && point <= to)
}

/** What is wrong with a value, and which member of it; `member` is null for the value as a whole. */
export interface AttachmentProblem {
  readonly member: string | null
  readonly problem: string
}

/** What looks like an attachment to those who do not know the schema; null when it is none. */
export function asAttachment(value: Json): Attachment | null {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return null
  const { bytes, hash, name, type, ...others } = value
  const isOne = typeof hash === 'string' && isAttachmentHash(hash) && Object.keys(others).length === 0
  const isWhole = typeof bytes === 'number' && typeof name === 'string' && typeof type === 'string'
  return isOne && isWhole ? { bytes, hash, name, type } : null
}

/** Why a value is no attachment of this field; null when it is one. */
export function attachmentProblem(schema: AttachmentSchema, value: JsonObject): AttachmentProblem | null {
  const missing = MEMBERS.find((name) => !Object.hasOwn(value, name))
  if (missing !== undefined) return { member: missing, problem: 'is missing' }
  const unknown = Object.keys(value).find((name) => !MEMBERS.includes(name))
  if (unknown !== undefined)
    return { member: null, problem: `has a member ${quote(unknown)}; an attachment has ${MEMBERS.join(', ')}` }
  const { bytes, hash, name, type } = value
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0)
    return { member: 'bytes', problem: `must be the size of the file, not ${quote(bytes)}` }
  if (bytes > schema.bytesMax)
    return { member: 'bytes', problem: `must be at most ${schema.bytesMax}, not ${quote(bytes)}` }
  if (typeof hash !== 'string' || !HASH.test(hash))
    return { member: 'hash', problem: `must be the SHA-256 of the file, 64 hex digits, not ${quote(hash)}` }
  if (typeof name !== 'string') return { member: 'name', problem: `must be the name of the file, not ${quote(name)}` }
  const problem = attachmentNameProblem(name)
  if (problem !== null) return { member: 'name', problem }
  return typeProblem(schema, type)
}

function typeProblem({ mediaTypes }: AttachmentSchema, type: Json | undefined): AttachmentProblem | null {
  if (typeof type !== 'string' || !isMediaType(type))
    return { member: 'type', problem: `must be a media type such as application/pdf, not ${quote(type)}` }
  if (mediaTypes === null || mediaTypes.includes(type)) return null
  const which = mediaTypes.length === 1 ? mediaTypes[0] : `one of ${mediaTypes.join(', ')}`
  return { member: 'type', problem: `must be ${which}, not ${quote(type)}` }
}

/** Attachments in data that has passed the check of its schema, in the order of the data. */
export function attachmentsIn(schema: FieldSchema, data: Json): Attachment[] {
  const found: Attachment[] = []
  collect(schema, data, found)
  return found
}

function collect(schema: FieldSchema, data: Json, found: Attachment[]): void {
  if (data === null || typeof data !== 'object') return
  if (schema.kind === 'attachment') found.push(data as unknown as Attachment)
  else if (schema.kind === 'list' && Array.isArray(data) && hasAttachment(schema.items)) {
    for (const item of data) collect(schema.items, item, found)
  } else if (schema.kind === 'object' && !Array.isArray(data)) {
    for (const [name, value] of Object.entries(data)) {
      const field = schema.properties.get(name) ?? schema.additional
      if (field !== null) collect(field, value, found)
    }
  }
}

/** Whether data of this schema can have attachments. */
export function hasAttachment(schema: FieldSchema): boolean {
  if (schema.kind === 'attachment') return true
  if (schema.kind === 'list') return hasAttachment(schema.items)
  if (schema.kind !== 'object') return false
  if (schema.additional !== null && hasAttachment(schema.additional)) return true
  return [...schema.properties.values()].some(hasAttachment)
}
