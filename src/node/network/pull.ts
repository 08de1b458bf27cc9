import type { Json } from '../../base/json.js'
import { type PullRequest, type PullResponse, RESPONSE_BYTES_MAX } from '../peers.js'
import { createConcurrency } from './concurrency.js'
import type { Counts } from './counts.js'
import { answerOn, ask, type ExchangeLimits } from './exchange.js'
import type { Connection, Stream } from './frames.js'
import { REQUEST_BYTES_MAX, shapeOfRequest, shapeOfResponse } from './message-shape.js'

/** Requests of one partner worked on at one time, and those that wait for their turn. */
const ANSWERING_MAX = 8
const ANSWERING_WAITING_MAX = 32

/** Requests to one partner at one time, and those that wait. */
const ASKING_MAX = 8
const ASKING_WAITING_MAX = 256

/** @default of PullOptions.timeoutMs */
const TIMEOUT_MS = 15_000

/** Streams of one connection: a few more than are worked on, so that the rest is told BUSY. */
export const PULL_STREAMS_MAX = ANSWERING_MAX + ANSWERING_WAITING_MAX + 8

/** Bytes of JSON around the items of an answer, with room. */
const ENVELOPE_BYTES = 1024

export interface PullOptions {
  readonly protocol: string
  readonly partnerOf: (key: string) => string | null
  readonly onRequest: (from: string, request: PullRequest) => Promise<PullResponse>
  readonly onMalformed: (key: string, error: Error) => void
  readonly counts: Counts
}

/** Everything a node needs can be asked for; progress depends on nothing else. */
export interface Pull {
  readonly protocol: string
  /** Handler of the protocol. */
  readonly handler: (stream: Stream, connection: Connection) => Promise<void>
  request(
    connection: Connection,
    request: PullRequest,
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number }
  ): Promise<PullResponse>
}

export function createPull(options: PullOptions): Pull {
  const { partnerOf, counts } = options
  const limits: ExchangeLimits = {
    protocol: options.protocol,
    requestBytesMax: REQUEST_BYTES_MAX,
    answerBytesMax: RESPONSE_BYTES_MAX
  }
  const answering = createConcurrency(ANSWERING_MAX, ANSWERING_WAITING_MAX)
  const asking = createConcurrency(ASKING_MAX, ASKING_WAITING_MAX)
  return {
    protocol: options.protocol,
    async handler(stream, connection) {
      const key = connection.remotePeer.toString()
      const partner = partnerOf(key)
      if (partner === null) {
        counts.refused += 1
        stream.abort(new Error('not a partner'))
        return
      }
      const answer = (json: Json) => {
        const request = shapeOfRequest(json)
        return answering.run(key, async () => fitting(await options.onRequest(partner, request)))
      }
      await answerOn(stream, limits, answer, (error) => options.onMalformed(key, error))
    },
    request(connection, request, { signal, timeoutMs = TIMEOUT_MS }) {
      const within = signal === undefined ? { timeoutMs } : { timeoutMs, signal }
      return asking.run(connection.remotePeer.toString(), () => {
        return ask(connection, limits, request, (json) => shapeOfResponse(json, request), within)
      })
    }
  }
}

/** As much of an answer as may be sent: what is left out will be asked for again. */
function fitting(response: PullResponse): PullResponse {
  switch (response.type) {
    case 'blocks':
      return { type: 'blocks', blocks: fittingItems(response.blocks) }
    case 'batches':
      return { type: 'batches', batches: fittingItems(response.batches) }
    case 'messages':
      return { type: 'messages', messages: fittingItems(response.messages) }
    case 'proposal':
    case 'rejoin':
      return response
  }
}

function fittingItems<T>(items: readonly T[]): readonly T[] {
  let bytes = ENVELOPE_BYTES
  let count = 0
  for (const item of items) {
    bytes += Buffer.byteLength(JSON.stringify(item)) + 1
    // At least one: if even that is too large the answer says so.
    if (bytes > RESPONSE_BYTES_MAX && count > 0) break
    count += 1
  }
  return count === items.length ? items : items.slice(0, count)
}
