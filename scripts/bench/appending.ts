import type { ApiClient } from '../../src/api/client.js'

/** Resolves when the record is accepted. @throws Error when it is not */
export async function appendOne(client: Pick<ApiClient, 'append'>, line: string): Promise<void> {
  for await (const outcome of client.append('maintenance', oneChunk(line), {})) {
    if (outcome.status !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
  }
}

async function* oneChunk(line: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(line)
}

/**
 * Several clients at one node, each with one record at a time, until there are no more.
 * @returns milliseconds from sending each record to its outcome
 */
export async function appendSinglyBy(
  clients: number,
  client: Pick<ApiClient, 'append'>,
  lines: Iterable<string>
): Promise<number[]> {
  const times: number[] = []
  const waiting = lines[Symbol.iterator]()
  const work = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      const started = performance.now()
      await appendOne(client, next.value)
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: clients }, work))
  return times
}

/** What an open pipe at a given rate saw. */
export interface PacedRun {
  /** Milliseconds from when each record was due to its outcome: a pipe that falls behind shows here. */
  readonly times: readonly number[]
  readonly seconds: number
}

/** Milliseconds between two chunks of a paced pipe. */
const TICK_MS = 2

/**
 * Writes records into one pipe when they are due, whether or not those before are decided.
 * @param perSecond records that are due in a second
 * @param stop ends it before the lines do
 */
export async function appendPaced(
  client: Pick<ApiClient, 'append'>,
  lines: Iterable<string>,
  perSecond: number,
  stop?: AbortSignal
): Promise<PacedRun> {
  const times: number[] = []
  const started = performance.now()
  const dueOf = (number: number): number => started + (number * 1000) / perSecond
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let number = 0
    let chunk = ''
    for (const line of lines) {
      if (stop?.aborted) return
      while (dueOf(number) > performance.now()) {
        if (chunk !== '') yield new TextEncoder().encode(chunk)
        chunk = ''
        await new Promise((resolve) => setTimeout(resolve, TICK_MS))
      }
      chunk += line
      number += 1
      if (chunk.length < 64 * 1024) continue
      yield new TextEncoder().encode(chunk)
      chunk = ''
    }
    if (chunk !== '') yield new TextEncoder().encode(chunk)
  }
  for await (const outcome of client.append('maintenance', chunks(), {})) {
    if (outcome.status !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
    times.push(performance.now() - dueOf(outcome.line - 1))
  }
  return { times, seconds: (performance.now() - started) / 1000 }
}
