import { canonicalText, readCanonical } from '../base/canonical.js'
import { accept, type Outcome, refuse } from '../base/errors.js'
import { isHash, isPartnerId, isSignature } from '../base/ids.js'
import type { Json } from '../base/json.js'
import { keyFromText } from '../base/keys.js'
import { PARTNERS_MAX } from '../base/limits.js'
import { type BatchHeader, shapeOfBatchHeader } from './batch.js'
import { type BlockHeader, shapeOfHeader } from './block.js'
import { type Certificate, shapeOfCertificate } from './certificate.js'
import { asArray, asInteger, asObject, asString, asText, type MemberPath, membersOf, ShapeError } from './json-shape.js'
import type { PartnerSet } from './partner-set.js'
import { type Recovery, shapeOfRecovery } from './recovery.js'

/** A block that a receipt rests on, with the path from an older block's hash to this one's `history`. */
export interface LinkedBlock {
  readonly certificate: Certificate
  readonly header: BlockHeader
  readonly path: readonly string[]
}

/** A block that decided a new partner set: `set` is in force from the height after the next. */
export type SetChange = LinkedBlock & { readonly set: PartnerSet }

/** A recovery between the genesis and the newest block: `set` is in force from the block after it. */
export interface PassedRecovery extends Recovery {
  /** From the last block of the epoch that it ended to the newest block. */
  readonly path: readonly string[]
  readonly set: PartnerSet
}

/** What amends the record of a receipt: receipts of the amendment, and of the word by which it was approved. */
export interface AmendedProof {
  readonly amendment: Receipt
  /** Absent where nobody had to approve. */
  readonly approval?: Receipt
}

/** Members as docs/formats.md, "Receipt", has them. */
export interface Receipt {
  /** Absent where nothing amends it; each amends the one before. Their receipts have none themselves. */
  readonly amended?: readonly AmendedProof[]
  readonly format: 1
  readonly genesis: string
  readonly epoch: number
  readonly record: string
  readonly index: number
  readonly recordPath: readonly string[]
  readonly batch: BatchHeader
  readonly signature: string
  readonly position: number
  readonly batchPath: readonly string[]
  /** The verdict leaf, read as JSON. */
  readonly verdict: Json[]
  readonly verdictIndex: number
  readonly verdictPath: readonly string[]
  readonly header: BlockHeader
  readonly certificate: Certificate
  readonly recent: LinkedBlock | null
  readonly changes: readonly SetChange[]
  /** Absent where there was none. */
  readonly recoveries?: readonly PassedRecovery[]
  readonly set: PartnerSet
}

/** Longest receipt, characters: a record of the largest size and a certificate of all partners fit many times. */
export const RECEIPT_CHARS_MAX = 16 * 1024 * 1024

/** Amendments of one record, one of the other, that a receipt tells of. */
export const AMENDED_MAX = 16

/** Recoveries that a receipt may pass over. */
const RECOVERIES_MAX = 1024

const MEMBERS = [
  'batch',
  'batchPath',
  'certificate',
  'changes',
  'epoch',
  'format',
  'genesis',
  'header',
  'index',
  'position',
  'recent',
  'record',
  'recordPath',
  'set',
  'signature',
  'verdict',
  'verdictIndex',
  'verdictPath'
]

/** Canonical text of a receipt. */
export function receiptText(receipt: Receipt): string {
  return canonicalText(receipt as unknown as Json)
}

/** Reads a receipt's canonical text, with or without the newline it is printed with. Refusal MALFORMED. */
export function readReceipt(input: string): Outcome<Receipt> {
  const json = readCanonical(input.endsWith('\n') ? input.slice(0, -1) : input, RECEIPT_CHARS_MAX)
  if (!json.ok) return json
  try {
    return accept(shapeOfReceipt(json.value))
  } catch (error) {
    if (error instanceof ShapeError) return refuse('MALFORMED', `receipt: ${error.message}`, { path: error.path })
    throw error
  }
}

