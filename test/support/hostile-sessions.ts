import { setTimeout as sleep } from 'node:timers/promises'
import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import { ERROR_CODES, LedgerError } from '../../src/base/errors.js'
import type { Json } from '../../src/base/json.js'
import { ShapeError } from '../../src/ledger/json-shape.js'
import { silentLogger } from '../../src/node/log.js'
import { newCounts } from '../../src/node/network/counts.js'
import { type Connection, decodeFrame, framesOf, type Stream } from '../../src/node/network/frames.js'
import { incomingMessages } from '../../src/node/network/incoming-messages.js'
import { type JoinRequest, shapeOfJoinAnswer, shapeOfJoinRequest } from '../../src/node/network/join-messages.js'
import { joinHandler } from '../../src/node/network/join-protocol.js'
import { createMembershipExchange } from '../../src/node/network/membership-protocol.js'
import { shapeOfMessage, shapeOfRequest, shapeOfResponse } from '../../src/node/network/message-shape.js'
import '../../src/node/network/promise-with-resolvers.js'
import { createPull } from '../../src/node/network/pull.js'
import type { PeerMessage, PullRequest, PullResponse } from '../../src/node/peers.js'
import { hostileCaptures } from './hostile-captures.js'
import { mutationsOf } from './mutations.js'

/** Who speaks: two partners, and one who is none. */
const PEERS = ['bob', 'carol', 'eve'] as const
const PROTOCOLS = ['messages', 'pull', 'join', 'membership'] as const
type Protocol = (typeof PROTOCOLS)[number]

/** Bytes in a stream: a text in a frame, or bytes as they are, in hexadecimal digits, that are no frame. */
type Item = { readonly text: string } | { readonly raw: string }

/** What one peer does on one stream; all of a run do it at the same time. */
export interface Session {
  readonly who: (typeof PEERS)[number]
  readonly protocol: Protocol
  readonly items: readonly Item[]
  /** Milliseconds until it begins, and between two pieces. */
  readonly afterMs: number
  readonly betweenMs: number
  readonly pieceBytes: number
  /** Bytes of the last frame that are never sent. */
  readonly cut: number
  /** How it ends: what it has to say is over, the stream breaks, or nothing more is said. */
  readonly end: 'close' | 'abort' | 'stay'
}

/** Sessions, and perhaps a partner that is removed meanwhile. */
export interface Run {
  readonly sessions: readonly Session[]
  readonly removed: (typeof PEERS)[number] | null
  readonly removedAfterMs: number
}

/** What came of a session: frames that were answered, and whether the stream was ended by the node. */
export interface Heard {
  readonly session: Session
  readonly answers: unknown[]
  ended: boolean
}

const WRONG_BYTES = ['ffffffff07', '8080808080808080', '00', '05ffffffffff', '028080']

const captures = hostileCaptures()
const SAMPLES: Readonly<Record<Protocol, readonly string[]>> = {
  messages: captures.messages,
  pull: captures.requests,
  join: captures.joinRequests,
  membership: [
    '{"type":"height"}',
    `{"type":"present","steps":[${captures.steps[0]}]}`,
    '{"type":"present","steps":[]}'
  ]
}

function itemsOf(protocol: Protocol): fc.Arbitrary<Item> {
  const samples = SAMPLES[protocol]
  const text = (value: string): Item => ({ text: value })
  const others = Object.values(SAMPLES).flat()
  return fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...samples).map(text) },
    { weight: 2, arbitrary: mutationsOf(samples).map(text) },
    { weight: 1, arbitrary: fc.constantFrom(...others).map(text) },
    { weight: 1, arbitrary: fc.constantFrom(...WRONG_BYTES).map((raw): Item => ({ raw })) }
  )
}

const session: fc.Arbitrary<Session> = fc.constantFrom(...PROTOCOLS).chain((protocol) =>
  fc.record({
    who: fc.constantFrom(...PEERS),
    protocol: fc.constant(protocol),
    items: fc.array(itemsOf(protocol), { maxLength: 6 }),
    afterMs: fc.nat(8),
    betweenMs: fc.constantFrom(0, 0, 1, 3),
    pieceBytes: fc.constantFrom(1 << 20, 1 << 20, 700, 61),
    cut: fc.constantFrom(0, 0, 0, 1, 40),
    end: fc.constantFrom('close', 'close', 'stay', 'abort')
  })
)

