import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { ERROR_CODES } from '../../src/base/errors.js'
import { NASTY } from './mutations.js'

/** Lines of a pipe, and what must become of each: null when it is blank. */
const LINES = {
  'a higher odometer': 'accepted',
  'an odometer of 0': 'accepted or lower',
  'another shape': 'refused',
  'no JSON': 'refused',
  'no UTF-8': 'refused',
  'what readers fear': 'refused',
  nothing: null,
  spaces: null
} as const
type LineKind = keyof typeof LINES

/** One append over HTTP. */
export interface Pipe {
  readonly lines: readonly LineKind[]
  readonly nasty: string
  readonly newline: '\n' | '\r\n'
  /** Whether the last line has one. */
  readonly isEnded: boolean
  readonly pieceBytes: number
  readonly betweenMs: number
  /** It ends; or is cut after some bytes; or all is said and the answer is never read. */
  readonly end: 'end' | 'cut' | 'unread'
  readonly cutBytes: number
}

/** One reader of the change feed, from the height on at which the run began. */
export interface Watcher {
  readonly form: 'application/x-ndjson' | 'text/event-stream'
  readonly afterMs: number
  /** Goes away after so many records; null: stays to the end. */
  readonly leavesAfter: number | null
}

export interface PipeRun {
  readonly pipes: readonly Pipe[]
  readonly watchers: readonly Watcher[]
}

const pipe: fc.Arbitrary<Pipe> = fc.record({
  lines: fc.array(fc.constantFrom(...(Object.keys(LINES) as LineKind[])), { maxLength: 10 }),
  nasty: fc.constantFrom(...NASTY.filter((text) => !/[\r\n]/.test(text))),
  newline: fc.constantFrom('\n', '\n', '\r\n'),
  isEnded: fc.boolean(),
  pieceBytes: fc.constantFrom(1 << 16, 1 << 16, 97, 13),
  betweenMs: fc.constantFrom(0, 0, 1),
  end: fc.constantFrom('end', 'end', 'end', 'cut', 'unread'),
  cutBytes: fc.nat(300)
})

const watcher: fc.Arbitrary<Watcher> = fc.record({
  form: fc.constantFrom('application/x-ndjson', 'text/event-stream'),
  afterMs: fc.nat(10),
  leavesAfter: fc.option(fc.nat(5))
})

/** Who hears everything, and what is said last: once it is told, so is whatever was taken before. */
const STAYING: Watcher = { form: 'application/x-ndjson', afterMs: 0, leavesAfter: null }
const LAST: Pipe = {
  lines: ['a higher odometer'],
  nasty: '',
  newline: '\n',
  isEnded: true,
  pieceBytes: 1 << 16,
  betweenMs: 0,
  end: 'end',
  cutBytes: 0
}

/** Random pipes and readers at the same time. */
export const pipeRuns: fc.Arbitrary<PipeRun> = fc.record({
  pipes: fc.array(pipe, { minLength: 1, maxLength: 5 }),
  watchers: fc.array(watcher, { maxLength: 3 })
})

interface Expected {
  /** Number of the line in the pipe, from 1. */
  readonly line: number
  /** Odometer of what is accepted; null for what is refused. */
  readonly odometer: number | null
}

/** The bytes of a pipe for one vehicle, and what must become of its lines: of one that is cut, of those that have an end. */
function modelOf({ lines, nasty, newline, isEnded, end, cutBytes }: Pipe, vehicle: string) {
  const parts: Buffer[] = []
  const expected: Expected[] = []
  let highest = 0
  for (const [index, kind] of lines.entries()) {
    const odometer = kind === 'a higher odometer' ? highest + 1 : 0
    parts.push(lineOf(kind, vehicle, odometer, nasty))
    const hasEnd = index < lines.length - 1 || isEnded
    if (hasEnd) parts.push(Buffer.from(newline))
    const bytes = parts.reduce((sum, part) => sum + part.length, 0)
    if (end === 'cut' && (!hasEnd || bytes > cutBytes)) continue
    const fate = LINES[kind]
    if (fate === null) continue
    const isAccepted = fate === 'accepted' || (fate === 'accepted or lower' && highest === 0)
    if (isAccepted) highest = odometer
    expected.push({ line: index + 1, odometer: isAccepted ? odometer : null })
  }
  return { bytes: Buffer.concat(parts), expected }
}

