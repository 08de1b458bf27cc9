import { setMaxListeners } from 'node:events'
import type { AddressInfo } from 'node:net'
import { LedgerError } from '../base/errors.js'
import type { LedgerNode, NodeStatus } from '../node/ledger-node.js'
import type { Logger } from '../node/log.js'
import { CLOSE_GRACE_MS, HEARTBEAT_MS, type RequestTimes } from './limits.js'
import type { ApiContext } from './route.js'
import { type ApiServer, buildServer } from './server.js'
import { listenOnSocket, listenOnTcp } from './socket.js'

export interface ApiOptions {
  /** What is served, or what gives it: asked for each request, and throws a LedgerError while there is no node yet. */
  readonly node: LedgerNode | (() => LedgerNode)
  /** Status while there is no node yet. @default the node's own */
  readonly status?: () => NodeStatus
  /** Path of the control socket. */
  readonly socket: string
  /** Where to listen on TCP as well. @default nowhere */
  readonly http?: { readonly host: string; readonly port: number }
  /** Version of this software. */
  readonly version: string
  readonly log: Logger
  /** Silence on a change feed, in milliseconds, after which a heartbeat is sent. @default HEARTBEAT_MS */
  readonly heartbeatMs?: number
  /** How long a request may take to come. @default REQUEST_TIMES */
  readonly times?: RequestTimes
}

export interface RunningApi {
  /** HOST:PORT, or null when TCP is off. */
  readonly http: string | null
  /** Ends open streams in an orderly way and stops listening; takes little more than CLOSE_GRACE_MS at most. */
  close(): Promise<void>
}

/**
 * Serves a node on its control socket and, when asked to, on TCP.
 * @throws LedgerError HOME_PATH_TOO_LONG, HOME_LOCKED, ADDRESS_IN_USE; nothing is left open then
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const closing = new AbortController()
  setMaxListeners(0, closing.signal)
  const { version, log, heartbeatMs = HEARTBEAT_MS } = options
  const context: ApiContext = {
    get node() {
      return typeof options.node === 'function' ? options.node() : options.node
    },
    status: () => options.status?.() ?? context.node.status(),
    version,
    log,
    heartbeatMs,
    closing: closing.signal
  }
  const servers: ApiServer[] = []
  const closeAll = async (): Promise<void> => {
    closing.abort()
    await Promise.all(servers.splice(0).reverse().map(stop))
  }
  try {
    const local = await buildServer(context, 'local', options.times)
    await listenOnSocket(local.http, options.socket)
    servers.push(local)
    if (options.http === undefined) return { http: null, close: closeAll }
    const remote = await buildServer(context, 'remote', options.times)
    await listenOnTcp(remote.http, options.http.host, options.http.port)
    servers.push(remote)
    return { http: hostAndPort(remote), close: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

function hostAndPort({ http }: ApiServer): string {
  const { address, family, port } = http.address() as AddressInfo
  if (port === 0) throw new LedgerError('INVARIANT', 'listening on no port')
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

/** Open answers get a moment to end by themselves; then their connections are cut. */
async function stop(server: ApiServer): Promise<void> {
  const ended = new Promise<void>((resolve) => server.http.close(() => resolve()))
  server.http.closeIdleConnections()
  const timer = setTimeout(() => server.http.closeAllConnections(), CLOSE_GRACE_MS)
  await ended
  clearTimeout(timer)
  await server.close()
}
