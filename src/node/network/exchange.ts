import { type ErrorCode, LedgerError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { ShapeError } from '../../ledger/json-shape.js'
import { orAborted, startDeadline } from './deadline.js'
import { type Connection, decodeText, encodeFrame, type Frames, framesOf, type Stream } from './frames.js'
import { isErrorCode } from './join-messages.js'

/**
 * One request and its answer on a stream of their own: `{ok: VALUE}` or `{error: {code, message}}`. `{ok: VALUE, texts: N}` is
 * followed by so many texts, each in a frame of its own.
 */
export interface ExchangeLimits {
  readonly protocol: string
  readonly requestBytesMax: number
  readonly answerBytesMax: number
}

/** Milliseconds a caller has to send its request, and an answer to be taken. */
const REQUEST_MS_MAX = 10_000
const ANSWER_MS_MAX = 30_000

const MESSAGE_CHARS_MAX = 1000

export interface AskOptions {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Told when what came back was no answer. */
  readonly onMalformed?: (error: LedgerError) => void
  /** Most texts that may follow the answer. @default 0 */
  readonly textsMax?: number
}

/**
 * Asks over this connection.
 * @param read makes the answer of its JSON and the texts that follow it; throws ShapeError
 * @throws LedgerError NODE_UNREACHABLE without an answer in time, TOO_LARGE or MALFORMED for a bad one, or the code of
 * the other side's error; whatever `signal` aborts with
 */
export async function ask<T>(
  connection: Connection,
  limits: ExchangeLimits,
  request: unknown,
  read: (json: Json | undefined, texts: readonly string[]) => T,
  options: AskOptions
): Promise<T> {
  const bytes = encodeFrame(request)
  if (bytes.length > limits.requestBytesMax) {
    throw new LedgerError('TOO_LARGE', `the request has ${bytes.length} bytes, of at most ${limits.requestBytesMax}`)
  }
  const late = () => new LedgerError('NODE_UNREACHABLE', `no answer within ${options.timeoutMs} ms`)
  const deadline = startDeadline(options.timeoutMs, late, options.signal)
  let stream: Stream | undefined
  let isRefused = false
  try {
    stream = await connection.newStream(limits.protocol, { signal: deadline.signal })
    const frames = framesOf(stream, limits.answerBytesMax)
    await frames.write([bytes], deadline.signal)
    const answer = await frames.read(deadline.signal)
    const texts = await readTexts(answer, frames, limits.answerBytesMax, options.textsMax ?? 0, deadline.signal)
    await stream.close({ signal: deadline.signal }).catch(() => stream?.abort(new Error('not closed in time')))
    isRefused = isObject(answer) && 'error' in answer
    return readAnswer(answer, (json) => read(json, texts))
  } catch (error) {
    const failure = deadline.signal.aborted ? deadline.signal.reason : error
    if (error instanceof LedgerError && !deadline.signal.aborted && !isRefused) options.onMalformed?.(error)
    stream?.abort(asError(failure))
    if (failure instanceof LedgerError || options.signal?.aborted) throw failure
    throw new LedgerError('NODE_UNREACHABLE', `no answer: ${asError(failure).message}`, {}, failure)
  } finally {
    deadline.done()
  }
}

async function readTexts(
  answer: unknown,
  frames: Frames,
  bytesMax: number,
  textsMax: number,
  signal: AbortSignal
): Promise<string[]> {
  const count = isObject(answer) && 'texts' in answer ? answer.texts : 0
  if (!Number.isSafeInteger(count) || Number(count) < 0 || Number(count) > textsMax) {
    throw new LedgerError('MALFORMED', `the answer has another number of texts than 0 to ${textsMax}`)
  }
  const texts: string[] = []
  let bytes = frames.bytesRead()
  while (texts.length < Number(count)) {
    const text = await frames.readBytes(signal)
    bytes += text.length
    if (bytes > bytesMax) throw new LedgerError('TOO_LARGE', `the answer has more than ${bytesMax} bytes`)
    texts.push(decodeText(text))
  }
  return texts
}

/** An answer that is JSON text already, and the texts that follow it, as UTF-8. */
export class EncodedAnswer {
  constructor(
    readonly json: string,
    readonly texts: readonly Uint8Array[] = []
  ) {}
}

function isObject(value: unknown): value is object {
  return value !== null && typeof value === 'object'
}

/** What `read` makes of `{ok: VALUE}`; throws the error of `{error}`, or MALFORMED. */
export function readAnswer<T>(answer: unknown, read: (json: Json | undefined) => T): T {
  if (!isObject(answer)) throw new LedgerError('MALFORMED', 'the answer is no object')
  if ('error' in answer) throw remoteError(answer.error)
  try {
    return read('ok' in answer ? (answer.ok as Json) : undefined)
  } catch (error) {
    if (error instanceof ShapeError) throw new LedgerError('MALFORMED', `the answer: ${error.message}`)
    throw error
  }
}

function remoteError(error: unknown): LedgerError {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (typeof code !== 'string' || !isErrorCode(code))
    return new LedgerError('MALFORMED', 'the answer is an unknown error')
  return new LedgerError(code, typeof message === 'string' ? message.slice(0, MESSAGE_CHARS_MAX) : 'no reason given')
}

/**
 * Reads the request on a stream, has it answered, and sends that. Errors travel as code and message. Never rejects.
 * @param answer gets the JSON of the request and gives the answer as JSON or {@link EncodedAnswer}; ShapeError becomes MALFORMED
 * @param onMalformed told when the request was none
 * @param inTurn runs what makes and sends the answer, so that those under way are few: an answer is held until the other
 * side has taken it; its LedgerError is the answer. Gives on how many bytes were sent. @default at once
 */
export async function answerOn(
  stream: Stream,
  limits: ExchangeLimits,
  answer: (json: Json) => Promise<unknown>,
  onMalformed: (error: Error) => void,
  inTurn: (work: () => Promise<number>) => Promise<number> = (work) => work()
): Promise<void> {
  let fault: Error | null = null
  try {
    const frames = framesOf(stream, limits.requestBytesMax)
    const send = async (reply: unknown): Promise<number> => {
      let parts =
        reply instanceof EncodedAnswer ? [Buffer.from(reply.json, 'utf8'), ...reply.texts] : [encodeFrame(reply)]
      const bytes = sizeOf(parts)
      if (bytes > limits.answerBytesMax) {
        const message = `the answer has ${bytes} bytes, of at most ${limits.answerBytesMax}`
        parts = [encodeFrame(errorReply('TOO_LARGE', message))]
      }
      await within(ANSWER_MS_MAX, async (signal) => {
        await frames.write(parts, signal)
        await stream.close({ signal })
      })
      return sizeOf(parts)
    }
    let request: Json
    try {
      request = (await within(REQUEST_MS_MAX, frames.read)) as Json
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error
      fault = error
      await send(errorReply(error.code, error.message))
      return
    }
    const onFault = (error: Error) => {
      fault = error
    }
    await inTurn(async () => send(await replyTo(request, answer, onFault))).catch(async (error: unknown) => {
      if (!(error instanceof LedgerError)) throw error
      await send(errorReply(error.code, error.message))
    })
  } catch (error) {
    stream.abort(asError(error))
  } finally {
    // After the answer, which says why: the asker may be hung up on for it.
    if (fault !== null) onMalformed(fault)
  }
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

async function replyTo(
  request: Json,
  answer: (json: Json) => Promise<unknown>,
  onMalformed: (error: Error) => void
): Promise<unknown> {
  try {
    const value = await answer(request)
    if (!(value instanceof EncodedAnswer)) return { ok: value }
    const { json, texts } = value
    return new EncodedAnswer(texts.length === 0 ? `{"ok":${json}}` : `{"ok":${json},"texts":${texts.length}}`, texts)
  } catch (error) {
    if (error instanceof LedgerError) return errorReply(error.code, error.message)
    if (!(error instanceof ShapeError)) return errorReply('INTERNAL', 'something unforeseen failed here')
    onMalformed(new LedgerError('MALFORMED', `its request: ${error.message}`))
    return errorReply('MALFORMED', `the request: ${error.message}`)
  }
}

export function errorReply(code: ErrorCode, message: string): unknown {
  return { error: { code, message: message.slice(0, MESSAGE_CHARS_MAX) } }
}

async function within<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const deadline = startDeadline(ms, () => new Error(`took longer than ${ms} ms`))
  try {
    return await orAborted(work(deadline.signal), deadline.signal)
  } finally {
    deadline.done()
  }
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
