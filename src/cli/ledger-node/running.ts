import type { ApiOptions } from '../../api/api.js'
import { assertSocketPath } from '../../api/socket.js'
import { type ErrorCode, LedgerError } from '../../base/errors.js'
import { homePaths } from '../../node/home.js'
import type { Token } from '../../node/invitation.js'
import type { Logger } from '../../node/log.js'
import type { RunningNode } from '../../node/node.js'
import type { KeyAccess } from '../../node/own-key.js'
import { type NodeConfig, writeInitialConfig } from '../config.js'
import type { Context } from '../context.js'
import { readVersion } from '../version.js'
import type { Ports } from './ports.js'

/** What a node runs with. */
export interface Running {
  readonly home: string
  /** Where the ready line goes. */
  readonly out: Context['out']
  readonly config: NodeConfig
  readonly ports: Ports
  readonly log: Logger
  /** How its key is opened when it is locked. */
  readonly access: Required<KeyAccess>
  /** Stops it. */
  readonly signal: AbortSignal
}

/** What answers on the control socket, and how it is told of. */
interface Served {
  readonly partner: string
  readonly listen: readonly string[]
  readonly api: Pick<ApiOptions, 'node' | 'status'>
  readonly state: string
  /** Runs once the ready line is out, to the end of the node. */
  readonly work: () => Promise<void>
}

const MIB = 1024 * 1024

/**
 * Runs the node of a home that holds a network: opens everything in its order, says that it is ready, and closes in
 * reverse when it is told to stop or must.
 */
export async function runNode(running: Running): Promise<void> {
  const life = startLife(running, await open(running))
  try {
    const { partner, listen, state } = life.first
    await serve(running, { partner, listen, state, api: { node: life.node }, work: life.over })
  } finally {
    await life.close()
    running.log.info('stopped')
  }
}

/** What ends a node only for the next one on the same home to begin. */
const BEGINS_ANEW: readonly ErrorCode[] = ['KEY_CHANGED', 'EPOCH_CHANGED']

/** Nodes of one home, one after the other: each but the last ends because its next key, or an epoch, is in force. */
function startLife(running: Running, first: RunningNode) {
  let node: RunningNode | null = first
  let opening: Promise<RunningNode> | null = null
  let ended: ErrorCode = 'KEY_CHANGED'

  async function next(ended: RunningNode): Promise<RunningNode> {
    node = null
    await ended.close()
    opening = open(running)
    node = await opening
    return node
  }

  return {
    first: { partner: first.partner, listen: first.addresses(), state: first.status().partner.state },
    node(): RunningNode {
      if (node === null) throw new LedgerError(ended, 'this node takes up its next key or epoch; try again')
      return node
    },
    /** To the end of the last one. */
    async over(): Promise<void> {
      for (let current = first; ; current = await next(current)) {
        try {
          return await current.done
        } catch (error) {
          if (!(error instanceof LedgerError) || !BEGINS_ANEW.includes(error.code)) throw error
          ended = error.code
        }
      }
    },
    async close(): Promise<void> {
      // What is half open when the stop comes would be left open.
      await (opening as Promise<RunningNode> | null)?.catch(() => {})
      await node?.close()
    }
  }
}

/**
 * Runs a node that has to be admitted first: control socket and listener answer meanwhile, and are those of the node
 * afterwards.
 * @throws LedgerError NOT_PERMITTED when the invitation is not taken
 */
export async function runJoining(running: Running, token: Token): Promise<void> {
  const { home, config, log, access, signal } = running
  const paths = homePaths(home)
  assertSocketPath(paths.socket)
  const { openJoining } = await import('../../node/joining.js')
  const listen = await listenAddresses(running)
  const joining = await openJoining({ ...access, home, token, listen, announce: config.announce, log, signal }).catch(
    (error) => {
      throw aboutPorts(error, running.ports)
    }
  )
  let life: ReturnType<typeof startLife> | null = null
  const become = async (): Promise<ReturnType<typeof startLife>> => {
    await joining.admitted()
    await writeInitialConfig(paths.config)
    life = startLife(running, await open(running))
    return life
  }
  let becoming: ReturnType<typeof become> | null = null
  try {
    await serve(running, {
      partner: joining.partner,
      listen: joining.addresses(),
      state: joining.status().partner.state,
      api: {
        node() {
          if (life === null) throw joining.refusal()
          return life.node()
        },
        status: () => (life?.node() ?? joining).status()
      },
      async work() {
        becoming = become()
        await (await becoming).over()
      }
    })
  } finally {
    // What is half open when the stop comes would be left open.
    await (becoming as ReturnType<typeof become> | null)?.then((opened) => opened.close()).catch(() => {})
    await joining.close()
    log.info('stopped')
  }
}

async function open(running: Running): Promise<RunningNode> {
  const { home, config, ports, log, access, signal } = running
  const { openNode } = await import('../../node/node.js')
  const listen = await listenAddresses(running)
  const cache = config.cacheMiB === null ? {} : { cacheBytesMax: config.cacheMiB * MIB }
  const { announce, attachments } = config
  const { unlock } = access
  const software = `ledger-node ${readVersion()}`
  return await openNode({ home, listen, announce, log, unlock, signal, software, attachments, ...cache }).catch(
    (error) => {
      throw aboutPorts(error, ports)
    }
  )
}

/** Serves the API, says that it is ready, and goes on until the work has ended or it is told to stop. */
async function serve({ home, out, config, ports, log, signal }: Running, served: Served): Promise<void> {
  const { partner, state, listen, work } = served
  const { socket } = homePaths(home)
  const http = config.http === null ? {} : { http: await ports.http(config.http) }
  const { startApi } = await import('../../api/api.js')
  const api = await startApi({ ...served.api, socket, version: readVersion(), log, ...http }).catch((error) => {
    throw aboutPorts(error, ports)
  })
  try {
    // Before anybody is told where this node is.
    await ports.save()
    const ready = { event: 'ready', partner, state, listen, socket, http: api.http }
    // Whoever started the node may not listen to it any longer; that is no reason to stop.
    if (!out.closed()) out.write(`${JSON.stringify(ready)}\n`)
    log.info('ready', { partner, state, listen, socket, http: api.http })
    await Promise.race([work(), aborted(signal)])
  } finally {
    await api.close()
  }
}

async function listenAddresses({ config, ports }: Running): Promise<string[]> {
  const listen: string[] = []
  for (const address of config.listen) listen.push(await ports.listen(address))
  return listen
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
