import { LedgerError } from '../../src/base/errors.js'
import type { PeerHandlers, PeerMessage, Peers, PullRequest, PullResponse } from '../../src/node/peers.js'
import type { Liar } from './liar.js'
import { lineOfMessage, lineOfRequest } from './message-lines.js'
import type { Trace } from './trace.js'
import { type Deafness, delayOn, goodLink, type Link, mend } from './virtual-link.js'

/** How long a request waits for its answer when the asker says nothing, milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000

/**
 * Which ways messages have all the time, also when all is well: what one of them brings, the other must bring too.
 * `no-pulls`: signed messages are never answered for, only sent. `no-sends`: votes and proposals come only when asked for.
 */
export type Paths = 'all' | 'no-pulls' | 'no-sends'

export interface NetworkOptions {
  readonly random: () => number
  readonly trace: Trace
  readonly ids: readonly string[]
  /** Usual delay of a message, milliseconds: least, and what is added at random. */
  readonly delayMs: { readonly min: number; readonly spread: number }
  readonly paths: Paths
  /** Two partners that never reach each other, as behind two firewalls. */
  readonly strangers: readonly [string, string] | null
  /** Whether one lets another in; null: everybody lets in everybody. */
  readonly lets: ((by: string, other: string) => boolean) | null
  /** Whether everything goes through JSON, as over a wire. */
  readonly wire: boolean
  /** Who of the partners lies, and how. */
  readonly liars: ReadonlyMap<string, Liar>
  /** Sees every message as it leaves. */
  readonly onSend: (from: string, message: PeerMessage | PullResponse) => void
  /** Sees every message and answer just before it is handed over. */
  readonly onArrive: (from: string, to: string, message: PeerMessage | PullResponse) => void
  /** Sees every batch that is gossiped just before it is handed over. */
  readonly onBody: (to: string, text: string) => void
  /** A partner saw another do what no honest one does. */
  readonly onBlame: (by: string, partner: string, why: string) => void
}

/** A running partner's place in the network. */
export interface Plug {
  readonly peers: Peers
  /** The partner is gone: nothing arrives any more, and the others notice in their time. */
  unplug(): void
}

export interface VirtualNetwork {
  /** @param later plans work of this life of the partner: not done after a crash, late during a pause */
  plug(partner: string, handlers: () => PeerHandlers, later: (delayMs: number, run: () => void) => void): Plug
  link(from: string, to: string): Link
  /** Call after a change of links: connections break and come back in their time. */
  changed(): void
  /** All links are good again. */
  heal(): void
  readonly sent: number
}

interface Place {
  readonly partner: string
  readonly handlers: () => PeerHandlers
  readonly later: (delayMs: number, run: () => void) => void
  /** Whom it holds for connected: the life of the other that it is connected to. */
  readonly connections: Map<string, Place>
}

