import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { blameOf, ERROR_CODES, type ErrorCode, LedgerError } from '../base/errors.js'
import { parseJson } from '../base/json-names.js'
import type { ErrorBody } from './errors.js'

/** Characters of one line of an answer: no record or outcome comes near it. */
const LINE_LENGTH_MAX = 64 * 1024 * 1024

/**
 * Sends a request and settles with its answer as soon as that begins, while chunks may still be going out.
 * @throws LedgerError what the node answered; NODE_UNREACHABLE
 */
export async function answerOf(
  socketPath: string,
  options: RequestOptions,
  chunks?: AsyncIterable<Uint8Array>
): Promise<IncomingMessage> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    // No agent: a command makes few requests, and a kept connection would keep the process.
    const sent = request({ ...options, socketPath, agent: false, headers: { host: 'node', ...options.headers } })
    sent.once('response', resolve)
    // Stays, because after the answer began a broken connection is told by the answer's own stream.
    sent.on('error', (error: NodeJS.ErrnoException) => reject(connectionError(socketPath, error)))
    if (chunks === undefined) {
      sent.end()
      return
    }
    sent.flushHeaders()
    pump(chunks, sent).catch((error: unknown) => {
      reject(error)
      sent.destroy(error instanceof Error ? error : new Error(String(error)))
    })
  })
  const { statusCode = 0 } = response
  if (statusCode >= 200 && statusCode < 300) return response
  const body = await readText(response, socketPath)
  throw errorFrom(body, statusCode)
}

/** Writes chunks as fast as the node takes them; stops when the answer is complete or the connection is gone. */
async function pump(chunks: AsyncIterable<Uint8Array>, sent: ClientRequest): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]()
  let over = false
  let wake: (() => void) | undefined
  const stop = (): void => {
    over = true
    wake?.()
  }
  sent.once('close', stop)
  sent.once('response', (response) => response.once('close', stop))
  // One waiter at a time instead of a race against one lasting promise, which would remember every wait.
  const unlessOver = <T>(wait: Promise<T>): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      wake = () => resolve(undefined)
      wait.then(resolve, reject)
    })
  try {
    while (!over) {
      // The input may be silent for ever: it must not hold us once the answer is complete.
      const next = await unlessOver(iterator.next())
      if (over || next === undefined) return
      if (next.done === true) break
      if (!sent.write(next.value)) await unlessOver(new Promise<void>((resolve) => sent.once('drain', resolve)))
    }
    sent.end()
  } finally {
    // Not awaited: an input that is waiting for its next chunk answers only then.
    if (over) void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

/** The whole body of an answer. */
export async function readText(response: IncomingMessage, socketPath: string): Promise<string> {
  const pieces: string[] = []
  response.setEncoding('utf8')
  try {
    for await (const piece of response) pieces.push(piece as string)
  } catch (error) {
    throw connectionError(socketPath, error as NodeJS.ErrnoException)
  }
  return pieces.join('')
}

/** The bytes of an answer as they arrive. */
export async function* readChunks(response: IncomingMessage, socketPath: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of response) yield piece as Uint8Array
  } catch (error) {
    throw connectionError(socketPath, error as NodeJS.ErrnoException)
  }
}

/** The non-empty lines of an answer as they arrive. */
export async function* readLines(response: IncomingMessage, socketPath: string): AsyncGenerator<string> {
  response.setEncoding('utf8')
  let rest = ''
  try {
    for await (const piece of response) {
      rest += piece as string
      let from = 0
      for (let end = rest.indexOf('\n', from); end >= 0; end = rest.indexOf('\n', from)) {
        if (end > from) yield rest.slice(from, end)
        from = end + 1
      }
      rest = rest.slice(from)
      if (rest.length > LINE_LENGTH_MAX) throw new LedgerError('LIMIT_EXCEEDED', 'the node sent a line without end')
    }
  } catch (error) {
    if (error instanceof LedgerError) throw error
    throw connectionError(socketPath, error as NodeJS.ErrnoException)
  }
  if (rest !== '') yield rest
}

export function isErrorBody(value: unknown): value is ErrorBody {
  return typeof value === 'object' && value !== null && 'error' in value
}

function errorFrom(body: string, status: number): LedgerError {
  try {
    const value: unknown = parseJson(body)
    if (isErrorBody(value)) return errorOf(value)
  } catch {
    // Not ours; told below.
  }
  return new LedgerError('INTERNAL', `the node answered with status ${status}`)
}

/** The error that an answer tells of. */
export function errorOf({ error }: ErrorBody): LedgerError {
  const known = Object.hasOwn(ERROR_CODES, error.code)
  const code: ErrorCode = known ? error.code : 'INTERNAL'
  const message = known ? error.message : `${error.code}: ${error.message}`
  return new LedgerError(code, message, { ...error.details }, undefined, blameOf(error))
}

function connectionError(socketPath: string, error: NodeJS.ErrnoException): Error {
  if (error instanceof LedgerError || error.name === 'AbortError') return error
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return unreachable(socketPath, `no permission to open ${socketPath}`, error)
  }
  if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') {
    return unreachable(socketPath, `no node answers on ${socketPath}`, error)
  }
  return unreachable(socketPath, `the connection to the node broke (${error.code ?? error.message})`, error)
}

export function unreachable(socket: string, message: string, cause?: unknown): LedgerError {
  return new LedgerError('NODE_UNREACHABLE', message, { socket }, cause)
}

/** The same chunks, and afterwards the error with which they ended, if they did. */
export function remembering(chunks: AsyncIterable<Uint8Array>): {
  chunks: AsyncIterable<Uint8Array>
  failure: () => unknown
} {
  let failure: unknown
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks
    } catch (error) {
      failure = error
      throw error
    }
  }
  return { chunks: watched(), failure: () => failure }
}
