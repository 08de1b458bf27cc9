import type { ApiClient } from '../../api/client.js'
import { LedgerError } from '../../base/errors.js'
import type { Genesis } from '../../ledger/genesis.js'
import type { NetworkDefinition } from '../../ledger/network-definition.js'
import type { Context } from '../context.js'
import { textOf } from '../file-text.js'

/**
 * A network file that is to be proposed or rehearsed, checked with the limits of the network that the node is in; warnings go
 * to stderr.
 * @throws LedgerError NETWORK_FILE with every mistake, USAGE when the file cannot be read
 */
export async function networkOf(context: Context, client: ApiClient, file: string): Promise<NetworkDefinition> {
  const text = await textOf(file)
  const { limits } = JSON.parse(await client.genesis()) as Genesis
  const { describeProblems, readNetworkFile } = await import('../../ledger/network-file.js')
  const read = readNetworkFile(text, file, limits.ruleCostMax)
  if (!read.ok) throw new LedgerError('NETWORK_FILE', describeProblems(read.problems), { problems: read.problems })
  if (read.warnings.length > 0) context.note(describeProblems(read.warnings))
  return read.network
}
