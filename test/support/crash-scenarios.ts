import * as assert from 'uvu/assert'
import {
  type Acknowledged,
  appendNumbers,
  type CrashPoint,
  type CrashRun,
  ENDINGS,
  holdsAll,
  NO_CRASH,
  startUntil,
  unlessEnded,
  verifies
} from './crash-points.js'
import { founding, INSPECTIONS } from './inspections.js'
import { invite, network, sameChain, until } from './partners.js'
import type { Sandbox, SandboxHome } from './processes.js'

/** Batches that a run appends, and records of each. */
const BATCHES = 4
const BATCH_RECORDS = 3

/** Homes that are tried at the same time. */
const LANES = 2

/** Runs on one home between two verifications of its whole copy. */
const VERIFY_EACH = 10

/** A role that keeps a copy and does not vote. */
const WITH_OBSERVER = INSPECTIONS.replace(
  'auditor: { append: [], govern: false }',
  'auditor: { append: [], vote: false }'
)

export interface CrashScenario {
  readonly sandbox: Sandbox
  /** Program of a node that ends at a write: see buildCrashNode. */
  readonly program: string
  /** Takes a part of the points. */
  readonly sample: (points: readonly CrashPoint[]) => readonly CrashPoint[]
}

/** What came of a scenario. */
export interface CrashReport {
  /** The durable writes of a run that nobody ended, in their order. */
  readonly writes: readonly string[]
  readonly tried: number
  /** Runs that came to their write; a run may make fewer writes than the one that was counted. */
  readonly ended: number
}

/** Every `step`-th write, each with the next way to end. */
export function every(step: number): CrashScenario['sample'] {
  return (points) => points.filter(({ at, when }) => at % step === 0 && ENDINGS.indexOf(when) === (at / step) % 4)
}

/** A fresh home each time, ended while it is founded and writes its first block; then the same line starts it again. */
export async function crashWhileFounding(scenario: CrashScenario): Promise<CrashReport> {
  const { sandbox, program } = scenario
  const line = founding(await sandbox.file('network.yaml', INSPECTIONS))
  const numbers = numbersFrom(0, BATCH_RECORDS)
  const live = async (name: string, point: CrashPoint): Promise<CrashRun> => {
    const home = sandbox.at(name, program)
    const acknowledged: Acknowledged = new Map()
    const run = await startUntil(home, point, line)
    if (run.node !== null) await appendNumbers(home.client, 'A', numbers, acknowledged)
    const isEnded = await run.ended()
    if (!isEnded) return run
    const again = await startUntil(home, NO_CRASH, line)
    await appendNumbers(home.client, 'A', numbers, acknowledged)
    assert.is(await holdsAll(home.client, acknowledged), numbers.length)
    await verifies(home.client)
    await again.ended()
    return run
  }
  const writes = await (await live('counted', NO_CRASH)).writes()
  return tryAll(scenario, writes, LANES, async (point) =>
    (await live(`found-${point.at}-${point.when}`, point)).ended()
  )
}

/** One home that is ended again and again while it appends, each time at another write. */
export async function crashWhileWorking(scenario: CrashScenario): Promise<CrashReport> {
  const { sandbox, program } = scenario
  const line = founding(await sandbox.file('network.yaml', INSPECTIONS))
  const homes = Array.from({ length: LANES }, (_, lane) => sandbox.at(`works-${lane}`, program))
  const lives = homes.map((home) => createLife(home, 'A', line))
  let writes: readonly string[] = []
  for (const life of lives) {
    await (await life.run(NO_CRASH)).ended()
    const counted = await life.run(NO_CRASH)
    await counted.ended()
    writes = await counted.writes()
  }
  const report = await tryAll(scenario, writes, LANES, async (point, lane) => (await lives[lane]!.run(point)).ended())
  for (const life of lives) {
    const run = await startUntil(life.home, NO_CRASH, line)
    await life.finish()
    assert.is(await holdsAll(life.home.client, life.acknowledged), life.sent())
    await verifies(life.home.client)
    await run.ended()
  }
  return report
}

