import { canonicalText } from '../base/canonical.js'
import { isValidPublicKey } from '../base/crypto.js'
import { accept, type Outcome, refuse } from '../base/errors.js'
import { isPartnerId } from '../base/ids.js'
import type { Json, JsonObject } from '../base/json.js'
import { keyFromText } from '../base/keys.js'
import { PARTNERS_MAX } from '../base/limits.js'
import { readJson } from '../base/strict-json.js'
import { genesisHash } from '../base/tagged.js'
import { definitionVersion } from './definition-version.js'
import { ENGINE } from './engine.js'
import { asArray, asInteger, asObject, asString, type MemberPath, membersOf, ShapeError } from './json-shape.js'
import type { NetworkDefinition } from './network-definition.js'

/** A partner named in the genesis. */
export interface Founder {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly role: string
}

/** Sizes that all partners must agree on: what is larger is refused by every one of them. Bytes unless said otherwise. */
export interface Limits {
  readonly batchBytesMax: number
  readonly batchRecordsMax: number
  readonly blockBytesMax: number
  readonly recordBytesMax: number
  /** Units of docs/rules.md, for all rules of one object together. */
  readonly ruleCostMax: number
}

/** The version in which a network begins. 1: of before there were versions. 3: what new networks are founded with. */
export type GenesisFormat = 1 | 2 | 3

const GENESIS_FORMATS: readonly unknown[] = [1, 2, 3] satisfies GenesisFormat[]

/** Format of new networks. Software of before it refuses them. */
export const GENESIS_FORMAT: GenesisFormat = 3

/** The document a network is born from (docs/formats.md, "Genesis"). */
export interface Genesis {
  readonly engine: Readonly<Record<string, string>>
  /** Version in which the network begins. */
  readonly format: GenesisFormat
  readonly limits: Limits
  readonly network: NetworkDefinition
  readonly partners: readonly Founder[]
  readonly recovery: { readonly signers: 'all' }
  /** Milliseconds since 1970. */
  readonly time: number
}

export interface ReadGenesis {
  readonly genesis: Genesis
  readonly hash: string
  /** Canonical text. */
  readonly text: string
}

/** Builds the document with members in place; the text it returns is canonical. */
export function writeGenesis(genesis: Genesis): ReadGenesis {
  const partners = [...genesis.partners].sort((a, b) => (a.id < b.id ? -1 : 1))
  const document = { ...genesis, partners }
  const text = canonicalText(document as unknown as Json)
  return { genesis: document, hash: genesisHash('genesis', text), text }
}

/**
 * Reads a genesis document in any JSON layout. It checks its shape, its founders and that this software knows its engine;
 * the network definition in it is checked when it is compiled.
 * @returns refusal MALFORMED with the member to blame, or VERSION_UNKNOWN when its format or engine is another one
 */
export function readGenesis(input: string): Outcome<ReadGenesis> {
  const json = readJson(input)
  if (!json.ok) return json
  try {
    const genesis = shapeOfGenesis(json.value)
    const text = canonicalText(json.value)
    return accept({ genesis, hash: genesisHash('genesis', text), text })
  } catch (error) {
    if (error instanceof UnknownVersion) {
      return refuse('VERSION_UNKNOWN', `genesis: ${error.message}: install a newer build`, { path: error.path })
    }
    if (error instanceof ShapeError) return refuse('MALFORMED', `genesis: ${error.message}`, { path: error.path })
    throw error
  }
}

/** The network is of a kind that other software knows. */
class UnknownVersion extends ShapeError {}

const MEMBERS = ['engine', 'format', 'limits', 'network', 'partners', 'recovery', 'time']
const LIMITS = ['batchBytesMax', 'batchRecordsMax', 'blockBytesMax', 'recordBytesMax', 'ruleCostMax']

function shapeOfGenesis(json: Json): Genesis {
  const document = membersOf(json, '', MEMBERS)
  if (!GENESIS_FORMATS.includes(document.format))
    throw new UnknownVersion(
      '/format',
      `is ${JSON.stringify(document.format)}; this software knows ${GENESIS_FORMATS.join(', ')}`
    )
  checkEngine(membersOf(document.engine, '/engine', Object.keys(ENGINE)))
  const limits = membersOf(document.limits, '/limits', LIMITS)
  for (const name of LIMITS) asInteger(limits[name], `/limits/${name}`, 1, 2 ** 31)
  if (membersOf(document.recovery, '/recovery', ['signers']).signers !== 'all') {
    throw new ShapeError('/recovery/signers', 'must be "all"')
  }
  asInteger(document.time, '/time', 0, Number.MAX_SAFE_INTEGER)
  const needed = definitionVersion(asObject(document.network, '/network'))
  if (needed > Number(document.format))
    throw new ShapeError(
      '/network',
      `says what there is from version ${needed} on, and the network begins with ${document.format}`
    )
  const partners = asArray(document.partners, '/partners', PARTNERS_MAX)
  const founders = partners.map((partner, index) => shapeOfFounder(partner, `/partners/${index}`))
  if (founders.length === 0) throw new ShapeError('/partners', 'names nobody')
  founders.forEach((founder, index) => {
    const before = founders[index - 1]
    if (before !== undefined && before.id >= founder.id) throw new ShapeError('/partners', 'must be sorted by id')
  })
  if (new Set(founders.map((founder) => founder.key)).size < founders.length) {
    throw new ShapeError('/partners', 'name the same key twice')
  }
  return json as unknown as Genesis
}

function checkEngine(engine: JsonObject): void {
  for (const [name, version] of Object.entries(ENGINE)) {
    if (engine[name] === version) continue
    throw new UnknownVersion(`/engine/${name}`, `is ${JSON.stringify(engine[name])}; this software knows ${version}`)
  }
}

function shapeOfFounder(json: Json, path: MemberPath): Founder {
  const { id, key, name, role } = membersOf(json, path, ['id', 'key', 'name', 'role'])
  if (!isPartnerId(asString(id, `${path}/id`, 32))) throw new ShapeError(`${path}/id`, 'is not a partner id')
  const bytes = keyFromText(asString(key, `${path}/key`, 64))
  if (bytes === null || !isValidPublicKey(bytes)) throw new ShapeError(`${path}/key`, 'is not an Ed25519 key')
  asString(name, `${path}/name`, 200)
  asString(role, `${path}/role`, 64)
  return json as unknown as Founder
}
