import { Command, InvalidArgumentError } from 'commander'
import { LedgerError } from '../../base/errors.js'
import { homePaths } from '../../node/home.js'
import { createLogger, type Logger } from '../../node/log.js'
import { readHome } from '../../node/read-home.js'
import type { CommandSpec } from '../command.js'
import { mergeConfig, type NodeConfig, readConfig } from '../config.js'
import type { Context } from '../context.js'
import { EXIT } from '../failure.js'
import { type HostPort, parseHostPort } from '../host-port.js'
import { readVersion } from '../version.js'
import { addFoundingOptions, assertSameFounding, type Founding, found, readFounding } from './founding.js'
import { openPorts, type Ports } from './ports.js'
import { onStopSignals } from './stop-signals.js'

export interface StartArguments {
  /** Null when the line names none: then the home must be founded. */
  readonly founding: Founding | null
  /** What flags say of the configuration. */
  readonly config: Partial<NodeConfig>
}

interface StartOptions {
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly http?: HostPort | 'off'
}

const MIB = 1024 * 1024

const HELP = `
Founds first when the home is empty and --network, --partner and --role are given; on a founded home the same line simply
starts it. When control socket and listener answer, one line on stdout says so:

  {"event":"ready","partner":"north","state":"active","listen":["/ip4/.../tcp/.../p2p/..."],"socket":"...","http":null}

HOME/config.yaml may hold what the options say, and more; options go before it. A port 0 is chosen once and kept. SIGINT or
SIGTERM stops the node cleanly, a second one at once. Logs go to stderr.

Examples:
  ledger-node start
  ledger-node start --listen /ip4/0.0.0.0/tcp/4001 --announce /dns4/ledger.example.org/tcp/4001
  ledger-node start --network inspections.yaml --partner north --role garage --http 127.0.0.1:0`

export const startCommand: CommandSpec<StartArguments> = {
  define: () =>
    addFoundingOptions(new Command('start').description('run the node'), false)
      .option('--listen <multiaddr>', 'where partners reach this node; may be given several times', gathered)
      .option('--announce <multiaddr>', 'what partners are told instead, behind a router; may be repeated', gathered)
      .option('--http <host:port>', 'serve the API on TCP too; off turns it off', readHttp)
      .addHelpText('after', HELP),

  read(_, options) {
    const { listen, announce, http } = options as StartOptions
    return {
      founding: readFounding(options),
      config: {
        ...(listen === undefined ? {} : { listen }),
        ...(announce === undefined ? {} : { announce }),
        ...(http === undefined ? {} : { http: http === 'off' ? null : http })
      }
    }
  },

  async run(context, { founding, config: flags }) {
    const { home } = context
    const config = mergeConfig(
      { ...flags, ...(context.logLevel === undefined ? {} : { logLevel: context.logLevel }) },
      await readConfig(homePaths(home).config)
    )
    const log = loggerOf(context, config)
    const stop = onStopSignals(context.io, log)
    try {
      await foundIfNeeded(home, founding, log)
      await runNode(context, config, log, stop.signal)
    } catch (error) {
      if (!stop.signal.aborted || (error instanceof LedgerError && error.code !== 'CLOSED')) throw error
    } finally {
      stop.release()
    }
    return EXIT.done
  }
}

async function foundIfNeeded(home: string, founding: Founding | null, log: Logger): Promise<void> {
  const content = await readHome(home)
  if (content !== null) {
    if (founding !== null) await assertSameFounding(home, content, founding)
    return
  }
  if (founding === null) throw new LedgerError('NOT_FOUNDED', `${home} holds no network yet`, { home })
  const { genesis, partner } = await found(home, founding)
  log.info('founded', { genesis, partner })
}

/** Opens everything in its order, says that it is ready, and closes in reverse when it is told to stop or must. */
async function runNode(context: Context, config: NodeConfig, log: Logger, signal: AbortSignal): Promise<void> {
  const { home } = context
  const ports = await openPorts(home)
  const listen: string[] = []
  for (const address of config.listen) listen.push(await ports.listen(address))
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