/** Three partners of whom two must vote; one of them is ended again and again while it and another one append. */
export async function crashAmongPartners(scenario: CrashScenario): Promise<CrashReport> {
  const { sandbox, program } = scenario
  const [p1, p2] = await network(sandbox, 2, { quorum: 'majority' })
  assert.ok(p1 !== undefined && p2 !== undefined)
  const home = sandbox.at('p3', program)
  const token = await invite(p1, 'p3')
  const first = await startUntil(home, NO_CRASH, ['--invite', token])
  await until(
    'p3 votes',
    async () => (await p1.client.partners()).filter(({ voter, state }) => voter && state === 'active').length === 3
  )
  await first.ended()
  const life = createLife(home, 'A', [])
  const others: Acknowledged = new Map()
  let sent = 0
  let other = Promise.resolve()
  const run = async (point: CrashPoint): Promise<CrashRun> => {
    const before = other
    const number = sent++
    // The others go on while p3 is away.
    other = before.then(() => appendNumbers(p1.client, 'B', [number], others))
    return life.run(point)
  }
  await (await run(NO_CRASH)).ended()
  const counted = await run(NO_CRASH)
  await counted.ended()
  const report = await tryAll(scenario, await counted.writes(), 1, async (point) => (await run(point)).ended())
  const last = await startUntil(home, NO_CRASH)
  await other
  await appendNumbers(p1.client, 'B', numbersFrom(0, sent), others)
  await life.finish()
  const partners = [p1, p2, { ...p1, ...home, id: 'p3' }]
  await sameChain(partners)
  for (const { client } of partners) {
    assert.is(await holdsAll(client, new Map([...life.acknowledged, ...others])), life.sent() + sent)
    await verifies(client)
  }
  // A crash is no loss of the guard.
  const views = await p1.client.partners()
  assert.equal(new Set(views.map(({ evidence }) => evidence)), new Set([0]))
  assert.not.match(last.node?.stderr() ?? '', /rejoin/)
  await last.ended()
  return report
}

/** Observers that join one after the other, each ended at another write of its joining; then the same line goes on. */
export async function crashWhileJoining(scenario: CrashScenario): Promise<CrashReport> {
  const { sandbox, program } = scenario
  const [p1] = await network(sandbox, 1, { text: WITH_OBSERVER })
  assert.ok(p1 !== undefined)
  await appendNumbers(p1.client, 'A', numbersFrom(0, 20), new Map())
  const live = async (id: string, point: CrashPoint): Promise<CrashRun> => {
    const home = sandbox.at(id, program)
    const line = ['--invite', await invite(p1, id, 'auditor')]
    const active = async (run: CrashRun): Promise<boolean> => {
      if (run.node?.isOver() !== false) return true
      return (await home.client.status()).partner.state === 'active'
    }
    const run = await startUntil(home, point, line)
    if (run.node !== null) await until(`${id} is active or ended`, () => active(run))
    if (!(await run.ended())) return run
    const again = await startUntil(home, NO_CRASH, line)
    await until(`${id} is active`, () => active(again))
    await sameChain([p1, { ...p1, ...home, id }])
    await verifies(home.client)
    await again.ended()
    return run
  }
  const writes = await (await live('counted', NO_CRASH)).writes()
  return tryAll(scenario, writes, 1, async (point) => (await live(`w${point.at}-${point.when}`, point)).ended())
}

/** A home that is started, ended and started again, and what was acknowledged there in all its runs. */
function createLife(home: SandboxHome, author: string, line: readonly string[]) {
  const acknowledged: Acknowledged = new Map()
  let next = 0
  let runs = 0
  return {
    home,
    acknowledged,
    /** Records that were ever sent. */
    sent: () => next,
    async run(point: CrashPoint): Promise<CrashRun> {
      const run = await startUntil(home, point, line)
      const { node } = run
      if (node === null) return run
      runs += 1
      await unlessEnded(() => holdsAll(home.client, acknowledged))
      if (runs % VERIFY_EACH === 0) await unlessEnded(() => verifies(home.client))
      for (let batch = 0; batch < BATCHES && !node.isOver(); batch++) {
        const numbers = numbersFrom(next, BATCH_RECORDS)
        next += BATCH_RECORDS
        await appendNumbers(home.client, author, numbers, acknowledged)
      }
      return run
    },
    /** All the records again, to a node that nobody ends: each gets its outcome of before, and none is there twice. */
    async finish(): Promise<void> {
      await appendNumbers(home.client, author, numbersFrom(0, next), acknowledged)
      assert.is(acknowledged.size, next)
    }
  }
}

function numbersFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index)
}

/** Tries the points of a sample, on as many homes at the same time as there are lanes. */
async function tryAll(
  { sample }: CrashScenario,
  writes: readonly string[],
  lanes: number,
  attempt: (point: CrashPoint, lane: number) => Promise<boolean>
): Promise<CrashReport> {
  const points = sample(writes.flatMap((_, index) => ENDINGS.map((when) => ({ at: index + 1, when }))))
  const waiting = [...points]
  let ended = 0
  const lane = async (number: number): Promise<void> => {
    for (let point = waiting.shift(); point !== undefined; point = waiting.shift()) {
      const { at, when } = point
      const isEnded = await attempt(point, number).catch((error: unknown) => {
        const said = error instanceof Error ? error.message : String(error)
        throw new Error(`${when} write ${at}, ${writes[at - 1]}: ${said}`, { cause: error })
      })
      if (isEnded) ended += 1
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)))
  return { writes, tried: points.length, ended }
}