function lineOf(kind: LineKind, vehicle: string, odometer: number, nasty: string): Buffer {
  switch (kind) {
    case 'a higher odometer':
    case 'an odometer of 0':
      return Buffer.from(JSON.stringify({ vehicle, odometer }))
    case 'another shape':
      return Buffer.from(JSON.stringify({ vehicle, odometer: 'far' }))
    case 'no JSON':
      return Buffer.from(`{"vehicle":"${vehicle}"`)
    case 'no UTF-8':
      return Buffer.concat([Buffer.from('{"vehicle":"'), Buffer.of(0xff, 0xfe), Buffer.from('","odometer":1}')])
    case 'what readers fear':
      return Buffer.from(`x${nasty}`)
    case 'nothing':
      return Buffer.alloc(0)
    case 'spaces':
      return Buffer.from(' \t ')
  }
}

interface Outcome {
  readonly line: number
  readonly status: string
  readonly code?: string
}

/** What was answered to a pipe; null when nobody read it to its end. */
async function playPipe(socketPath: string, pipe: Pipe, vehicle: string): Promise<Outcome[] | null> {
  const { bytes } = modelOf(pipe, vehicle)
  const { end, cutBytes, pieceBytes, betweenMs } = pipe
  const sent = end === 'cut' ? bytes.subarray(0, cutBytes) : bytes
  const headers = { 'content-type': 'application/x-ndjson' }
  const asking = request({ socketPath, method: 'POST', path: '/v1/objects/inspection/records', headers })
  const answer = answerTo(asking)
  answer.catch(() => {})
  asking.flushHeaders()
  for (let at = 0; at < sent.length; at += pieceBytes) {
    asking.write(sent.subarray(at, at + pieceBytes))
    if (betweenMs > 0) await sleep(betweenMs)
  }
  if (end === 'end') {
    asking.end()
    const lines: Outcome[] = []
    for await (const line of linesOf(await answer)) lines.push(JSON.parse(line))
    return lines
  }
  if (end === 'unread') asking.end()
  await sleep(5)
  asking.destroy()
  return null
}

function answerTo(asking: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => asking.once('response', resolve).on('error', reject))
}