/** Random sequences of what is right, changed, cut and wrong, on streams of every protocol. */
export const runs: fc.Arbitrary<Run> = fc.record({
  sessions: fc.array(session, { minLength: 1, maxLength: 8 }),
  removed: fc.option(fc.constantFrom(...PEERS), { freq: 4 }),
  removedAfterMs: fc.nat(12)
})

/** What the pieces of a session are, by a reader of its own. */
function modelOf({ protocol, items, cut }: Session) {
  const frames = items.map((item) =>
    'text' in item ? framed(Buffer.from(item.text, 'utf8')) : Buffer.from(item.raw, 'hex')
  )
  const last = items.at(-1)
  const missing = last !== undefined && 'text' in last ? Math.min(cut, frames.at(-1)!.length) : 0
  const whole = missing > 0 ? items.slice(0, -1) : items
  const bad = whole.findIndex((item) => 'raw' in item || readAs(protocol, item.text) === null)
  const good = whole.slice(0, bad < 0 ? whole.length : bad)
  return {
    bytes: Buffer.concat(frames).subarray(0, frames.reduce((sum, { length }) => sum + length, 0) - missing),
    good: good.flatMap((item) => ('text' in item ? [readAs(protocol, item.text)] : [])),
    /** Whether something wrong comes while it is listened to: only the first frame counts where one is answered. */
    isWrong: protocol === 'messages' ? bad >= 0 : bad === 0,
    asks: protocol !== 'messages' && whole.length > 0
  }
}

function readAs(protocol: Protocol, text: string): object | null {
  try {
    const json = decodeFrame(Buffer.from(text, 'utf8')) as Json
    if (protocol === 'messages') return shapeOfMessage(json)
    if (protocol === 'pull') return shapeOfRequest(json)
    return protocol === 'join' ? shapeOfJoinRequest(json) : readMembership(json)
  } catch (error) {
    if (error instanceof ShapeError || error instanceof LedgerError) return null
    throw error
  }
}

function readMembership(json: Json): object | null {
  const isObject = (value: unknown): value is Record<string, unknown> =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
  const has = (value: unknown, names: string): boolean => isObject(value) && Object.keys(value).sort().join() === names
  if (has(json, 'type') && (json as { type: unknown }).type === 'height') return json as object
  if (!has(json, 'steps,type') || (json as { type: unknown }).type !== 'present') return null
  const { steps } = json as { steps: unknown }
  const isStep = (step: unknown): boolean =>
    has(step, 'certificate,header,set') && Object.values(step as object).every((part) => typeof part === 'string')
  return Array.isArray(steps) && steps.length <= 256 && steps.every(isStep) ? (json as object) : null
}

/** With its length before it, as a varint. */
function framed(bytes: Uint8Array): Buffer {
  const length: number[] = []
  for (let rest = bytes.length; ; rest = Math.floor(rest / 0x80)) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80)
    if (rest < 0x80) return Buffer.concat([Uint8Array.from(length), bytes])
  }
}

/** The node's side of every protocol, over streams in memory. */
function createSubject() {
  const partners = new Map<string, string>([
    ['bob', 'bob'],
    ['carol', 'carol']
  ])
  const delivered: { readonly from: string; readonly message: PeerMessage }[] = []
  const blamed: string[] = []
  const connections = new Map<string, Connection>()
  const serving = new Set<Promise<void>>()
  const failures: unknown[] = []
  const partnerOf = (key: string): string | null => partners.get(key) ?? null
  const onMalformed = (key: string): void => void blamed.push(key)
  const common = { genesis: captures.scope.genesis, counts: newCounts(), onMalformed, log: silentLogger }
  let asked = 0
  const pull = createPull({
    ...common,
    protocol: 'pull',
    partnerOf,
    async onRequest(_, request) {
      // At once, late, or not at all.
      asked += 1
      if (asked % 3 === 1) await sleep(asked % 7)
      if (asked % 5 === 4) throw new LedgerError('BUSY', 'not now')
      return answerTo(request)
    }
  })
  const handlers: Readonly<Record<Protocol, (stream: Stream, connection: Connection) => Promise<void>>> = {
    messages: incomingMessages({
      ...common,
      welcome: { partner: 'alice', gossip: true, connected: true, texts: true },
      partnerOf,
      onMessage: (from, message) => delivered.push({ from, message })
    }),
    pull: pull.handler,
    join: joinHandler({
      ...common,
      join: async (_: JoinRequest) => ({ type: 'refused', code: 'NOT_PERMITTED', message: 'no' })
    }),
    membership: createMembershipExchange({
      ...common,
      knowledge: { current: () => ({ height: 0, set: captures.set }), stepsAfter: async () => [], learned() {} }
    }).handler
  }
  return {
    delivered,
    blamed,
    failures,
    remove: (who: string) => partners.delete(who),
    /** Streams whose handler has not come to an end. */
    serving: () => serving.size,
    async open(who: string, protocol: Protocol): Promise<Stream> {
      const connection = connections.get(who) ?? ({ remotePeer: { toString: () => who } } as unknown as Connection)
      connections.set(who, connection)
      const [theirs, ours] = await streamPair()
      const served = handlers[protocol](ours as Stream, connection)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => serving.delete(served))
      serving.add(served)
      return theirs as Stream
    }
  }
}