/** Messages between partners with delay, loss, duplicates and any order; connections that break and come back. */
export function virtualNetwork(options: NetworkOptions): VirtualNetwork {
  const { random, trace, ids, delayMs, liars, lets, paths, strangers, onSend, onArrive, onBody, onBlame } = options
  const places = new Map<string, Place>()
  const links = new Map(ids.map((from) => [from, new Map(ids.map((to) => [to, goodLink()]))]))
  let sent = 0

  const link = (from: string, to: string): Link => links.get(from)!.get(to)!
  const copy = <T>(value: T): T => (options.wire ? (JSON.parse(JSON.stringify(value)) as T) : value)
  const areStrangers = (a: string, b: string): boolean => strangers?.includes(a) === true && strangers.includes(b)

  const areAdmitted = (a: string, b: string): boolean => lets === null || (lets(a, b) && lets(b, a))

  function isOpen(a: string, b: string): boolean {
    if (!areAdmitted(a, b)) return false
    return link(a, b).blocked === 0 && link(b, a).blocked === 0 && !areStrangers(a, b)
  }

  /** Whom a partner would be connected to if everything were noticed at once. */
  const reachable = (place: Place, other: string): Place | undefined =>
    isOpen(place.partner, other) ? places.get(other) : undefined

  /** One side looks whether it is connected to the other. */
  function review(place: Place, other: string): void {
    const before = place.connections.get(other)
    const after = reachable(place, other)
    if (before === after) return
    if (before !== undefined) {
      place.connections.delete(other)
      trace.note(`${place.partner} loses ${other}`)
      place.handlers().onPeer(other, false)
    }
    if (after === undefined) return
    place.connections.set(other, after)
    trace.note(`${place.partner} meets ${other}`)
    place.handlers().onPeer(other, true)
  }

  /** A broken connection shows at once, or only when somebody has waited long enough; a new one takes its time too. */
  function reviewLater(place: Place): void {
    for (const other of ids) {
      if (other === place.partner) continue
      const connected = place.connections.get(other)
      if (connected === reachable(place, other)) continue
      const lost = connected !== undefined && (connected !== places.get(other) || !areAdmitted(place.partner, other))
      const ms = lost || connected === undefined ? random() * 1_000 : random() * 15_000
      place.later(ms, () => review(place, other))
    }
  }

  function changed(): void {
    for (const [from, others] of links) {
      for (const [to, each] of others) if (each.clogged === 0 && each.held.length > 0) release(from, to)
    }
    for (const place of places.values()) reviewLater(place)
  }

  /** What was held up comes in one go. */
  function release(from: string, to: string): void {
    for (const arrive of link(from, to).held.splice(0)) arrive()
  }

  /** Carries something to whom a partner is connected to. */
  function carry(place: Place, to: string, arrive: (target: Place) => void): void {
    const target = place.connections.get(to)
    if (target !== undefined) carryTo(place, target, () => arrive(target))
  }

  /** Lost unless both live, and the way is open, from the start to the end. */
  function carryTo(place: Place, target: Place, arrive: () => void): void {
    sent++
    const way = link(place.partner, target.partner)
    if (way.blocked > 0 || (way.loss > 0 && random() < way.loss)) return
    const copies = way.duplicates > 0 && random() < way.duplicates ? 2 : 1
    const handOver = (): void => {
      if (places.get(target.partner) === target && way.blocked === 0) arrive()
    }
    for (let n = 0; n < copies; n++) {
      const move = (): void => target.later(delayOn(way, delayMs, random), handOver)
      if (way.clogged > 0) way.held.push(move)
      else move()
    }
  }

  function send(place: Place, to: string, message: PeerMessage) {
    const liar = liars.get(place.partner)
    if (liar === undefined) return sendOne(place, to, message)
    for (const said of liar.instead(to, message)) sendOne(place, to, said)
  }

  function sendOne(place: Place, to: string, message: PeerMessage): void {
    onSend(place.partner, message)
    if (paths === 'no-sends' && (message.type === 'vote' || message.type === 'proposal')) return
    const type: Deafness = message.type === 'vote' ? message.vote.kind : message.type
    const deaf = link(place.partner, to).deaf[type]
    if (deaf > 0 && random() < deaf) return
    carry(place, to, (target) => {
      trace.note(() => `${place.partner}>${to} ${lineOfMessage(message)}`)
      const heard = liars.has(to) ? withoutOwnPrevotes(to, message) : message
      onArrive(place.partner, to, heard)
      target.handlers().onMessage(place.partner, copy(heard))
    })
  }

  function request(
    place: Place,
    to: string,
    asked: PullRequest,
    { signal, timeoutMs = REQUEST_TIMEOUT_MS }: { readonly signal?: AbortSignal; readonly timeoutMs?: number }
  ): Promise<PullResponse> {
    return new Promise((onAnswer, onFailure) => {
      let isOver = false
      const abort = (): void => reject(signal?.reason)
      const settle = (): void => {
        isOver = true
        signal?.removeEventListener('abort', abort)
      }
      const reject = (error: unknown): void => {
        settle()
        onFailure(error)
      }
      const fail = (problem: string): void => reject(new LedgerError('NODE_UNREACHABLE', `${to}: ${problem}`))
      if (!place.connections.has(to)) return fail('not connected')
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', abort)
      place.later(timeoutMs, () => {
        if (!isOver) fail('no answer')
      })
      if (paths === 'no-pulls' && asked.type === 'messages') return
      carry(place, to, (target) => {
        trace.note(() => `${place.partner}>${to} ${lineOfRequest(asked)}`)
        answer(place, target, asked, {
          resolve(said) {
            if (isOver) return
            trace.note(() => `${to}>${place.partner} answers ${said.type}`)
            onArrive(to, place.partner, said)
            settle()
            onAnswer(copy(said))
          },
          reject
        })
      })
    })
  }

  function answer(
    asker: Place,
    target: Place,
    asked: PullRequest,
    { resolve, reject }: { resolve(said: PullResponse): void; reject(error: unknown): void }
  ): void {
    const from = target.partner
    const reply = (honest: PullResponse) => {
      const liar = liars.get(from)
      const said = liar === undefined ? honest : liar.answer(asker.partner, asked, honest)
      if (said === null) return
      if (said instanceof LedgerError) return carryTo(target, asker, () => reject(said))
      const heard = liars.has(asker.partner) ? withoutOwn(asker.partner, said) : said
      onSend(from, heard)
      carryTo(target, asker, () => resolve(heard))
    }
    target
      .handlers()
      .onRequest(asker.partner, copy(asked))
      .then(reply, (error: unknown) => {
        if (!(error instanceof LedgerError)) throw error
        carryTo(target, asker, () => reject(new LedgerError(error.code, error.message)))
      })
  }

  function peersOf(place: Place): Peers {
    const connected = (): string[] => [...place.connections.keys()]
    return {
      connected,
      send: (to, message) => send(place, to, message),
      broadcast(message) {
        for (const to of connected()) send(place, to, message)
      },
      gossipBatch(text) {
        const liar = liars.get(place.partner)
        for (const to of connected()) {
          const said = liar === undefined ? text : liar.body(to, text)
          if (said === null) continue
          carry(place, to, (target) => {
            trace.note(() => `${place.partner}>${to} gossip of ${said.length}`)
            onBody(to, said)
            const verdict = target.handlers().onBatchText(said)
            if (verdict === 'reject') onBlame(to, place.partner, 'it spreads what is no batch')
          })
        }
      },
      blame: (partner, why) => onBlame(place.partner, partner, why),
      request: (to, asked, how) => request(place, to, asked, how) as ReturnType<Peers['request']> as never
    }
  }

  return {
    plug(partner, handlers, later) {
      const place: Place = { partner, handlers, later, connections: new Map() }
      places.set(partner, place)
      changed()
      return {
        peers: peersOf(place),
        unplug() {
          places.delete(partner)
          changed()
        }
      }
    },
    link,
    changed,
    heal() {
      for (const others of links.values()) {
        for (const each of others.values()) for (const move of mend(each)) move()
      }
      changed()
    },
    get sent() {
      return sent
    }
  }
}

function withoutOwnPrevotes(liar: string, message: PeerMessage): PeerMessage {
  if (message.type !== 'proposal') return message
  return { ...message, prevotes: message.prevotes.filter(({ voter }) => voter !== liar) }
}

/** A liar's node is not told what it is made to say: it would stop. */
function withoutOwn(liar: string, answer: PullResponse): PullResponse {
  if (answer.type !== 'messages') return answer
  const authorOf = (message: (typeof answer.messages)[number]): string =>
    message.type === 'vote' ? message.vote.voter : message.proposal.proposer
  return { ...answer, messages: answer.messages.filter((message) => authorOf(message) !== liar) }
}
