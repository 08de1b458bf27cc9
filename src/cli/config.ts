import { readFile } from 'node:fs/promises'
import { isMap, isScalar, LineCounter, parseDocument, type Scalar } from 'yaml'
import { LedgerError } from '../base/errors.js'
import { ATTACHMENT_SETTINGS_DEFAULT, ATTACHMENTS_KEPT, type AttachmentSettings } from '../node/attachment-types.js'
import { LOG_LEVELS, type LogLevel } from '../node/log.js'
import { createFileDurably } from '../node/store/durable-file.js'
import { type HostPort, parseHostPort } from './host-port.js'

/** What HOME/config.yaml may say (config/node.example.yaml explains each). Flags go before it, defaults come after. */
export interface NodeConfig {
  /** Multiaddrs to listen on for partners. @default `/ip4/127.0.0.1/tcp/0`: nothing listens on a public address unasked */
  readonly listen: readonly string[]
  /** Multiaddrs told to partners instead of those listened on. @default none */
  readonly announce: readonly string[]
  /** Where the API listens on TCP. @default null, not at all */
  readonly http: HostPort | null
  /** @default info */
  readonly logLevel: LogLevel
  /** @default `pretty` on a terminal, else `json` */
  readonly logFormat: 'json' | 'pretty' | null
  /** Memory for the current state and for blocks, in MiB. @default null, the node's own */
  readonly cacheMiB: number | null
  /** Where the passphrase of the key stands, relative to the home. @default null, it is asked for on the terminal */
  readonly passphraseFile: string | null
  /** Which files of records are kept, and how much. @default ATTACHMENT_SETTINGS_DEFAULT */
  readonly attachments: AttachmentSettings
}

export const CONFIG_DEFAULTS: NodeConfig = {
  listen: ['/ip4/127.0.0.1/tcp/0'],
  announce: [],
  http: null,
  logLevel: 'info',
  logFormat: null,
  cacheMiB: null,
  passphraseFile: null,
  attachments: ATTACHMENT_SETTINGS_DEFAULT
}

const ADDRESSES_MAX = 32
const CACHE_MIB_MIN = 8
const CACHE_MIB_MAX = 1024 * 1024

/** What `init` puts in a new home. */
const INITIAL_CONFIG = `# Configuration of this node; flags of ledger-node start go before it. Every member is optional.
# listen: [/ip4/0.0.0.0/tcp/4001]       # where partners reach this node; default /ip4/127.0.0.1/tcp/0
# announce: [/dns4/ledger.example.org/tcp/4001]
# http: 127.0.0.1:8080                  # the API on TCP; default off
# logLevel: info                        # error, warn, info, debug
# attachments: { keep: own }            # files of records: own, all, none; bytesMax
# passphraseFile: /etc/ledger/passphrase # of a locked key; default: asked for on the terminal
`

/** Thrown and caught within this file. */
class Mistake extends Error {}

type Reader<T> = (value: unknown) => T

const READERS: { readonly [Member in keyof NodeConfig]: Reader<NodeConfig[Member]> } = {
  listen: addresses,
  announce: addresses,
  http: (value) => (value === null || value === 'off' || value === false ? null : hostPort(value)),
  logLevel: (value) => oneOf(LOG_LEVELS, value),
  logFormat: (value) => oneOf(['json', 'pretty'] as const, value),
  cacheMiB(value) {
    if (Number.isInteger(value) && Number(value) >= CACHE_MIB_MIN && Number(value) <= CACHE_MIB_MAX)
      return Number(value)
    throw new Mistake(`must be a whole number from ${CACHE_MIB_MIN} to ${CACHE_MIB_MAX}`)
  },
  passphraseFile(value) {
    if (value === null || (typeof value === 'string' && value !== '')) return value
    throw new Mistake('must be the path of a file')
  },
  attachments: attachmentSettings
}

/**
 * Reads HOME/config.yaml; a file that is not there says nothing.
 * @throws LedgerError CONFIG with file, line and what is wrong
 */
export async function readConfig(path: string): Promise<Partial<NodeConfig>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new LedgerError('CONFIG', `cannot read ${path}: ${error instanceof Error ? error.message : error}`, {}, error)
  }
  return parseConfig(text, path)
}

/** @param file named in errors */
export function parseConfig(text: string, file: string): Partial<NodeConfig> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const fail = (offset: number, problem: string): never => {
    throw new LedgerError('CONFIG', `${file}:${lines.linePos(offset).line}: ${problem}`, {
      remedy: 'correct the file; config/node.example.yaml explains every member'
    })
  }
  const [error] = document.errors
  if (error !== undefined) fail(error.pos[0], error.message.split('\n')[0] ?? 'not YAML')
  if (document.contents === null) return {}
  if (!isMap(document.contents)) return fail(0, 'must be members and values, such as `logLevel: info`')
  const config: Record<string, unknown> = {}
  for (const { key, value } of document.contents.items) {
    const at = (key as Scalar).range?.[0] ?? 0
    const name = isScalar(key) ? String(key.value) : ''
    const reader = Object.hasOwn(READERS, name) ? READERS[name as keyof NodeConfig] : undefined
    if (reader === undefined) return fail(at, `unknown member '${name}'; there are ${Object.keys(READERS).join(', ')}`)
    try {
      config[name] = reader((value as { toJSON(): unknown } | null)?.toJSON() ?? null)
    } catch (mistake) {
      if (!(mistake instanceof Mistake)) throw mistake
      fail(at, `'${name}' ${mistake.message}`)
    }
  }
  return config as Partial<NodeConfig>
}

/** Flags over file over defaults. */
export function mergeConfig(flags: Partial<NodeConfig>, file: Partial<NodeConfig>): NodeConfig {
  return { ...CONFIG_DEFAULTS, ...file, ...flags }
}

/** Puts an explained configuration into a new home; one that is there already stays as it is. */
export async function writeInitialConfig(path: string): Promise<void> {
  await createFileDurably(path, INITIAL_CONFIG, 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
}

function attachmentSettings(value: unknown): AttachmentSettings {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Mistake('must say keep, bytesMax or both, such as { keep: all }')
  }
  const { keep, bytesMax, ...others } = { ...ATTACHMENT_SETTINGS_DEFAULT, ...value }
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw new Mistake(`has an unknown member '${unknown}'; there are keep and bytesMax`)
  if (!Number.isSafeInteger(bytesMax) || bytesMax < 1) throw new Mistake('has a bytesMax that is no number of bytes')
  return { keep: oneOf(ATTACHMENTS_KEPT, keep), bytesMax }
}

function addresses(value: unknown): readonly string[] {
  const list = typeof value === 'string' ? [value] : value
  if (!Array.isArray(list) || list.length > ADDRESSES_MAX || list.some((one) => !isAddress(one))) {
    throw new Mistake(`must be a list of at most ${ADDRESSES_MAX} multiaddrs such as /ip4/0.0.0.0/tcp/4001`)
  }
  if (new Set(list).size < list.length) throw new Mistake('names an address twice')
  return list as string[]
}

function isAddress(value: unknown): value is string {
  return typeof value === 'string' && /^\/\S+$/.test(value)
}

function hostPort(value: unknown): HostPort {
  const parsed = typeof value === 'string' ? parseHostPort(value) : null
  if (parsed === null) throw new Mistake('must be HOST:PORT such as 127.0.0.1:8080, or off')
  return parsed
}

function oneOf<T extends string>(allowed: readonly T[], value: unknown): T {
  if ((allowed as readonly unknown[]).includes(value)) return value as T
  throw new Mistake(`must be one of ${allowed.join(', ')}`)
}