function answerTo(request: PullRequest): PullResponse {
  switch (request.type) {
    case 'blocks':
      return { type: 'blocks', blocks: [] }
    case 'batches':
      return { type: 'batches', batches: [] }
    case 'messages':
      return { type: 'messages', messages: [] }
    case 'proposal':
      return { type: 'proposal', block: null }
    default:
      throw new LedgerError('NOT_PERMITTED', 'no')
  }
}

/** Does what a session says on a stream of its protocol, and hears what comes back. */
export async function play(session: Session, stream: Stream): Promise<Heard> {
  const heard: Heard = { session, answers: [], ended: false }
  const frames = framesOf(stream, 16 * 1024 * 1024)
  void (async () => {
    try {
      for (;;) heard.answers.push(await frames.read())
    } catch {
      heard.ended = true
    }
  })()
  const { bytes } = modelOf(session)
  try {
    for (let at = 0; at < bytes.length; at += session.pieceBytes) {
      if (!stream.send(bytes.subarray(at, at + session.pieceBytes)))
        await stream.onDrain({ signal: AbortSignal.timeout(5_000) })
      if (session.betweenMs > 0) await sleep(session.betweenMs)
    }
    if (session.end === 'close') await stream.close({ signal: AbortSignal.timeout(5_000) })
  } catch {
    // The node has ended it.
  }
  if (session.end === 'abort') stream.abort(new Error('broken'))
  return heard
}

/** Milliseconds in which all that is to come has come, on a machine that does other things too. */
const SETTLED_MS_MAX = 15_000

/**
 * Does it and looks whether every promise was kept.
 * @throws Error that says which was not
 */
export async function playRun(run: Run): Promise<void> {
  const subject = createSubject()
  const streams: Stream[] = []
  const removal = run.removed === null ? null : sleep(run.removedAfterMs).then(() => subject.remove(run.removed!))
  const heard = await Promise.all(
    run.sessions.map(async (session) => {
      await sleep(session.afterMs)
      const stream = await subject.open(session.who, session.protocol)
      streams.push(stream)
      return await play(session, stream)
    })
  )
  await removal
  const problem = async (): Promise<string | null> => {
    for (const end = performance.now() + SETTLED_MS_MAX; ; await sleep(2)) {
      const found = problemOf(run, heard, subject)
      if (found === null || performance.now() > end) return found
    }
  }
  const found = await problem()
  for (const stream of streams) stream.abort(new Error('over'))
  for (const end = performance.now() + SETTLED_MS_MAX; subject.serving() > 0; await sleep(2)) {
    if (performance.now() > end) throw new Error(`${subject.serving()} streams are served for ever`)
  }
  const late = found ?? tooMuchOf(run, heard, subject)
  if (late !== null) throw new Error(late)
}

type Subject = ReturnType<typeof createSubject>

