import { setMaxListeners } from 'node:events'
import type { Logger } from '../log.js'
import { startDeadline } from './deadline.js'
import { asError } from './exchange.js'
import type { PeerAddress } from './join-messages.js'

export interface DialLoopOptions {
  readonly self: string
  readonly key: string
  readonly wanted: () => readonly PeerAddress[]
  /** Whether others know where this node is; one that nobody can dial dials at once. @default always */
  readonly isReachable?: () => boolean
  readonly isConnected: (key: string) => boolean
  /** Connects to one of these addresses of this key. */
  readonly dial: (peer: PeerAddress, signal: AbortSignal) => Promise<void>
  readonly log: Logger
  /** From 0 to 1, for the jitter. */
  readonly random: () => number
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** Dials wanted partners for ever: libp2p itself gives up after a few times, and forgets addresses. */
export interface DialLoop {
  /** Dials whoever's time has come; to be called several times a second, and when something changed. */
  step(): void
  close(): void
}

/** Milliseconds the partner with the higher id waits before it dials too: else both would, and hold two connections. */
export const SECOND_DIALLER_MS = 3_000

const RETRY_MS_MIN = 500
/** Short enough that a network goes on soon after its links are mended. */
const RETRY_MS_MAX = 8_000
const DIAL_MS_MAX = 10_000
/** Dials at one time: a node that starts among many must not starve its own event loop. */
const DIALS_MAX = 16

/** A connection that broke sooner counts as a failed attempt: the other side may be hanging up on this one. */
const LASTING_MS = 10_000

interface Attempt {
  failures: number
  /** When to dial next; null while dialling. */
  nextAt: number | null
  /** Since when it is connected; null while not. */
  connectedAt: number | null
  addresses: string
}

export function createDialLoop(options: DialLoopOptions): DialLoop {
  const { now, random, log } = options
  const attempts = new Map<string, Attempt>()
  const closing = new AbortController()
  // Each dial under way listens to it: there may be one to each partner.
  setMaxListeners(0, closing.signal)
  let dialling = 0

  const retryAt = (failures: number): number => {
    return now() + Math.min(RETRY_MS_MIN * 2 ** Math.min(failures, 10), RETRY_MS_MAX) * (0.5 + random())
  }
  const firstAt = (peer: PeerAddress): number => {
    const waits = options.self > peer.partner && (options.isReachable?.() ?? true)
    return now() + (waits ? SECOND_DIALLER_MS : 0)
  }

  const attemptOf = (peer: PeerAddress): Attempt => {
    const known = attempts.get(peer.key)
    if (known !== undefined) return known
    const attempt = { failures: 0, nextAt: firstAt(peer), connectedAt: null, addresses: peer.addresses.join(' ') }
    attempts.set(peer.key, attempt)
    return attempt
  }

  const disconnected = (peer: PeerAddress, attempt: Attempt, since: number): void => {
    attempt.connectedAt = null
    if (now() - since >= LASTING_MS) attempt.failures = 0
    else attempt.failures += 1
    if (attempt.nextAt !== null) attempt.nextAt = attempt.failures === 0 ? firstAt(peer) : retryAt(attempt.failures)
  }

  const dial = async (peer: PeerAddress, attempt: Attempt): Promise<void> => {
    attempt.nextAt = null
    dialling += 1
    const deadline = startDeadline(DIAL_MS_MAX, () => new Error('no connection in time'), closing.signal)
    try {
      await options.dial(peer, deadline.signal)
    } catch (error) {
      attempt.failures += 1
      log.debug('dial failed', { partner: peer.partner, error: asError(error) })
    } finally {
      deadline.done()
      dialling -= 1
      attempt.nextAt = retryAt(attempt.failures)
    }
  }

  const stepOne = (peer: PeerAddress): void => {
    const attempt = attemptOf(peer)
    if (options.isConnected(peer.key)) {
      attempt.connectedAt ??= now()
      return
    }
    if (attempt.connectedAt !== null) disconnected(peer, attempt, attempt.connectedAt)
    const addresses = peer.addresses.join(' ')
    if (addresses !== attempt.addresses && attempt.nextAt !== null) {
      attempt.addresses = addresses
      attempt.nextAt = now()
    }
    if (attempt.nextAt === null || attempt.nextAt > now()) return
    if (peer.addresses.length > 0 && dialling < DIALS_MAX) void dial(peer, attempt)
  }

  const step = (): void => {
    if (closing.signal.aborted) return
    const wanted = options.wanted().filter((peer) => peer.key !== options.key && peer.partner !== options.self)
    const keys = new Set(wanted.map((peer) => peer.key))
    for (const key of attempts.keys()) if (!keys.has(key)) attempts.delete(key)
    for (const peer of wanted) stepOne(peer)
  }

  return {
    step,
    close() {
      closing.abort(new Error('closed'))
    }
  }
}