function shapeOfReceipt(json: Json): Receipt {
  const given = asObject(json, '')
  const passes = Object.hasOwn(given, 'recoveries')
  const isAmended = Object.hasOwn(given, 'amended')
  const more = [...(passes ? ['recoveries'] : []), ...(isAmended ? ['amended'] : [])]
  const receipt = membersOf(json, '', [...MEMBERS, ...more])
  if (isAmended) asArray(receipt.amended, '/amended', AMENDED_MAX).forEach(shapeOfAmended)
  if (receipt.format !== 1) throw new ShapeError('/format', 'is of a version this software does not know')
  asText(receipt.genesis, '/genesis', isHash, 'a hash')
  asInteger(receipt.epoch, '/epoch', 0, 2 ** 31)
  asString(receipt.record, '/record', RECEIPT_CHARS_MAX)
  for (const name of ['index', 'position', 'verdictIndex']) {
    asInteger(receipt[name], `/${name}`, 0, 2 ** 20)
  }
  for (const name of ['recordPath', 'batchPath', 'verdictPath']) shapeOfPath(receipt[name], `/${name}`)
  shapeOfBatchHeader(receipt.batch)
  asText(receipt.signature, '/signature', isSignature, 'a signature')
  asArray(receipt.verdict, '/verdict', 5)
  shapeOfHeader(receipt.header)
  shapeOfCertificate(receipt.certificate)
  if (receipt.recent !== null) shapeOfLinked(membersOf(receipt.recent, '/recent', ['certificate', 'header', 'path']))
  asArray(receipt.changes, '/changes', 2 ** 16).forEach((change, index) => {
    const members = membersOf(change, `/changes/${index}`, ['certificate', 'header', 'path', 'set'])
    shapeOfLinked(members)
    shapeOfSet(members.set, `/changes/${index}/set`)
  })
  if (passes) {
    asArray(receipt.recoveries, '/recoveries', RECOVERIES_MAX).forEach((item, index) => {
      const at = `/recoveries/${index}`
      const { document, path, set, signatures } = membersOf(item, at, ['document', 'path', 'set', 'signatures'])
      shapeOfRecovery({ document: document ?? null, signatures: signatures ?? null }, at)
      shapeOfPath(path, `${at}/path`)
      shapeOfSet(set, `${at}/set`)
    })
  }
  shapeOfSet(receipt.set, '/set')
  return receipt as unknown as Receipt
}

function shapeOfAmended(json: Json, index: number): void {
  const at = `/amended/${index}`
  const isApproved = Object.hasOwn(asObject(json, at), 'approval')
  const proof = membersOf(json, at, isApproved ? ['amendment', 'approval'] : ['amendment'])
  for (const receipt of Object.values(proof)) {
    if (Object.hasOwn(asObject(receipt, at), 'amended')) throw new ShapeError(at, 'has amendments of its own')
    shapeOfReceipt(receipt)
  }
}

function shapeOfLinked(linked: { [member: string]: Json }): void {
  shapeOfCertificate(linked.certificate)
  shapeOfHeader(linked.header)
  shapeOfPath(linked.path, '/path')
}

function shapeOfPath(json: Json | undefined, path: MemberPath): void {
  for (const hash of asArray(json, path, 64)) asText(hash, path, isHash, 'a list of hashes')
}

const PARTNER_STATES = ['pending', 'active', 'suspended', 'removed']

/** Checks the shape of a partner set. Throws ShapeError. */
export function shapeOfSet(json: Json | undefined, path: MemberPath): PartnerSet {
  const set = membersOf(json, path, ['epoch', 'partners', 'quorum'])
  asInteger(set.epoch, `${path}/epoch`, 0, 2 ** 31)
  asText(set.quorum, `${path}/quorum`, (text) => text === 'two-thirds' || text === 'majority', 'a quorum rule')
  let before = ''
  for (const json of asArray(set.partners, `${path}/partners`, PARTNERS_MAX)) {
    const at = `${path}/partners/${before === '' ? 'first' : `after ${before}`}`
    const partner = membersOf(asObject(json, at), at, ['id', 'incarnation', 'key', 'role', 'state', 'voter'])
    before = asText(partner.id, `${at}/id`, (id) => isPartnerId(id) && id > before, 'a partner id in sorted order')
    asInteger(partner.incarnation, `${at}/incarnation`, 0, 2 ** 31)
    asText(partner.key, `${at}/key`, (key) => keyFromText(key) !== null, 'a key')
    asString(partner.role, `${at}/role`, 64)
    asText(partner.state, `${at}/state`, (state) => PARTNER_STATES.includes(state), 'a partner state')
    if (typeof partner.voter !== 'boolean') throw new ShapeError(`${at}/voter`, 'must be true or false')
  }
  return set as unknown as PartnerSet
}

/** A block that somebody trusts, with the partner set in force at it, taken from a partner one trusts. */
export interface Checkpoint {
  readonly genesis: string
  readonly hash: string
  readonly height: number
  readonly set: PartnerSet
}

/** Reads a checkpoint in any JSON layout. Refusal MALFORMED. */
export function shapeOfCheckpoint(json: Json): Outcome<Checkpoint> {
  try {
    const checkpoint = membersOf(json, '', ['genesis', 'hash', 'height', 'set'])
    return accept({
      genesis: asText(checkpoint.genesis, '/genesis', isHash, 'a hash'),
      hash: asText(checkpoint.hash, '/hash', isHash, 'a hash'),
      height: asInteger(checkpoint.height, '/height', 0, Number.MAX_SAFE_INTEGER),
      set: shapeOfSet(checkpoint.set, '/set')
    })
  } catch (error) {
    if (error instanceof ShapeError) return refuse('MALFORMED', `checkpoint: ${error.message}`)
    throw error
  }
}
