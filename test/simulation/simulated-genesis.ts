import { canonicalText } from '../../src/base/canonical.js'
import { publicKeyOf, sha256, signer } from '../../src/base/crypto.js'
import type { Json, JsonObject } from '../../src/base/json.js'
import { keyText } from '../../src/base/keys.js'
import { genesisHash } from '../../src/base/tagged.js'
import { utf8Bytes } from '../../src/base/utf8.js'
import { ENGINE } from '../../src/ledger/engine.js'
import { GENESIS_FORMAT, type GenesisFormat, type ReadGenesis, writeGenesis } from '../../src/ledger/genesis.js'
import { compileModel, type Model } from '../../src/ledger/model.js'
import type { NetworkDefinition, QuorumRule } from '../../src/ledger/network-definition.js'
import { readNetworkFile } from '../../src/ledger/network-file.js'
import { invitationBytes, joinBytes } from '../../src/ledger/system-judge.js'
import type { FileSettings } from './file-plan.js'

/** Cars' odometers never go back; `marker` tells one record from another. */
const NETWORK = {
  format: 1,
  title: 'Simulated',
  roles: {
    garage: { append: ['inspection'], govern: true },
    watcher: { append: ['inspection'], govern: false, vote: false }
  },
  objects: {
    inspection: {
      key: ['vehicle'],
      fields: {
        type: 'object',
        additionalProperties: false,
        required: ['marker', 'odometer', 'vehicle'],
        properties: {
          marker: { type: 'string', maxLength: 40 },
          odometer: { type: 'integer', minimum: 0 },
          vehicle: { type: 'string', maxLength: 20 }
        }
      },
      rules: [
        {
          id: 'odometer-never-decreases',
          expr: 'previous == null || record.odometer >= previous.odometer',
          message: '{record.odometer} is lower than {previous.odometer}'
        }
      ]
    }
  }
}

/** Visits of cars in the order of their day, amended by whoever wrote them; from version 3 on. */
const VISIT = {
  key: ['vehicle'],
  order: 'day',
  amend: { by: 'own' },
  fields: {
    type: 'object',
    additionalProperties: false,
    required: ['marker', 'odometer', 'vehicle', 'day'],
    properties: { ...NETWORK.objects.inspection.fields.properties, day: { type: 'string', format: 'date' } }
  },
  rules: NETWORK.objects.inspection.rules
}

/** What networks that begin with a version have. */
function networkIn(format: GenesisFormat) {
  if (format < 3) return NETWORK
  const roles = Object.fromEntries(
    Object.entries(NETWORK.roles).map(([name, role]) => [name, { ...role, append: ['inspection', 'visit'] }])
  )
  return { ...NETWORK, roles, objects: { ...NETWORK.objects, visit: VISIT } }
}

/** Milliseconds since 1970. */
const FOUNDED_AT = 1_760_000_000_000

/** A network with keys that are the same in every run. */
export interface SimulatedGenesis {
  readonly genesis: ReadGenesis
  readonly model: Model
  readonly voters: readonly string[]
  readonly observers: readonly string[]
  /** Who is not there from the start and may be admitted. */
  readonly joiners: readonly string[]
  readonly quorum: QuorumRule
  /** @param generation which of the partner's keys, one after the other. @default 0 */
  signerOf(id: string, generation?: number): (message: string) => string
  keyOf(id: string, generation?: number): string
  /** A network file that follows that of the genesis. */
  fileOf(title: string, settings: FileSettings): NetworkDefinition
  hashOfFile(network: NetworkDefinition): string
  /**
   * Data of the record by which a partner admits a joiner.
   * @param generation of the inviter's key
   * @param number of the joiner's invitation, from 0 on
   */
  admission(inviter: string, joiner: string, generation: number, number: number): JsonObject
  invitationKeyOf(joiner: string, number: number): string
}

/** Joiners of every network; most never come. */
const JOINERS = ['j1', 'j2']

/** Making one takes milliseconds, and runs take not many more. */
const made = new Map<string, SimulatedGenesis>()

/** @param format of the genesis. @default that of new networks */
export function simulatedGenesis(
  voters: number,
  observers: number,
  quorum: QuorumRule,
  format: GenesisFormat = GENESIS_FORMAT
): SimulatedGenesis {
  const name = `${voters} ${observers} ${quorum} ${format}`
  const known = made.get(name) ?? found(voters, observers, quorum, format)
  made.set(name, known)
  return known
}

