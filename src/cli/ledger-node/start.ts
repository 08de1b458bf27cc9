import { Command, InvalidArgumentError } from 'commander'
import { LedgerError } from '../../base/errors.js'
import { homePaths } from '../../node/home.js'
import type { Token } from '../../node/invitation.js'
import { createLogger, type Logger } from '../../node/log.js'
import { readHome } from '../../node/read-home.js'
import type { CommandSpec } from '../command.js'
import { mergeConfig, type NodeConfig, readConfig } from '../config.js'
import type { Context } from '../context.js'
import { EXIT, usage } from '../failure.js'
import { type HostPort, parseHostPort } from '../host-port.js'
import { addFoundingOptions, assertSameFounding, type Founding, found, readFounding } from './founding.js'
import { assertSameInvitation, readInvitation } from './joining.js'
import {
  addPassphraseFileOption,
  choosePassphrase,
  createUnlock,
  type PassphraseSource,
  passphraseFileOf
} from './passphrase.js'
import { openPorts } from './ports.js'
import { type Running, runJoining, runNode } from './running.js'
import { onStopSignals } from './stop-signals.js'

export interface StartArguments {
  /** Null when the line names none: then the home must be founded, or the line has an invitation. */
  readonly founding: Founding | null
  /** The token of an invitation. */
  readonly invite?: string
  /** Throw the copy away and fetch it again. */
  readonly resync?: true
  /** Where the passphrase of the key stands, as the line says it. */
  readonly passphraseFile?: string
  /** What flags say of the configuration. */
  readonly config: Partial<NodeConfig>
}

interface StartOptions {
  readonly invite?: string
  readonly resync?: true
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly http?: HostPort | 'off'
  readonly passphraseFile?: string
}

const HELP = `
With an empty home: founds a network first when --network, --partner and --role are given, or joins one with the token of
--invite. On a home that has a network the same line simply starts it. When control socket and listener answer, one line on
stdout says so:

  {"event":"ready","partner":"north","state":"active","listen":["/ip4/.../tcp/.../p2p/..."],"socket":"...","http":null}

With --invite and an empty home the state is joining: the partners of the token are asked until one admits this node, however
long none answers, and ledger status says why nothing moves. The same process is then pending while it fetches and checks its
copy, and active. A token that is used, expired, revoked or of another network ends it with exit code 4; on a home that has
joined, its own token simply starts it.

--resync throws this copy of the chain away, never the key, and fetches it again from the other partners.

A key that is locked with a passphrase (see ledger-node key) is opened with the first line of --passphrase-file, else the
passphrase is asked for on the terminal. A new key is locked with that of the file.

HOME/config.yaml may hold what the options say, and more; options go before it. A port 0 is chosen once and kept. SIGINT or
SIGTERM stops the node cleanly, a second one at once. Logs go to stderr.

Examples:
  ledger-node start
  ledger-node start --listen /ip4/0.0.0.0/tcp/4001 --announce /dns4/ledger.example.org/tcp/4001
  ledger-node start --network inspections.yaml --partner north --role garage --http 127.0.0.1:0
  ledger-node start --invite "$(cat token.txt)" --listen /ip4/0.0.0.0/tcp/4001
  ledger-node start --passphrase-file /etc/ledger/passphrase
  ledger-node start --resync`

export const startCommand: CommandSpec<StartArguments> = {
  define: () =>
    addPassphraseFileOption(addFoundingOptions(new Command('start').description('run the node'), false))
      .option('--invite <token>', 'join the network that the token invites to, when the home is empty')
      .option('--resync', 'throw the copy away, never the key, and fetch it again')
      .option('--listen <multiaddr>', 'where partners reach this node; may be given several times', gathered)
      .option('--announce <multiaddr>', 'what partners are told instead, behind a router; may be repeated', gathered)
      .option('--http <host:port>', 'serve the API on TCP too; off turns it off', readHttp)
      .addHelpText('after', HELP),

  read(_, options) {
    const { invite, resync, listen, announce, http, passphraseFile } = options as StartOptions
    const founding = readFounding(options)
    if (founding !== null && invite !== undefined) {
      throw usage('--invite joins a network and --network founds one: give one of them')
    }
    return {
      founding,
      ...(invite === undefined ? {} : { invite: invite.trim() }),
      ...(resync === undefined ? {} : { resync }),
      ...(passphraseFile === undefined ? {} : { passphraseFile }),
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
      const file = await passphraseFileOf(home, args.passphraseFile)
      const source: PassphraseSource = { io: context.io, file, signal: stop.signal }
      const lockWith = async () => (file === null ? null : await choosePassphrase(source, 'Passphrase'))
      const token = await prepare(home, args, log, lockWith)
      if (file !== null) await warnOfClearKey(home, log)
      const access = { unlock: createUnlock(source), lockWith }
      const running: Running = { home, out: context.out, config, ports, log, access, signal: stop.signal }
      await (token === null ? runNode(running) : runJoining(running, token))
    } catch (error) {
      if (!stop.signal.aborted || (error instanceof LedgerError && error.code !== 'CLOSED')) throw error
    } finally {
      stop.release()
    }
    return EXIT.done
  }
}

/**
 * Sees to it that the home holds the network that the line speaks of: founds, or only compares.
 * @returns the invitation when the home is empty and the node has to join first
 */
async function prepare(
  home: string,
  args: StartArguments,
  log: Logger,
  lockWith: () => Promise<string | null>
): Promise<Token | null> {
  const { founding, invite, resync } = args
  const content = await readHome(home)
  if (content !== null) {
    if (founding !== null) await assertSameFounding(home, content, founding)
    if (invite !== undefined) await assertSameInvitation(home, content, invite)
    if (resync === true) await throwCopyAway(home, log)
    return null
  }
  if (invite !== undefined) return await readInvitation(invite)
  if (founding === null) throw new LedgerError('NOT_FOUNDED', `${home} holds no network yet`, { home })
  const { genesis, partner, warnings } = await found(home, founding, lockWith)
  if (warnings !== '') log.warn('the network file works, and may surprise', { warnings })
  log.info('founded', { genesis, partner })
  return null
}

async function throwCopyAway(home: string, log: Logger): Promise<void> {
  const { resyncHome } = await import('../../node/resync-home.js')
  await resyncHome({ home })
  log.warn('the copy of the chain was thrown away and is fetched again')
}

/** A passphrase file says that the key is meant to be locked. */
async function warnOfClearKey(home: string, log: Logger): Promise<void> {
  const { findStoredKey } = await import('../../node/store/key-file.js')
  const { isLocked } = await import('../../node/store/key-document.js')
  const key = await findStoredKey(homePaths(home).key)
  if (key === null || isLocked(key)) return
  log.warn('there is a passphrase, but the key is not locked; see ledger-node key passphrase')
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