/** What is not there yet that must come; null when there is nothing. */
function problemOf(run: Run, heard: readonly Heard[], subject: Subject): string | null {
  for (const who of PEERS) {
    const own = heard.filter(({ session }) => session.who === who)
    const kept = own.filter(({ session }) => session.protocol === 'messages')
    // A stream that broke, or was replaced, or whose partner is none any more, may end before it is read to its end.
    const isSure = who !== 'eve' && run.removed !== who && kept.length < 2
    if (isSure && kept[0] !== undefined && kept[0].session.end !== 'abort') {
      const expected = JSON.stringify(modelOf(kept[0].session).good)
      const came = subject.delivered.filter(({ from }) => from === who).map(({ message }) => message)
      if (JSON.stringify(came) !== expected) return `of ${who} came ${JSON.stringify(came)}, not ${expected}`
      if (modelOf(kept[0].session).isWrong && !kept[0].ended) return `a stream of ${who} goes on after what is wrong`
      if (kept[0].answers.length !== 1) return `${who} was not welcomed once`
    }
    for (const { session, answers } of own) {
      const isAnswered = session.protocol === 'pull' && run.removed !== who && who !== 'eve' && session.end !== 'abort'
      if (isAnswered && modelOf(session).asks && answers.length === 0) return `a request of ${who} is not answered`
    }
    const wrong = own.filter(({ session }) => modelOf(session).isWrong)
    const mustBeSeen = wrong.filter(({ session }) => session.protocol === 'pull' && session.end !== 'abort').length
    const isKeptSeen = isSure && kept[0]?.session.end !== 'abort' && wrong.some((it) => kept.includes(it))
    const least = (who === 'eve' || run.removed === who ? 0 : mustBeSeen) + (isKeptSeen ? 1 : 0)
    const seen = subject.blamed.filter((key) => key === who).length
    if (seen < least) return `${who} did ${least} wrong things and was told of ${seen} times`
  }
  return null
}

/** What must not be there. */
function tooMuchOf(_: Run, heard: readonly Heard[], { delivered, blamed, failures }: Subject): string | null {
  if (failures.length > 0) return `a handler failed: ${String(failures[0])}`
  if (delivered.some(({ from }) => from === 'eve')) return 'a message of a stranger was taken'
  for (const who of PEERS) {
    const own = heard.filter(({ session }) => session.who === who)
    const wrong = own.filter(({ session }) => modelOf(session).isWrong).length
    const seen = blamed.filter((key) => key === who).length
    if (seen > wrong) return `${who} did ${wrong} wrong things and was told of ${seen} times`
    const said = own.flatMap(({ session }) => (session.protocol === 'messages' ? modelOf(session).good : []))
    const texts = said.map((message) => JSON.stringify(message))
    for (const { from, message } of delivered) {
      if (from !== who) continue
      const at = texts.indexOf(JSON.stringify(message))
      if (at < 0) return `${who} never said ${JSON.stringify(message)}, or not so often`
      texts.splice(at, 1)
    }
  }
  for (const { session, answers } of heard) {
    const found = problemOfAnswers(session, answers)
    if (found !== null) return `${session.protocol} of ${session.who}: ${found}: ${JSON.stringify(answers)}`
  }
  return null
}

function problemOfAnswers(session: Session, answers: readonly unknown[]): string | null {
  const { protocol, who } = session
  if (answers.length > 1) return 'more than one answer'
  if (answers.length === 0) return null
  if (protocol === 'messages') {
    return JSON.stringify(answers[0]).startsWith('{"partner":"alice"') ? null : 'no welcome'
  }
  if (protocol === 'pull' && who === 'eve') return 'a stranger was answered'
  const { good, asks, isWrong } = modelOf(session)
  if (!asks) return 'answered before it was asked'
  const { ok, error } = answers[0] as { ok?: Json; error?: { code: string; message: string } }
  if (error !== undefined) {
    if (!Object.hasOwn(ERROR_CODES, error.code) || typeof error.message !== 'string') return 'an error that is none'
    return isWrong && !['MALFORMED', 'TOO_LARGE'].includes(error.code) ? 'another error than what is wrong' : null
  }
  if (isWrong) return 'what is wrong was answered'
  try {
    if (protocol === 'pull') shapeOfResponse(ok, good[0] as PullRequest)
    else if (protocol === 'join') shapeOfJoinAnswer(ok ?? null)
    else if (!Number.isSafeInteger((ok as { height: number }).height)) return 'no height'
    return null
  } catch (failure) {
    return `no answer to this: ${String(failure)}`
  }
}
