import { LedgerError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { createConcurrency } from './concurrency.js'
import type { Counts } from './counts.js'
import { answerOn, ask, type ExchangeLimits } from './exchange.js'
import type { Connection, Stream } from './frames.js'
import {
  JOIN_ANSWER_BYTES_MAX,
  JOIN_REQUEST_BYTES_MAX,
  type JoinAnswer,
  type JoinRequest,
  shapeOfJoinAnswer,
  shapeOfJoinRequest
} from './join-messages.js'
import { createConnectionRates, createRateLimit } from './rate-limit.js'

/** The only protocol, besides membership, that strangers reach. */
export function joinProtocol(genesis: string): string {
  return `/ledger/${genesis}/join/1`
}

export const JOIN_STREAMS_MAX = 2

/** Requests worked on at one time from all, and how often: each costs a few signature checks and a record. */
const JOINING_MAX = 4
const JOINING_WAITING_MAX = 8
const BURST = 16
const EVERY_MS = 1_000

/** And over one connection. */
const BURST_OF_ONE = 8
const EVERY_MS_OF_ONE = 1_000

function limitsOf(genesis: string): ExchangeLimits {
  return {
    protocol: joinProtocol(genesis),
    requestBytesMax: JOIN_REQUEST_BYTES_MAX,
    answerBytesMax: JOIN_ANSWER_BYTES_MAX
  }
}

export interface JoinHandlerOptions {
  readonly genesis: string
  readonly join: (request: JoinRequest, from: string) => Promise<JoinAnswer>
  readonly counts: Counts
  /** Something malformed came from this key. */
  readonly onMalformed: (key: string, error: Error) => void
}

/** Handler of the protocol: passes on requests that name the key of the connection they came over. */
export function joinHandler(options: JoinHandlerOptions): (stream: Stream, connection: Connection) => Promise<void> {
  const limits = limitsOf(options.genesis)
  const rate = createRateLimit(BURST, EVERY_MS, () => performance.now())
  const rates = createConnectionRates(BURST_OF_ONE, EVERY_MS_OF_ONE)
  const working = createConcurrency(JOINING_MAX, JOINING_WAITING_MAX)
  return async (stream, connection) => {
    const key = connection.remotePeer.toString()
    // Before anything is read: what is not read costs nothing.
    if (!rates.of(connection).take()) {
      options.counts.refused += 1
      stream.abort(new Error('too many requests'))
      return
    }
    const answer = async (json: Json): Promise<JoinAnswer> => {
      const request = shapeOfJoinRequest(json)
      if (!rate.take()) throw new LedgerError('BUSY', 'too many want to join at one time; try again')
      if (request.key !== key) return refused(`the request is for ${request.key}, and ${key} sends it`)
      return await working.run('', () => options.join(request, key))
    }
    await answerOn(stream, limits, answer, (error) => options.onMalformed(key, error))
  }
}

/**
 * Asks to join over a connection.
 * @throws LedgerError NODE_UNREACHABLE, BUSY, MALFORMED, or any code of the other side
 */
export function askToJoin(
  connection: Connection,
  genesis: string,
  request: JoinRequest,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal }
): Promise<JoinAnswer> {
  return ask(connection, limitsOf(genesis), request, (json) => shapeOfJoinAnswer(json ?? null), options)
}

function refused(message: string): JoinAnswer {
  return { type: 'refused', code: 'NOT_PERMITTED', message }
}
