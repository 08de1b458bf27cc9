import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { canonicalText } from '../base/canonical.js'
import { generateSeed } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import { isPartnerId } from '../base/ids.js'
import { BATCH_BYTES_MAX, BATCH_RECORDS_MAX, BLOCK_BYTES_MAX, RECORD_BYTES_MAX } from '../base/limits.js'
import { ENGINE } from '../ledger/engine.js'
import { type Genesis, writeGenesis } from '../ledger/genesis.js'
import { compileModel } from '../ledger/model.js'
import type { NetworkDefinition } from '../ledger/network-definition.js'
import { describeProblems, readNetworkFile } from '../ledger/network-file.js'
import { RULE_COST_MAX } from '../ledger/rule-cost.js'
import { type HomePaths, homePaths } from './home.js'
import { readHome } from './read-home.js'
import { createFileDurably } from './store/durable-file.js'
import { lockHome } from './store/home-lock.js'
import { createKeyFile, type NodeKey, readKeyFile } from './store/key-file.js'
import { createGuard } from './store/sign-guard.js'
import { createWriteAheadLog } from './store/write-ahead-log.js'

export interface FoundOptions {
  readonly home: string
  readonly networkText: string
  /** Named in error messages. */
  readonly networkFile: string
  readonly partner: string
  readonly role: string
  /** @default the partner id */
  readonly name?: string
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface Founded {
  readonly genesis: string
  readonly partner: string
  readonly key: string
}

/**
 * Founds a network with one partner in an empty home: key, genesis, and who this node is. The genesis is written last, so
 * a founding that was interrupted can be done again.
 * @throws LedgerError NETWORK_FILE with every mistake, USAGE, ALREADY_FOUNDED, HOME_LOCKED, KEY_FILE, DISK_FULL
 */
export async function foundHome(options: FoundOptions): Promise<Founded> {
  const network = networkOf(options)
  if (!isPartnerId(options.partner)) {
    throw new LedgerError(
      'USAGE',
      `"${options.partner}" is no partner id: use a-z, 0-9 and -, at most 32, a letter first`
    )
  }
  const role = network.roles[options.role]
  if (role === undefined) {
    const roles = Object.keys(network.roles).join(', ')
    throw new LedgerError('USAGE', `the network file has no role "${options.role}"; it has ${roles}`, {
      role: options.role
    })
  }
  if (!role.vote) throw new LedgerError('USAGE', `role ${options.role} has no vote: the founder must have one`)
  const paths = homePaths(options.home)
  await mkdir(options.home, { recursive: true, mode: 0o700 })
  const lock = await lockHome(options.home)
  try {
    if ((await readHome(options.home)) !== null) {
      throw new LedgerError('ALREADY_FOUNDED', `${options.home} already holds a network`, { home: options.home })
    }
    const key = await ownKey(paths.key)
    const genesis = writeGenesis(genesisOf(options, network, key))
    compileModel(network, genesis.genesis.limits)
    await removeRemains(paths)
    const guard = await createGuard(paths.guard, { genesis: genesis.hash, key: key.publicKey })
    await guard.close()
    const log = await createWriteAheadLog({ path: paths.log, genesis: genesis.hash })
    await log.close()
    await createFileDurably(paths.partner, `${canonicalText({ partner: options.partner })}\n`, 0o600)
    await createFileDurably(paths.genesis, `${genesis.text}\n`, 0o600)
    return { genesis: genesis.hash, partner: options.partner, key: key.publicKey }
  } finally {
    await lock.release()
  }
}

/** A founding that was interrupted left these behind: nothing was signed yet, as only a founded node signs. */
async function removeRemains(paths: HomePaths): Promise<void> {
  if (existsSync(paths.store)) {
    const message = `${paths.home} has a store but no genesis: it is the home of another network; take an empty one`
    throw new LedgerError('ALREADY_FOUNDED', message, { home: paths.home })
  }
  for (const path of [paths.guard, paths.log, paths.partner]) await rm(path, { recursive: true, force: true })
}

function networkOf({ networkText, networkFile }: FoundOptions): NetworkDefinition {
  const read = readNetworkFile(networkText, networkFile)
  if (read.ok) return read.network
  throw new LedgerError('NETWORK_FILE', describeProblems(read.problems), { problems: read.problems })
}

/** The key in the home, or a new one: a key is never replaced. */
async function ownKey(path: string): Promise<NodeKey> {
  try {
    return await readKeyFile(path)
  } catch (error) {
    if (error instanceof LedgerError && error.details.missing === true) return createKeyFile(path, generateSeed())
    throw error
  }
}

function genesisOf(options: FoundOptions, network: NetworkDefinition, key: NodeKey): Genesis {
  const { partner, role, now } = options
  return {
    engine: ENGINE,
    format: 1,
    limits: {
      batchBytesMax: BATCH_BYTES_MAX,
      batchRecordsMax: BATCH_RECORDS_MAX,
      blockBytesMax: BLOCK_BYTES_MAX,
      recordBytesMax: RECORD_BYTES_MAX,
      ruleCostMax: RULE_COST_MAX
    },
    network,
    partners: [{ id: partner, key: key.publicKey, name: options.name ?? partner, role }],
    recovery: { signers: 'all' },
    time: now
  }
}
