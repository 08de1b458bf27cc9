import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { assertSocketPath } from '../../api/socket.js'
import { canonicalText } from '../../base/canonical.js'
import { LedgerError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { homePaths } from '../../node/home.js'
import type { HomeContent } from '../../node/read-home.js'
import { writeInitialConfig } from '../config.js'
import { usage } from '../failure.js'

/** What a network is founded with. */
export interface Founding {
  /** Path of the network file. */
  readonly network: string
  readonly partner: string
  readonly role: string
  readonly name?: string
}

/** What was founded, as `init` prints it. */
export interface FoundedHome {
  readonly home: string
  readonly partner: string
  readonly role: string
  readonly key: string
  readonly genesis: string
  /** About the network file, for people; empty when there is nothing to say. */
  readonly warnings: string
}

/** Adds the options of a founding. @param required whether the command needs them */
export function addFoundingOptions(command: Command, required: boolean): Command {
  const option = required ? command.requiredOption.bind(command) : command.option.bind(command)
  option('--network <file>', 'the network file: roles, objects, fields, rules')
  option('--partner <id>', 'id of this partner, such as north: a-z, 0-9 and -')
  option('--role <role>', 'role of this partner, as the network file names it')
  return command.option('--name <text>', 'name of this partner for people (default: its id)')
}

/** Null when no option of a founding is given. @throws LedgerError USAGE when only some are */
export function readFounding(options: Readonly<Record<string, unknown>>): Founding | null {
  const { network, partner, role, name } = options as Partial<Record<keyof Founding, string>>
  if (network === undefined && partner === undefined && role === undefined && name === undefined) return null
  if (network === undefined || partner === undefined || role === undefined) {
    throw usage('--network, --partner and --role belong together')
  }
  return { network, partner, role, ...(name === undefined ? {} : { name }) }
}

/**
 * Founds a network in an empty home: key, genesis, configuration.
 * @param lockWith the passphrase that a new key is locked with; null for none
 * @throws LedgerError as foundHome, and HOME_PATH_TOO_LONG
 */
export async function found(
  home: string,
  founding: Founding,
  lockWith: () => Promise<string | null>
): Promise<FoundedHome> {
  const paths = homePaths(home)
  // Now, and not when the node is to be started.
  assertSocketPath(paths.socket)
  const networkText = await readNetworkText(founding.network)
  const { foundHome } = await import('../../node/found.js')
  const { network: networkFile, ...who } = founding
  const founded = await foundHome({ home, networkText, networkFile, ...who, now: Date.now(), lockWith })
  await writeInitialConfig(paths.config)
  const { warnings, partner, key, genesis } = founded
  return { home, partner, role: founding.role, key, genesis, warnings }
}

/**
 * Holds the options of a start against what the home was founded with: the same line again simply starts.
 * @throws LedgerError ALREADY_FOUNDED when they speak of another network, partner or role; NETWORK_FILE
 */
export async function assertSameFounding(home: string, content: HomeContent, founding: Founding): Promise<void> {
  const { genesis } = content.genesis
  const other = (what: string): never => {
    throw new LedgerError('ALREADY_FOUNDED', `${home} was founded with another ${what}`, { home })
  }
  if (content.partner !== founding.partner) other(`partner: ${content.partner}`)
  const self = genesis.partners.find(({ id }) => id === content.partner)
  if (self !== undefined && self.role !== founding.role) other(`role: ${self.role}`)
  const { describeProblems, readNetworkFile } = await import('../../ledger/network-file.js')
  const read = readNetworkFile(await readNetworkText(founding.network), founding.network)
  if (!read.ok) throw new LedgerError('NETWORK_FILE', describeProblems(read.problems), { problems: read.problems })
  if (textOf(read.network) !== textOf(genesis.network)) other(`network: '${genesis.network.title}'`)
}

function textOf(network: unknown): string {
  return canonicalText(network as Json)
}

async function readNetworkText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw usage(`cannot read the network file ${path}: ${reason}`, 'examples are in config/networks')
  }
}
