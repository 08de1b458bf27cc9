import * as assert from 'uvu/assert'
import { until } from '../partners.js'
import { ndjson, withSandbox } from '../processes.js'
import { type Cast, createCast, type Member } from './cast.js'
import { type Committed, checkHistory } from './history-check.js'
import { type Load, startLoad } from './load.js'
import type { Scenario } from './step.js'

/** Longest from healing until a record that was called for after it is acknowledged anywhere, and at every node. */
const FIRST_COMMIT_MS_MAX = 30_000
const EVERYWHERE_MS_MAX = 60_000
const LAST_ANSWERS_MS_MAX = 30_000

const LIST_MAX = 100_000

/** What a run found, in milliseconds where it is time. */
export interface Outcome {
  readonly height: number
  readonly acknowledged: number
  /** Called for, and nobody knows what became of it. */
  readonly unknown: number
  readonly reads: number
  /** Longest time in which nobody was acknowledged anything, from the first step on to the healing. */
  readonly longestPauseMs: number
  /** From the healing on. */
  readonly firstCommitMs: number
  readonly everywhereMs: number
}

/**
 * Runs a scenario under load, heals, and checks what must hold: the network goes on by itself, every partner appends
 * again, all copies are one chain that verifies, nothing acknowledged is lost or doubled, the order respects time, and
 * nobody is accused of a contradiction.
 * @param random from 0 to 1: what the clients do, and the jitter
 */
export async function runScenario(scenario: Scenario, random: () => number): Promise<Outcome> {
  let outcome: Outcome | undefined
  await withSandbox(async (sandbox) => {
    const cast = await createCast(sandbox, scenario, random)
    try {
      outcome = await perform(scenario, cast, random)
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}\n${await told(cast)}`)
    } finally {
      await cast.close()
    }
  })
  return outcome!
}

async function perform(scenario: Scenario, cast: Cast, random: () => number): Promise<Outcome> {
  const { members } = cast
  const load = startLoad(members, random)
  try {
    await until('the load is under way', async () => members.every(({ id }) => load.acknowledgedSince(0, id) !== null))
    const began = performance.now()
    for (const step of scenario.steps) {
      await cast.play(step)
      none(cast.fallen())
    }
    await cast.heal()
    const healed = performance.now()
    const longestPauseMs = longestPause(load, began, healed)
    const { pauseMsMax = Number.POSITIVE_INFINITY } = scenario
    assert.ok(longestPauseMs <= pauseMsMax, `nothing was acknowledged for ${Math.round(longestPauseMs)} ms`)
    const first = await acknowledged(load, healed, FIRST_COMMIT_MS_MAX)
    const each = members.map(({ id }) => acknowledged(load, healed, EVERYWHERE_MS_MAX, id))
    const everywhere = Math.max(...(await Promise.all(each)))
    await load.stop(LAST_ANSWERS_MS_MAX)
    none(cast.fallen())
    const height = await check(members, load)
    const done = load.appends.filter((append) => append.acknowledged !== null).length
    return {
      height,
      acknowledged: done,
      unknown: load.appends.length - done,
      reads: load.reads.length,
      longestPauseMs: Math.round(longestPauseMs),
      firstCommitMs: Math.round(first - healed),
      everywhereMs: Math.round(everywhere - healed)
    }
  } finally {
    await load.stop(0)
  }
}

function none(faults: readonly string[]): void {
  if (faults.length > 0) throw new Error(faults.join('\n'))
}

/** When the first record that was called for after `since` was acknowledged. */
async function acknowledged(load: Load, since: number, msMax: number, at?: string): Promise<number> {
  const what = `a record is acknowledged ${at === undefined ? 'anywhere' : `by ${at}`} after the healing`
  await until(what, async () => load.acknowledgedSince(since, at) !== null, msMax)
  return load.acknowledgedSince(since, at)!
}

function longestPause(load: Load, from: number, to: number): number {
  const times = load.appends.flatMap(({ acknowledged }) => acknowledged?.at ?? []).filter((at) => at > from && at < to)
  const all = [from, ...times.sort((a, b) => a - b), to]
  return Math.max(...all.slice(1).map((at, index) => at - all[index]!))
}

/** Everything that must hold once nothing happens any more. @returns the height of all copies */
async function check(members: readonly Member[], load: Load): Promise<number> {
  none(load.complaints)
  let height = -1
  await until('all copies are one', async () => {
    const statuses = await Promise.all(members.map(({ client }) => client.status()))
    const ends = new Set(statuses.map(({ height, head, stateHash }) => `${height} ${head} ${stateHash}`))
    height = statuses[0]!.height
    return ends.size === 1 && statuses.every(({ mempool }) => mempool.batches === 0)
  })
  const copies = await Promise.all(members.map(recordsOf))
  for (const [at, copy] of copies.entries()) assert.equal(copy, copies[0], `the copy of ${members[at]!.id} is another`)
  checkHistory(load.appends, load.reads, copies[0]!)
  for (const { id, ledger, client } of members) {
    const { code, stdout, stderr } = await ledger(['verify'])
    assert.is(code, 0, `${id}: ${stdout}${stderr}`)
    const accused = (await client.partners()).filter(({ evidence }) => evidence > 0)
    assert.equal(accused, [], 'an honest partner is accused')
  }
  return height
}

async function recordsOf({ ledger }: Member): Promise<Committed[]> {
  const list = ['list', 'entry', '--history', '--limit', String(LIST_MAX), '--json']
  const { stdout } = await ledger(list)
  const listed = ndjson<{ id: string; height: number; data: { book: string; number: number } }>(stdout)
  return listed.map(({ id, height, data }) => ({ id, height, book: data.book, number: data.number }))
}

/** What each node says of itself, and the end of its log. */
async function told({ members }: Cast): Promise<string> {
  const parts = members.map(async ({ id, client, log }) => {
    const late = new Promise<string>((resolve) => setTimeout(resolve, 2_000, 'no answer').unref())
    const status = await Promise.race([client.status().catch((error: Error) => error.message), late])
    const lines = log().trimEnd().split('\n').slice(-12)
    return [`${id} ${JSON.stringify(status)}`, ...lines.map((line) => `${id} | ${line.slice(0, 300)}`)].join('\n')
  })
  return (await Promise.all(parts)).join('\n')
}
