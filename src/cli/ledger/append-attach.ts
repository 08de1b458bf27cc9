import type { ApiClient } from '../../api/client.js'
import { LedgerError, type Refusal } from '../../base/errors.js'
import type { JsonObject } from '../../base/json.js'
import { jsonPointer } from '../../base/json-scan.js'
import { readJson } from '../../base/strict-json.js'
import { decodeUtf8 } from '../../base/utf8.js'
import type { Attachment } from '../../ledger/attachment.js'
import { usage } from '../failure.js'
import type { Input } from './append-input.js'
import { type LocalFile, readLocalFile } from './attachment-file.js'
import { putFile } from './put-file.js'

/** A file for a field of the record that is appended. */
export interface FieldFile {
  readonly field: string
  /** Whether the field is a list, in which the file is one. */
  readonly isItem: boolean
  readonly file: string
}

/** Bytes of the one record that is filled in. */
const RECORD_BYTES_MAX = 1024 * 1024

/** Files of one record. */
const FILES_MAX = 100

/** Adds a `FIELD=FILE` or `FIELD[]=FILE` to those before. @throws LedgerError USAGE */
export function gatherFieldFile(text: string, before: readonly FieldFile[]): readonly FieldFile[] {
  const at = text.indexOf('=')
  const left = text.slice(0, Math.max(at, 0))
  const isItem = left.endsWith('[]')
  const field = isItem ? left.slice(0, -2) : left
  const file = text.slice(at + 1)
  if (field === '' || file === '') throw usage(`'${text}' is not FIELD=FILE`, 'such as --attach report=report.pdf')
  if (before.length >= FILES_MAX) throw usage(`one record gets at most ${FILES_MAX} files`)
  if (before.some((other) => other.field === field && !(isItem && other.isItem))) {
    throw usage(`two files are given for ${field}`, `for a list write --attach ${field}[]=FILE for each of them`)
  }
  return [...before, { field, isItem, file }]
}

/**
 * The one record of an input with its files filled in. They are put in at the node first, unless the record cannot be taken
 * anyway.
 * @throws LedgerError USAGE when there is not exactly one record, or it has such a field already
 */
export async function fillIn(
  client: ApiClient,
  object: string,
  input: Input,
  files: readonly FieldFile[]
): Promise<Input> {
  const { line, text, record } = await onlyRecord(input)
  const taken = files.find(({ field }) => Object.hasOwn(record, field))
  if (taken !== undefined) throw usage(`the record has a field ${taken.field} already`, 'leave it out of the record')
  const locals: LocalFile[] = []
  for (const { file } of files) locals.push(await readLocalFile(file))
  const filled = withFields(text, record, fieldsOf(files, locals))
  const refusal = await client.check(object, filled)
  if (refusal?.code === 'SCHEMA') {
    await assertForm(refusal, files, (others) =>
      client.check(object, withFields(text, record, fieldsOf(others, locals)))
    )
  }
  // The append says so in its own way; whoever gets it right the next time puts the file in then.
  if (refusal?.code !== 'SCHEMA') for (const local of locals) await putFile(client, local)
  // In its line, so that what is said of it names that.
  const bytes = Buffer.from(`${'\n'.repeat(line - 1)}${filled}\n`)
  return { ...input, chunks: oneChunk(bytes), bytes: () => bytes.length, bytesTotal: bytes.length }
}

/** Where a field is refused that would be taken as a list, or as no list, this is what is wrong. @throws LedgerError USAGE */
async function assertForm(
  refusal: Refusal,
  files: readonly FieldFile[],
  check: (others: readonly FieldFile[]) => Promise<Refusal | null>
): Promise<void> {
  const wrong = files.find(({ field }) => refusal.path === jsonPointer([field]))
  if (wrong === undefined) return
  const { field, isItem } = wrong
  const others = files.map((file) => (file.field === field ? { ...file, isItem: !isItem } : file))
  if ((await check(others))?.path === refusal.path) return
  throw isItem
    ? usage(`${field} is no list`, `write --attach ${field}=FILE`)
    : usage(`${field} is a list`, `write --attach ${field}[]=FILE for each file`)
}

async function onlyRecord({ chunks }: Input): Promise<{ line: number; text: string; record: JsonObject }> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of chunks) {
    bytes += piece.length
    if (bytes > RECORD_BYTES_MAX) throw notOne('the input is larger than one')
    pieces.push(piece)
  }
  const decoded = decodeUtf8(Buffer.concat(pieces))
  if (!decoded.ok) throw new LedgerError(decoded.refusal.code, decoded.refusal.message)
  const whole = readJson(decoded.value)
  if (whole.ok && decoded.value.trim().includes('\n')) {
    throw usage(
      'the input is one JSON value over several lines, and append reads NDJSON: one record a line',
      'write it in one line, for example with: jq -c . FILE'
    )
  }
  const lines = decoded.value.split('\n').map((text, index) => ({ line: index + 1, text: text.trim() }))
  const [first, ...others] = lines.filter(({ text }) => text !== '')
  if (first === undefined || others.length > 0) throw notOne(`there are ${first === undefined ? 0 : others.length + 1}`)
  const read = readJson(first.text)
  if (!read.ok) throw new LedgerError(read.refusal.code, `the record: ${read.refusal.message}`)
  const record = read.value
  if (typeof record === 'object' && record !== null && !Array.isArray(record)) return { ...first, record }
  throw new LedgerError('MALFORMED', 'the record is not a JSON object')
}

function notOne(why: string): LedgerError {
  return usage(
    `--attach fills in one record, and ${why}`,
    'give NDJSON, one JSON object in one line; for several records use: ledger attach FILE'
  )
}

function fieldsOf(files: readonly FieldFile[], locals: readonly LocalFile[]): Map<string, Attachment | Attachment[]> {
  const fields = new Map<string, Attachment | Attachment[]>()
  files.forEach(({ field, isItem }, index) => {
    const { value } = locals[index]!
    const before = fields.get(field)
    fields.set(field, isItem ? [...(Array.isArray(before) ? before : []), value] : value)
  })
  return fields
}

/** As text, so that numbers stay as they were written. */
function withFields(text: string, record: JsonObject, fields: ReadonlyMap<string, unknown>): string {
  const members = [...fields].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  const separator = Object.keys(record).length === 0 ? '' : ','
  return `${text.slice(0, -1)}${separator}${members.join(',')}}`
}

async function* oneChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk
}
