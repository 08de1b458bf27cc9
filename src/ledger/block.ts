import { canonicalText, readCanonical } from '../base/canonical.js'
import { sha256Hex } from '../base/crypto.js'
import { accept, type Outcome, refuse } from '../base/errors.js'
import { isHash, isPartnerId } from '../base/ids.js'
import type { Json } from '../base/json.js'
import { merkleRootOfHashes } from '../base/merkle.js'
import type { Scope } from '../base/tagged.js'
import { taggedBytes } from '../base/tagged.js'
import { asInteger, asText, membersOf, ShapeError } from './json-shape.js'

/** A root and how many leaves it covers. */
export interface CountedRoot {
  readonly count: number
  readonly root: string
}

/** Members as docs/formats.md, "Block", has them. */
export interface BlockHeader {
  readonly batches: CountedRoot
  readonly height: number
  readonly history: string
  readonly model: string
  readonly nextPartners: string
  readonly originRound: number
  readonly partners: string
  readonly previous: string
  readonly proposer: string
  readonly result: string
  /** Milliseconds since 1970. */
  readonly time: number
  readonly verdicts: CountedRoot
}

const HEADER_BYTES_MAX = 2048
const MEMBERS = [
  'batches',
  'height',
  'history',
  'model',
  'nextPartners',
  'originRound',
  'partners',
  'previous',
  'proposer',
  'result',
  'time',
  'verdicts'
]

/** Canonical text of a header. */
export function headerText(header: BlockHeader): string {
  return canonicalText(header as unknown as Json)
}

/** The hash that names a block; `text` is its header's canonical text. */
export function blockHash(scope: Scope, text: string): string {
  return sha256Hex(taggedBytes('block', scope, text))
}

/** Reads a header's canonical text. Refusal MALFORMED. */
export function readHeader(text: string): Outcome<BlockHeader> {
  const json = readCanonical(text, HEADER_BYTES_MAX)
  if (!json.ok) return json
  try {
    return accept(shapeOfHeader(json.value))
  } catch (error) {
    if (error instanceof ShapeError) return refuse('MALFORMED', `block header: ${error.message}`)
    throw error
  }
}

/** Checks the shape of a header. Throws ShapeError. */
export function shapeOfHeader(json: Json | undefined): BlockHeader {
  const header = membersOf(json, '/header', MEMBERS)
  for (const name of ['batches', 'verdicts']) {
    const tree = membersOf(header[name], `/header/${name}`, ['count', 'root'])
    asInteger(tree.count, `/header/${name}/count`, 0, 2 ** 20)
    asText(tree.root, `/header/${name}/root`, isHash, 'a hash')
  }
  for (const name of ['history', 'model', 'nextPartners', 'partners', 'previous', 'result']) {
    asText(header[name], `/header/${name}`, isHash, 'a hash')
  }
  asText(header.proposer, '/header/proposer', isPartnerId, 'a partner id')
  asInteger(header.height, '/header/height', 1, Number.MAX_SAFE_INTEGER - 1)
  asInteger(header.originRound, '/header/originRound', 0, 2 ** 31)
  asInteger(header.time, '/header/time', 0, Number.MAX_SAFE_INTEGER)
  return header as unknown as BlockHeader
}

/** Root over the batch hashes of a block, in block order. */
export function batchListRoot(hashes: readonly string[]): CountedRoot {
  return { count: hashes.length, root: merkleRootOfHashes(hashes) }
}
