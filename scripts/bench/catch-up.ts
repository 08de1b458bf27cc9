import { setTimeout as pause } from 'node:timers/promises'
import type { ApiClient } from '../../src/api/client.js'
import { describeMachine } from './machine.js'
import { startAgain, withNetwork } from './partners.js'
import { cpuSecondsOf } from './processes.js'
import { vehicleLines } from './records.js'

const BLOCKS = 3_000
const LOOK_MS = 20
const CATCH_UP_SECONDS_MAX = 300

/** Records sent one after the other, each once the one before is decided: a block for each. */
export interface SingleRecords {
  /** Milliseconds from sending each to its outcome. */
  readonly times: readonly number[]
}

/**
 * Appends records one by one through one pipe, until `count` are decided or `stop` is aborted.
 * @param next gives the record of each number, from 0
 * @throws Error when one is not accepted
 */
export async function appendSingly(
  client: Pick<ApiClient, 'append'>,
  object: string,
  next: (number: number) => object,
  { count = Number.POSITIVE_INFINITY, stop }: { readonly count?: number; readonly stop?: AbortSignal } = {}
): Promise<SingleRecords> {
  const times: number[] = []
  let started = 0
  let decided = (): void => {}
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let number = 0; number < count && stop?.aborted !== true; number++) {
      const outcome = new Promise<void>((resolve) => {
        decided = resolve
      })
      started = performance.now()
      yield new TextEncoder().encode(`${JSON.stringify(next(number))}\n`)
      await outcome
    }
  }
  for await (const outcome of client.append(object, chunks(), {})) {
    if (outcome.status !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(outcome)}`)
    times.push(performance.now() - started)
    decided()
  }
  return { times }
}

export interface CatchUpFigures {
  /** Blocks that the node lacked when it started. */
  readonly behind: number
  /** From the start of its process until it was beside the others, who went on meanwhile. */
  readonly seconds: number
  readonly blocksPerSecond: number
  /** Blocks the others made meanwhile. */
  readonly madeMeanwhile: number
  /** Of a single record at another partner meanwhile, milliseconds. */
  readonly latencyMs: { readonly p50: number; readonly longest: number }
}

/**
 * Starts a node that was away, while `writer` appends one record after the other, until it is one block behind at most.
 * @param next records that `writer` may append
 */
export async function watchCatchUp(
  start: () => Promise<unknown>,
  returning: Pick<ApiClient, 'status'>,
  writer: Pick<ApiClient, 'status' | 'append'>,
  writing: { readonly object: string; readonly next: (number: number) => object; readonly before: number }
): Promise<CatchUpFigures> {
  const stop = new AbortController()
  const written = appendSingly(writer, writing.object, writing.next, { stop: stop.signal })
  // It fails here only together with what waits for it below.
  written.catch(() => {})
  const target = (await writer.status()).height
  const started = performance.now()
  try {
    await start()
    while (!(await isBeside(returning, writer))) {
      if (performance.now() - started > CATCH_UP_SECONDS_MAX * 1000) throw new Error('it has not caught up in time')
      await pause(LOOK_MS)
    }
  } finally {
    stop.abort()
  }
  const seconds = (performance.now() - started) / 1000
  const times = [...(await written).times].sort((a, b) => a - b)
  const reached = (await returning.status()).height
  return {
    behind: target - writing.before,
    seconds: rounded(seconds),
    blocksPerSecond: Math.round((reached - writing.before) / seconds),
    madeMeanwhile: reached - target,
    latencyMs: { p50: rounded(times[Math.floor(times.length / 2)]!), longest: rounded(times.at(-1)!) }
  }
}

async function isBeside(returning: Pick<ApiClient, 'status'>, writer: Pick<ApiClient, 'status'>): Promise<boolean> {
  const { height } = await writer.status()
  const own = await returning.status().catch(() => null)
  return own !== null && !own.syncing && own.height >= height - 1
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}

/** `npm run bench -- catch-up [BLOCKS]`: one of four is away for so many blocks of one record each, and comes back. */
export async function run(args: readonly string[]): Promise<unknown> {
  const [blocks = BLOCKS] = args.map(Number)
  const machine = describeMachine()
  return await withNetwork(4, async ({ partners, founder }) => {
    const [, p2, , p4] = partners
    const vehicles = [...vehicleLines(20_000)].map((line) => JSON.parse(line) as object)
    await p4!.node.stop()
    const { height: before } = await founder.client.status()
    const away = await appendSingly(founder.client, 'vehicle', (number) => vehicles[number]!, { count: blocks })
    const made = away.times.reduce((sum, time) => sum + time, 0) / 1000
    const next = (number: number): object => vehicles[blocks + number]!
    const writing = { object: 'vehicle', next, before }
    const figures = await watchCatchUp(() => startAgain(p4!), p4!.client, p2!.client, writing)
    const cpuSeconds = rounded(cpuSecondsOf(p4!.node.pid))
    return { machine, madePerSecond: rounded(blocks / made), ...figures, cpuSeconds }
  })
}
