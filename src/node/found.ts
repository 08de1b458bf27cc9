import { LedgerError } from '../base/errors.js'
import { isPartnerId } from '../base/ids.js'
import { BATCH_BYTES_MAX, BATCH_RECORDS_MAX, BLOCK_BYTES_MAX, RECORD_BYTES_MAX } from '../base/limits.js'
import { ENGINE } from '../ledger/engine.js'
import { GENESIS_FORMAT, type Genesis, writeGenesis } from '../ledger/genesis.js'
import { compileModel } from '../ledger/model.js'
import type { NetworkDefinition } from '../ledger/network-definition.js'
import { describeProblems, readNetworkFile } from '../ledger/network-file.js'
import { RULE_COST_MAX } from '../ledger/rule-cost.js'
import { settleHome, withEmptyHome } from './empty-home.js'
import { type KeyAccess, storedKeyOf } from './own-key.js'
import type { StoredKey } from './store/key-document.js'

export interface FoundOptions extends Pick<KeyAccess, 'lockWith'> {
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
  /** What in the network file works and may surprise, for people; empty when nothing does. */
  readonly warnings: string
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
  const { network, warnings } = networkOf(options)
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
  return await withEmptyHome(options.home, async () => {
    const key = await storedKeyOf(options.home, options)
    const genesis = writeGenesis(genesisOf(options, network, key))
    compileModel(network, genesis.genesis.limits)
    await settleHome(options.home, { partner: options.partner, key: key.publicKey, mayHaveSigned: false, genesis })
    return { warnings, genesis: genesis.hash, partner: options.partner, key: key.publicKey }
  })
}

function networkOf({ networkText, networkFile }: FoundOptions): { network: NetworkDefinition; warnings: string } {
  const read = readNetworkFile(networkText, networkFile)
  if (read.ok)
    return { network: read.network, warnings: read.warnings.length === 0 ? '' : describeProblems(read.warnings) }
  throw new LedgerError('NETWORK_FILE', describeProblems(read.problems), { problems: read.problems })
}

function genesisOf(options: FoundOptions, network: NetworkDefinition, key: StoredKey): Genesis {
  const { partner, role, now } = options
  return {
    engine: ENGINE,
    format: GENESIS_FORMAT,
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
