import type { Json } from '../../base/json.js'
import { type PullRequest, type PullResponse, RESPONSE_BYTES_MAX } from '../peers.js'
import { createAllowances } from './allowance.js'
import { createConcurrency } from './concurrency.js'
import type { Counts } from './counts.js'
import { pause } from './deadline.js'
import { answerOn, ask, EncodedAnswer, type ExchangeLimits } from './exchange.js'
import type { Connection, Stream } from './frames.js'
import { REQUEST_BYTES_MAX, shapeOfRequest, shapeOfResponse } from './message-shape.js'
import { answerWithTexts, joinTexts, readTextsWanted, textsMaxOf, withTexts } from './pull-texts.js'

/** Requests of one partner whose answers are made and sent at one time, and those that wait for their turn. */
const ANSWERING_MAX = 4
const ANSWERING_WAITING_MAX = 32

/**
 * Bytes of answers to one partner at once and then each second, each with something for the work of looking it up: more
 * than a partner that fetches the whole chain can check. Beyond it answers come later.
 */
const ANSWERED_AT_ONCE = 32 * 1024 * 1024
const ANSWERED_PER_SECOND = 16 * 1024 * 1024
const ANSWERED_BYTES_MIN = 16 * 1024

/** Longest an answer is put off, milliseconds: well below the time that its asker waits. */
const PUT_OFF_MS_MAX = 5_000

/** Requests to one partner at one time, and those that wait. */
const ASKING_MAX = 8
const ASKING_WAITING_MAX = 256

/** @default of PullOptions.timeoutMs */
const TIMEOUT_MS = 15_000

/** Streams of one connection: a few more than are worked on, so that the rest is told BUSY. */
export const PULL_STREAMS_MAX = ANSWERING_MAX + ANSWERING_WAITING_MAX + 8

/** Bytes of blocks in one answer: what it takes to make them keeps everything else waiting. */
const BLOCKS_BYTES_MAX = 4 * 1024 * 1024

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
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number; readonly givesTexts?: boolean }
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
  const allowances = createAllowances({
    burst: ANSWERED_AT_ONCE,
    perSecond: ANSWERED_PER_SECOND,
    now: () => performance.now()
  })

  const inTurn = (key: string, stream: Stream, send: () => Promise<number>): Promise<number> => {
    return answering.run(key, async () => {
      const allowance = allowances.of(key)
      const waitMs = allowance.spend(ANSWERED_BYTES_MIN)
      if (waitMs > 0) counts.held += 1
      await heldOff(stream, Math.min(waitMs, PUT_OFF_MS_MAX))
      if (stream.status !== 'open') throw new Error('the asker has gone')
      const bytes = await send()
      allowance.spend(bytes)
      return bytes
    })
  }
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
      const answer = async (json: Json) => {
        const { wanted, request } = readTextsWanted(json)
        const response = await options.onRequest(partner, bounded(shapeOfRequest(request)))
        return (wanted ? answerWithTexts(response) : null) ?? fitting(response)
      }
      const onMalformed = (error: Error) => options.onMalformed(key, error)
      await answerOn(stream, limits, answer, onMalformed, (send) => inTurn(key, stream, send))
    },
    request(connection, request, { signal, timeoutMs = TIMEOUT_MS, givesTexts = false }) {
      const key = connection.remotePeer.toString()
      const onMalformed = (error: Error) => options.onMalformed(key, error)
      const sent = givesTexts ? withTexts(request) : request
      const textsMax = sent === request ? 0 : textsMaxOf(request)
      const within = { timeoutMs, onMalformed, textsMax, ...(signal === undefined ? {} : { signal }) }
      const read = (json: Json | undefined, texts: readonly string[]): PullResponse => {
        return shapeOfResponse(sent === request ? json : joinTexts(json, texts), request)
      }
      return asking.run(key, () => ask(connection, limits, sent, read, within))
    }
  }
}

function bounded(request: PullRequest): PullRequest {
  return request.type === 'blocks' ? { ...request, bytesMax: Math.min(request.bytesMax, BLOCKS_BYTES_MAX) } : request
}

/** Waits, unless the asker goes away. */
async function heldOff(stream: Stream, ms: number): Promise<void> {
  if (ms <= 0) return
  const gone = new AbortController()
  const onClose = () => gone.abort()
  stream.addEventListener('close', onClose)
  await pause(ms, gone.signal)
  stream.removeEventListener('close', onClose)
}

/** As much of an answer as may be sent: what is left out will be asked for again. */
function fitting(response: PullResponse): PullResponse | EncodedAnswer {
  switch (response.type) {
    case 'blocks':
      return encodedList('blocks', response.blocks)
    case 'batches':
      return encodedList('batches', response.batches)
    case 'messages':
      return encodedList('messages', response.messages)
    case 'proposal':
    case 'known':
    case 'recoveries':
    case 'rejoin':
      return response
  }
}

/** An answer `{type, NAME: [...]}` of items that were written once each: their size decides how many there are. */
function encodedList(name: 'blocks' | 'batches' | 'messages', items: readonly unknown[]): EncodedAnswer {
  const texts: string[] = []
  let bytes = ENVELOPE_BYTES
  for (const item of items) {
    const text = JSON.stringify(item)
    bytes += Buffer.byteLength(text) + 1
    // At least one: if even that is too large the answer says so.
    if (bytes > RESPONSE_BYTES_MAX && texts.length > 0) break
    texts.push(text)
  }
  return new EncodedAnswer(`{"type":"${name}","${name}":[${texts.join()}]}`)
}
