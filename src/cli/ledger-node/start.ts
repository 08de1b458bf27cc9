import { Command, InvalidArgumentError } from 'commander'
import { LedgerError } from '../../base/errors.js'
import { homePaths } from '../../node/home.js'
import { createLogger, type Logger } from '../../node/log.js'
import { readHome } from '../../node/read-home.js'
import type { CommandSpec } from '../command.js'
import { mergeConfig, type NodeConfig, readConfig } from '../config.js'
import type { Context } from '../context.js'
import { EXIT, usage } from '../failure.js'
import { type HostPort, parseHostPort } from '../host-port.js'
import { readVersion } from '../version.js'
import { addFoundingOptions, assertSameFounding, type Founding, found, readFounding } from './founding.js'
import { assertSameInvitation, join } from './joining.js'
import { openPorts, type Ports } from './ports.js'
import { onStopSignals } from './stop-signals.js'

export interface StartArguments {
  /** Null when the line names none: then the home must be founded, or the line has an invitation. */
  readonly founding: Founding | null
  /** The token of an invitation. */
  readonly invite?: string
  /** Throw the copy away and fetch it again. */
  readonly resync?: true
  /** What flags say of the configuration. */
  readonly config: Partial<NodeConfig>
}

interface StartOptions {
  readonly invite?: string
  readonly resync?: true
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly http?: HostPort | 'off'
}

const MIB = 1024 * 1024

const HELP = `
With an empty home: founds a network first when --network, --partner and --role are given, or joins one with the token of
--invite. On a home that has a network the same line simply starts it. When control socket and listener answer, one line on
stdout says so:

  {"event":"ready","partner":"north","state":"active","listen":["/ip4/.../tcp/.../p2p/..."],"socket":"...","http":null}

The state is joining until the invitation was taken and pending while the copy is fetched and checked; ledger status tells.
A token that is used, expired, revoked or of another network ends with exit code 4.

--resync throws this copy of the chain away, never the key, and fetches it again from the other partners.

HOME/config.yaml may hold what the options say, and more; options go before it. A port 0 is chosen once and kept. SIGINT or
SIGTERM stops the node cleanly, a second one at once. Logs go to stderr.

Examples:
  ledger-node start
  ledger-node start --listen /ip4/0.0.0.0/tcp/4001 --announce /dns4/ledger.example.org/tcp/4001
  ledger-node start --network inspections.yaml --partner north --role garage --http 127.0.0.1:0
  ledger-node start --invite "$(cat token.txt)" --listen /ip4/0.0.0.0/tcp/4001
  ledger-node start --resync`

export const startCommand: CommandSpec<StartArguments> = {
  define: () =>
    addFoundingOptions(new Command('start').description('run the node'), false)
      .option('--invite <token>', 'join the network that the token invites to, when the home is empty')
      .option('--resync', 'throw the copy away, never the key, and fetch it again')
      .option('--listen <multiaddr>', 'where partners reach this node; may be given several times', gathered)
      .option('--announce <multiaddr>', 'what partners are told instead, behind a router; may be repeated', gathered)
      .option('--http <host:port>', 'serve the API on TCP too; off turns it off', readHttp)
      .addHelpText('after', HELP),

  read(_, options) {
    const { invite, resync, listen, announce, http } = options as StartOptions
    const founding = readFounding(options)
    if (founding !== null && invite !== undefined) {
      throw usage('--invite joins a network and --network founds one: give one of them')
    }
    return {
      founding,
      ...(invite === undefined ? {} : { invite: invite.trim() }),
      ...(resync === undefined ? {} : { resync }),
      config: {
        ...(listen === undefined ? {} : { listen }),
        ...(announce === undefined ? {} : { announce }),
        ...(http === undefined ? {} : { http: http === 'off' ? null : http })
      }
    }
  },

  async run(context, args) {
    const { home } = context
    const { config: flags } = args
    const config = mergeConfig(
      { ...flags, ...(context.logLevel === undefined ? {} : { logLevel: context.logLevel }) },
      await readConfig(homePaths(home).config)
    )
    const log = loggerOf(context, config)
    const stop = onStopSignals(context.io, log)
    try {
      const ports = await openPorts(home)
      await prepare(home, args, { config, ports, log, signal: stop.signal })
      await runNode(context, { config, ports, log, signal: stop.signal })
    } catch (error) {
      if (!stop.signal.aborted || (error instanceof LedgerError && error.code !== 'CLOSED')) throw error
    } finally {
      stop.release()
    }
    return EXIT.done
  }
}

