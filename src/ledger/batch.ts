import { canonicalText, readCanonical } from '../base/canonical.js'
import { sha256Hex, verifySignature } from '../base/crypto.js'
import { accept, type Outcome, refuse } from '../base/errors.js'
import { isHash, isPartnerId, isSignature } from '../base/ids.js'
import type { Json, JsonObject } from '../base/json.js'
import { merkleRootOf } from '../base/merkle.js'
import type { Scope } from '../base/tagged.js'
import { taggedBytes } from '../base/tagged.js'
import { utf8Length } from '../base/utf8.js'
import type { Limits } from './genesis.js'
import { asInteger, asText, type MemberPath, membersOf, ShapeError } from './json-shape.js'

/** What the author signs (docs/formats.md, "Batch"). */
export interface BatchHeader {
  readonly author: string
  /** Length of the body in bytes, newlines included. */
  readonly bytes: number
  readonly count: number
  readonly incarnation: number
  /** Merkle root over the records' texts. */
  readonly root: string
  readonly sequence: number
}

/** A batch whose structure, sizes and root are right. Whether its signature is, see {@link batchIsSigned}. */
export interface Batch {
  readonly header: BatchHeader
  readonly hash: string
  readonly signature: string
  /** Exact texts of the records, without newlines. */
  readonly records: readonly string[]
}

/** The tagged bytes that the author signs and whose hash names the batch. */
export function batchBytes(scope: Scope, header: BatchHeader): string {
  return taggedBytes('batch', scope, batchHeaderText(header))
}

export function batchHash(scope: Scope, header: BatchHeader): string {
  return sha256Hex(batchBytes(scope, header))
}

function batchHeaderText(header: BatchHeader): string {
  const { author, bytes, count, incarnation, root, sequence } = header
  return canonicalText({ author, bytes, count, incarnation, root, sequence })
}

/** The header over these records, ready to be signed. */
export function batchHeader(
  author: string,
  incarnation: number,
  sequence: number,
  records: readonly string[]
): BatchHeader {
  const bytes = records.reduce((sum, record) => sum + utf8Length(record) + 1, 0)
  return { author, bytes, count: records.length, incarnation, root: merkleRootOf(records), sequence }
}

/** The batch as it is stored and sent: one line of header and signature, then the body. */
export function encodeBatch(scope: Scope, batch: Batch): string {
  const { author, bytes, count, incarnation, root, sequence } = batch.header
  const line = canonicalText({
    epoch: scope.epoch,
    format: 1,
    genesis: scope.genesis,
    header: { author, bytes, count, incarnation, root, sequence },
    signature: batch.signature
  })
  return `${line}\n${batch.records.join('\n')}\n`
}

/** Longest first line a batch can have, bytes. */
export const BATCH_LINE_BYTES_MAX = 1024

/**
 * Reads a stored or received batch and checks structure, sizes and root against its header.
 * @returns refusal MALFORMED or TOO_LARGE; the batch is then invalid as a whole
 */
export function readBatch(scope: Scope, limits: Limits, text: string): Outcome<Batch> {
  const line = readBatchLine(scope, limits, text)
  if (!line.ok) return line
  const { header, signature, body } = line.value
  if (!body.endsWith('\n')) return refuse('MALFORMED', 'batch: the body does not end with a newline')
  const records = body.slice(0, -1).split('\n')
  if (records.length !== header.count) {
    return refuse('MALFORMED', `batch: ${records.length} records where its header says ${header.count}`)
  }
  if (utf8Length(body) !== header.bytes) return refuse('MALFORMED', 'batch: the body is not as long as its header says')
  if (merkleRootOf(records) !== header.root) return refuse('MALFORMED', 'batch: the records do not match the root')
  return accept({ header, hash: batchHash(scope, header), signature, records })
}

interface BatchLine {
  readonly header: BatchHeader
  readonly signature: string
  readonly body: string
}

function readBatchLine(scope: Scope, limits: Limits, text: string): Outcome<BatchLine> {
  const end = text.indexOf('\n')
  if (end < 0 || end > BATCH_LINE_BYTES_MAX) return refuse('MALFORMED', 'batch: no header line')
  const json = readCanonical(text.slice(0, end), BATCH_LINE_BYTES_MAX)
  if (!json.ok) return json
  try {
    const members = membersOf(json.value, '', ['epoch', 'format', 'genesis', 'header', 'signature'])
    if (members.format !== 1) return refuse('MALFORMED', 'batch: of a format this software does not know')
    if (members.genesis !== scope.genesis || members.epoch !== scope.epoch) {
      return refuse('MALFORMED', 'batch: of another network or epoch')
    }
    const header = shapeOfBatchHeader(members.header)
    const signature = asText(members.signature, '/signature', isSignature, 'a signature')
    if (header.bytes > limits.batchBytesMax) return refuse('TOO_LARGE', `batch: over ${limits.batchBytesMax} bytes`)
    if (header.count > limits.batchRecordsMax) {
      return refuse('TOO_LARGE', `batch: over ${limits.batchRecordsMax} records`)
    }
    return accept({ header, signature, body: text.slice(end + 1) })
  } catch (error) {
    if (error instanceof ShapeError) return refuse('MALFORMED', `batch: ${error.message}`)
    throw error
  }
}

const HEADER_MEMBERS = ['author', 'bytes', 'count', 'incarnation', 'root', 'sequence']

/** Checks the shape of a batch header. Throws ShapeError. */
export function shapeOfBatchHeader(json: Json | undefined): BatchHeader {
  return headerOf(membersOf(json, '/header', HEADER_MEMBERS), '/header')
}

/** Checks the shape of a batch header with its signature beside its members. Throws ShapeError. */
export function shapeOfSignedHeader(
  json: Json | undefined,
  path: MemberPath
): BatchHeader & { readonly signature: string } {
  const members = membersOf(json, path, [...HEADER_MEMBERS, 'signature'])
  const signature = asText(members.signature, `${path}/signature`, isSignature, 'a signature')
  return { ...headerOf(members, path), signature }
}

function headerOf(header: JsonObject, path: MemberPath): BatchHeader {
  return {
    author: asText(header.author, `${path}/author`, isPartnerId, 'a partner id'),
    bytes: asInteger(header.bytes, `${path}/bytes`, 1, 2 ** 31),
    count: asInteger(header.count, `${path}/count`, 1, 2 ** 20),
    incarnation: asInteger(header.incarnation, `${path}/incarnation`, 0, 2 ** 31),
    root: asText(header.root, `${path}/root`, isHash, 'a hash'),
    sequence: asInteger(header.sequence, `${path}/sequence`, 0, Number.MAX_SAFE_INTEGER - 1)
  }
}

/** Whether the author's key signed this batch. */
export function batchIsSigned(scope: Scope, batch: Pick<Batch, 'header' | 'signature'>, key: string): boolean {
  return verifySignature(key, batchBytes(scope, batch.header), batch.signature)
}
