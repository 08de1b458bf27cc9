import { LedgerError } from '../../src/base/errors.js'
import type { PeerHandlers, PeerMessage, Peers, PullRequest, PullResponse } from '../../src/node/peers.js'
import type { Deafness } from './faults.js'
import type { Liar } from './liar.js'
import { lineOfMessage, lineOfRequest } from './message-lines.js'
import type { Trace } from './trace.js'

/** How long a request waits for its answer when the asker says nothing, milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000

/** How one direction between two partners is at present. */
export interface Link {
  /** Nothing gets through while it is above 0: faults overlap. */
  blocked: number
  /** Share of messages that are lost, of 1. */
  loss: number
  /** Share of messages that arrive twice, of 1. */
  duplicates: number
  /** Share of messages of a type that are lost besides. */
  readonly deaf: Record<Deafness, number>
  /** Factor on the delay. */
  slowness: number
}

export interface NetworkOptions {
  readonly random: () => number
  readonly trace: Trace
  readonly ids: readonly string[]
  /** Usual delay of a message, milliseconds: least, and what is added at random. */
  readonly delayMs: { readonly min: number; readonly spread: number }
  /** Whether everything goes through JSON, as over a wire. */
  readonly wire: boolean
  /** Who of the partners lies, and how. */
  readonly liars: ReadonlyMap<string, Liar>
  /** Sees every message as it leaves. */
  readonly onSend: (from: string, message: PeerMessage | PullResponse) => void
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
  const { random, trace, ids, delayMs, liars, onSend } = options
  const places = new Map<string, Place>()
  const links = new Map<string, Link>()
  let sent = 0

  for (const from of ids) for (const to of ids) links.set(`${from}>${to}`, goodLink())

  const link = (from: string, to: string): Link => links.get(`${from}>${to}`)!
  const copy = <T>(value: T): T => (options.wire ? (JSON.parse(JSON.stringify(value)) as T) : value)

  function delayOf(from: string, to: string): number {
    // Now and then one is much later than the others, so that order is lost.
    const late = random() < 0.02 ? 10 : 1
    return (delayMs.min + random() ** 2 * delayMs.spread) * link(from, to).slowness * late
  }

  function isOpen(a: string, b: string): boolean {
    return link(a, b).blocked === 0 && link(b, a).blocked === 0
  }

  /** One side looks whether it is connected to the other. */
  function review(place: Place, other: string): void {
    const before = place.connections.get(other)
    const now = places.get(other)
    const after = now !== undefined && isOpen(place.partner, other) ? now : undefined
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
      const lost = connected !== undefined && connected !== places.get(other)
      const ms = lost || connected === undefined ? random() * 1_000 : random() * 15_000
      place.later(ms, () => review(place, other))
    }
  }

  function changed(): void {
    for (const place of places.values()) reviewLater(place)
  }

  /** Carries something to whom a partner is connected to. */
  function carry(place: Place, to: string, arrive: (target: Place) => void): void {
    const target = place.connections.get(to)
    if (target !== undefined) carryTo(place, target, () => arrive(target))
  }

  /** Lost unless both live, and the way is open, from the start to the end. */
  function carryTo(place: Place, target: Place, arrive: () => void): void {
    sent++
    const { blocked, loss, duplicates } = link(place.partner, target.partner)
    if (blocked > 0 || (loss > 0 && random() < loss)) return
    const copies = duplicates > 0 && random() < duplicates ? 2 : 1
    for (let n = 0; n < copies; n++) {
      target.later(delayOf(place.partner, target.partner), () => {
        if (places.get(target.partner) === target && link(place.partner, target.partner).blocked === 0) arrive()
      })
    }
  }

  function send(place: Place, to: string, message: PeerMessage): void {
    const liar = liars.get(place.partner)
    for (const said of liar === undefined ? [message] : liar.instead(to, message)) sendOne(place, to, said)
  }

  function sendOne(place: Place, to: string, message: PeerMessage): void {
    onSend(place.partner, message)
    const type = message.type === 'vote' ? message.vote.kind : message.type
    const deaf = link(place.partner, to).deaf
    if (type in deaf && random() < deaf[type as Deafness]) return
    carry(place, to, (target) => {
      trace.note(`${place.partner}>${to} ${lineOfMessage(message)}`)
      target.handlers().onMessage(place.partner, copy(liars.has(to) ? withoutOwnPrevotes(to, message) : message))
    })
  }

  function request(
    place: Place,
    to: string,
    asked: PullRequest,
    { signal, timeoutMs = REQUEST_TIMEOUT_MS }: { readonly signal?: AbortSignal; readonly timeoutMs?: number }
  ): Promise<PullResponse> {
    return new Promise((onAnswer, onFailure) => {
      const abort = (): void => reject(signal?.reason)
      const settle = (): void => signal?.removeEventListener('abort', abort)
      const resolve = (answer: PullResponse): void => {
        settle()
        onAnswer(answer)
      }
      const reject = (error: unknown): void => {
        settle()
        onFailure(error)
      }
      const fail = (problem: string): void => reject(new LedgerError('NODE_UNREACHABLE', `${to}: ${problem}`))
      if (!place.connections.has(to)) return fail('not connected')
      if (signal?.aborted) return reject(signal.reason)
      signal?.addEventListener('abort', abort)
      place.later(timeoutMs, () => fail('no answer'))
      carry(place, to, (target) => {
        trace.note(`${place.partner}>${to} ${lineOfRequest(asked)}`)
        target
          .handlers()
          .onRequest(place.partner, copy(asked))
          .then(
            (honest) => {
              const liar = liars.get(to)
              const said = liar === undefined ? honest : liar.answer(place.partner, asked, honest)
              if (said === null) return
              const answer = liars.has(place.partner) ? withoutOwn(place.partner, said) : said
              onSend(to, answer)
              carryTo(target, place, () => {
                trace.note(`${to}>${place.partner} answers ${answer.type}`)
                resolve(copy(answer))
              })
            },
            (error: unknown) => {
              if (!(error instanceof LedgerError)) throw error
              carryTo(target, place, () => reject(new LedgerError(error.code, error.message)))
            }
          )
      })
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
        for (const to of connected()) {
          if (liars.get(place.partner)?.givesBody(to) === false) continue
          carry(place, to, (target) => {
            trace.note(`${place.partner}>${to} gossip of ${text.length}`)
            target.handlers().onBatchText(text)
          })
        }
      },
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
      for (const each of links.values()) Object.assign(each, goodLink())
      changed()
    },
    get sent() {
      return sent
    }
  }
}

function goodLink(): Link {
  return { blocked: 0, loss: 0, duplicates: 0, slowness: 1, deaf: { proposal: 0, prevote: 0, precommit: 0, status: 0 } }
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