/** What a start works with. */
interface Running {
  readonly config: NodeConfig
  readonly ports: Ports
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Sees to it that the home holds the network that the line speaks of: founds, joins, or only compares. */
async function prepare(home: string, { founding, invite, resync }: StartArguments, running: Running): Promise<void> {
  const content = await readHome(home)
  if (content !== null) {
    if (founding !== null) await assertSameFounding(home, content, founding)
    if (invite !== undefined) await assertSameInvitation(home, content, invite)
    if (resync === true) await throwCopyAway(home, running.log)
    return
  }
  if (invite !== undefined) return joinFirst(home, invite, running)
  if (founding === null) throw new LedgerError('NOT_FOUNDED', `${home} holds no network yet`, { home })
  const { genesis, partner, warnings } = await found(home, founding)
  if (warnings !== '') running.log.warn('the network file works, and may surprise', { warnings })
  running.log.info('founded', { genesis, partner })
}

async function throwCopyAway(home: string, log: Logger): Promise<void> {
  const { resyncHome } = await import('../../node/resync-home.js')
  await resyncHome({ home })
  log.warn('the copy of the chain was thrown away and is fetched again')
}

async function joinFirst(home: string, token: string, { config, ports, log, signal }: Running): Promise<void> {
  const addresses = config.announce.length > 0 ? config.announce : await listenAddresses(config, ports)
  await join({ home, token, addresses, log, signal })
  // The partners were told these ports: they must be the same after a crash.
  await ports.save()
}

async function listenAddresses(config: NodeConfig, ports: Ports): Promise<string[]> {
  const listen: string[] = []
  for (const address of config.listen) listen.push(await ports.listen(address))
  return listen
}

/** Opens everything in its order, says that it is ready, and closes in reverse when it is told to stop or must. */
async function runNode(context: Context, { config, ports, log, signal }: Running): Promise<void> {
  const { home } = context
  const listen = await listenAddresses(config, ports)
  const http = config.http === null ? undefined : await ports.http(config.http)
  const { openNode } = await import('../../node/node.js')
  const cache = config.cacheMiB === null ? {} : { cacheBytesMax: config.cacheMiB * MIB }
  const node = await openNode({ home, listen, announce: config.announce, log, signal, ...cache }).catch((error) => {
    throw aboutPorts(error, ports)
  })
  try {
    const { startApi } = await import('../../api/api.js')
    const { socket } = homePaths(home)
    const options = { node, socket, version: readVersion(), log, ...(http === undefined ? {} : { http }) }
    const api = await startApi(options).catch((error) => {
      throw aboutPorts(error, ports)
    })
    try {
      await ports.save()
      const { state } = node.status().partner
      const ready = { event: 'ready', partner: node.partner, state, listen: node.addresses(), socket, http: api.http }
      // Whoever started the node may not listen to it any longer; that is no reason to stop.
      if (!context.out.closed()) context.out.write(`${JSON.stringify(ready)}\n`)
      log.info('ready', { partner: node.partner, listen: ready.listen, socket, http: api.http })
      await Promise.race([node.done, aborted(signal)])
    } finally {
      await api.close()
    }
  } finally {
    await node.close()
    log.info('stopped')
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A port that was chosen for good and is taken now needs another remedy than one that somebody wrote down. */
function aboutPorts(error: unknown, ports: Ports): unknown {
  if (!(error instanceof LedgerError) || error.code !== 'ADDRESS_IN_USE' || !ports.remembered()) return error
  const remedy = 'the port was chosen once and is kept in ports.json of the home; without that file a new one is chosen'
  return new LedgerError(error.code, error.message, { ...error.details, remedy }, error.cause)
}

function loggerOf({ io, quiet, logLevel }: Context, config: NodeConfig): Logger {
  return createLogger({
    level: quiet && logLevel === undefined ? 'error' : config.logLevel,
    format: config.logFormat ?? (io.stderr.isTTY ? 'pretty' : 'json'),
    write: (line) => void io.stderr.write(line),
    now: Date.now
  })
}

function gathered(text: string, before: readonly string[] = []): readonly string[] {
  if (!/^\/\S+$/.test(text)) throw new InvalidArgumentError('Write a multiaddr such as /ip4/0.0.0.0/tcp/4001.')
  if (before.includes(text)) throw new InvalidArgumentError('It is given twice.')
  return [...before, text]
}

/** `off` stays a word, because commander makes an empty text of null. */
function readHttp(text: string): HostPort | 'off' {
  if (text === 'off') return text
  const parsed = parseHostPort(text)
  if (parsed === null) throw new InvalidArgumentError('Write it as HOST:PORT, such as 127.0.0.1:8080.')
  return parsed
}