async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = ''
  for await (const piece of answer.setEncoding('utf8')) {
    const lines = `${rest}${piece}`.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

interface Event {
  /** `HEIGHT.BATCH.INDEX` */
  readonly id: string
  readonly vehicle: string
  readonly odometer: number
}

function startWatcher(socketPath: string, { form, afterMs, leavesAfter }: Watcher, since: number) {
  const events: Event[] = []
  let asking: ClientRequest | undefined
  let isOver = false
  const run = async (): Promise<void> => {
    await sleep(afterMs)
    if (isOver || leavesAfter === 0) return
    asking = request({
      socketPath,
      path: `/v1/changes?since=${since}&object=inspection`,
      headers: { accept: form }
    }).end()
    for await (const line of linesOf(await answerTo(asking))) {
      const json = line.startsWith('data: ') ? line.slice(6) : line
      if (!json.startsWith('{')) continue
      const { event, data } = JSON.parse(json) as { event: string; data: { vehicle: string; odometer: number } }
      events.push({ id: event, vehicle: data.vehicle, odometer: data.odometer })
      if (events.length === leavesAfter) return void asking.destroy()
    }
  }
  // Ends by being cut off.
  const over = run().catch(() => {})
  return {
    events,
    stays: leavesAfter === null,
    async stop(): Promise<void> {
      isOver = true
      asking?.destroy()
      await over
    }
  }
}

/** Milliseconds in which the feed tells what was committed, on a machine that does other things too. */
const TOLD_MS_MAX = 20_000

let vehicles = 0

/**
 * Plays it against a node's API and looks whether each line got its outcome, and each reader each record once, in order.
 * @param node where the API listens, and the height of the node
 * @throws Error that says what was not so
 */
export async function playPipes(node: { readonly socket: string; height(): number }, run: PipeRun): Promise<void> {
  const since = node.height()
  const watchers = [...run.watchers, STAYING].map((watcher) => startWatcher(node.socket, watcher, since))
  try {
    const named = [...run.pipes, LAST].map((pipe) => ({ pipe, vehicle: `V${vehicles++}` }))
    const accepted = new Map<string, readonly number[]>()
    const play = async ({ pipe, vehicle }: (typeof named)[number]): Promise<void> => {
      const { expected } = modelOf(pipe, vehicle)
      const outcomes = await playPipe(node.socket, pipe, vehicle)
      accepted.set(
        vehicle,
        expected.flatMap(({ odometer }) => odometer ?? [])
      )
      const problem = outcomes === null ? null : problemOfOutcomes(expected, outcomes)
      if (problem !== null) throw new Error(`${problem}: ${JSON.stringify(outcomes)}`)
    }
    await Promise.all(named.slice(0, -1).map(play))
    await Promise.all(named.slice(-1).map(play))
    const whole = named.filter(({ pipe }) => pipe.end === 'end').map(({ vehicle }) => vehicle)
    for (const { events, stays } of watchers) {
      for (const end = performance.now() + TOLD_MS_MAX; stays; await sleep(2)) {
        const problem = problemOfFeed(events, accepted, whole)
        if (problem === null) break
        if (performance.now() > end) throw new Error(`${problem}: ${JSON.stringify(events)}`)
      }
      const problem = problemOfFeed(events, accepted, [])
      if (problem !== null) throw new Error(`${problem}: ${JSON.stringify(events)}`)
    }
  } finally {
    for (const watcher of watchers) await watcher.stop()
  }
}

function problemOfOutcomes(expected: readonly Expected[], outcomes: readonly Outcome[]): string | null {
  if (outcomes.length !== expected.length) return `${expected.length} lines and ${outcomes.length} outcomes`
  for (const [index, { line, odometer }] of expected.entries()) {
    const outcome = outcomes[index]!
    const status = odometer === null ? 'refused' : 'accepted'
    if (outcome.line !== line) return `the outcome of line ${outcome.line} where that of ${line} is due`
    if (outcome.status !== status) return `line ${line} is ${outcome.status}, not ${status}`
    if (status === 'refused' && !Object.hasOwn(ERROR_CODES, outcome.code ?? '')) return `line ${line} has no code`
  }
  return null
}

/** @param whole vehicles of which all must have come; of others it may have been cut short */
function problemOfFeed(
  events: readonly Event[],
  accepted: ReadonlyMap<string, readonly number[]>,
  whole: readonly string[]
): string | null {
  const places = events.map(({ id }) => id.split('.').map(Number))
  if (places.some((place, index) => index > 0 && !isAfter(place, places[index - 1]!))) return 'out of order'
  for (const [vehicle, odometers] of accepted) {
    const came = events.filter((event) => event.vehicle === vehicle).map(({ odometer }) => odometer)
    if (came.some((odometer, index) => odometer !== odometers[index])) return `${vehicle} is not as it was written`
    if (whole.includes(vehicle) && came.length !== odometers.length) return `${vehicle} is not told whole`
  }
  return null
}

function isAfter(place: readonly number[], before: readonly number[]): boolean {
  const at = place.findIndex((number, index) => number !== before[index])
  return at >= 0 && place[at]! > before[at]!
}