function found(voterCount: number, observerCount: number, quorum: QuorumRule, format: GenesisFormat): SimulatedGenesis {
  const voters = Array.from({ length: voterCount }, (_, index) => `p${String(index + 1).padStart(2, '0')}`)
  const observers = Array.from({ length: observerCount }, (_, index) => `w${index + 1}`)
  const keys = new Map<string, { readonly key: string; readonly sign: (message: string) => string }>()
  const read = readNetworkFile(JSON.stringify({ ...networkIn(format), quorum }, null, 1), 'simulated.json')
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const genesis = writeGenesis({
    engine: ENGINE,
    format,
    limits: {
      batchBytesMax: 64 * 1024,
      batchRecordsMax: 20,
      blockBytesMax: 256 * 1024,
      recordBytesMax: 8 * 1024,
      ruleCostMax: 10_000
    },
    network: read.network,
    partners: [
      ...voters.map((id) => ({ id, key: keyOf(id), name: id, role: 'garage' })),
      ...observers.map((id) => ({ id, key: keyOf(id), name: id, role: 'watcher' }))
    ],
    recovery: { signers: 'all' },
    time: FOUNDED_AT
  })
  const model = compileModel(genesis.genesis.network, genesis.genesis.limits)
  const scope = { genesis: genesis.hash, epoch: 0 }
  const admissions = new Map<string, JsonObject>()

  function keysOf(id: string, generation: number) {
    const name = generation === 0 ? id : `${id} ${generation}`
    const known = keys.get(name)
    if (known !== undefined) return known
    const seed = sha256(utf8Bytes(`simulated ${name}`))
    const made = { key: keyText(publicKeyOf(seed)), sign: signer(seed) }
    keys.set(name, made)
    return made
  }

  function keyOf(id: string, generation = 0): string {
    return keysOf(id, generation).key
  }

  function signerOf(id: string, generation = 0): (message: string) => string {
    return keysOf(id, generation).sign
  }

  const seedOf = (joiner: string, number: number) => sha256(utf8Bytes(`invitation of ${joiner} ${number}`))

  function invitationKeyOf(joiner: string, number: number): string {
    return keyText(publicKeyOf(seedOf(joiner, number)))
  }

  function admission(inviter: string, joiner: string, generation: number, number: number): JsonObject {
    const name = `${inviter} ${joiner} ${generation} ${number}`
    const known = admissions.get(name) ?? admit(inviter, joiner, generation, number)
    admissions.set(name, known)
    return known
  }

  function admit(inviter: string, joiner: string, generation: number, number: number): JsonObject {
    const seed = seedOf(joiner, number)
    const key = invitationKeyOf(joiner, number)
    const expires = FOUNDED_AT + 3_600_000
    const invitation = { expires, inviter, key, name: joiner, partner: joiner, role: 'garage' }
    const bytes = joinBytes(scope, { invitation: key, key: keyOf(joiner), addresses: [] })
    return {
      addresses: [],
      invitation,
      invitationSignature: signerOf(inviter, generation)(invitationBytes(scope, invitation)),
      key: keyOf(joiner),
      keySignature: signerOf(joiner)(bytes),
      redeemSignature: signer(seed)(bytes)
    }
  }

  const files = new Map<string, NetworkDefinition>()

  function fileOf(title: string, settings: FileSettings): NetworkDefinition {
    const name = `${title} ${JSON.stringify(settings)}`
    const file = files.get(name) ?? networkOf(format, title, settings)
    files.set(name, file)
    return file
  }

  return {
    fileOf,
    hashOfFile: (network) => genesisHash('model', canonicalText(network as unknown as Json)),
    genesis,
    model,
    voters,
    observers,
    joiners: JOINERS,
    quorum,
    signerOf,
    keyOf,
    admission,
    invitationKeyOf
  }
}

function networkOf(
  format: GenesisFormat,
  title: string,
  { quorum, remainder, thresholds }: FileSettings
): NetworkDefinition {
  const base = networkIn(format)
  const { inspection } = base.objects
  const expr = `record.odometer % 5 != ${remainder}`
  const rule = { id: `remainder-${remainder}`, expr, message: '{record.odometer} is of the wrong kind' }
  const rules = remainder === null ? inspection.rules : [...inspection.rules, rule]
  const objects = { ...base.objects, inspection: { ...inspection, rules } }
  const network = { ...base, title, quorum, thresholds, objects }
  const read = readNetworkFile(JSON.stringify(network), 'simulated.json')
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.network
}
