import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { publicKeyOf } from '../../src/base/crypto.js'
import { LedgerError } from '../../src/base/errors.js'
import { keyText } from '../../src/base/keys.js'
import { silentLogger } from '../../src/node/log.js'
import type { JoinAnswer, JoinRequest, PeerAddress } from '../../src/node/network/join-messages.js'
import { startPeers } from '../../src/node/network/peers-libp2p.js'
import type { PeersOptions, RunningPeers } from '../../src/node/network/peers-options.js'
import type { GossipVerdict, PeerHandlers, PeerMessage, PullRequest, PullResponse } from '../../src/node/peers.js'

export const LOCAL = '/ip4/127.0.0.1/tcp/0'
export const GENESIS = createHash('sha256').update('a network').digest('hex')

export function seedOf(name: string): Uint8Array {
  return createHash('sha256').update(name).digest()
}

export function keyOf(name: string): string {
  return keyText(publicKeyOf(seedOf(name)))
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A batch message that differs by its sequence. */
export function batchMessage(sequence: number): PeerMessage {
  return { type: 'batch', author: 'alice', hash: hashOf(String(sequence)), incarnation: 0, sequence }
}

/** A network layer with handlers that only write down what comes. */
export interface TestPeer {
  readonly name: string
  readonly peers: RunningPeers
  readonly messages: { readonly from: string; readonly message: PeerMessage }[]
  readonly texts: string[]
  readonly events: string[]
  readonly joins: JoinRequest[]
  restart(): Promise<void>
}

export interface TestPeerOptions extends Partial<Omit<PeersOptions, 'directory' | 'handlers' | 'join'>> {
  readonly onRequest?: (from: string, request: PullRequest) => Promise<PullResponse>
  readonly onMessage?: () => void
  /** @default accepts every text */
  readonly verdictOf?: (text: string) => GossipVerdict
  readonly join?: (request: JoinRequest, from: string) => Promise<JoinAnswer>
}

/** Partners of one test, who know each other's addresses as far as they have started. */
export function peerHosts() {
  const partners = new Map<string, string>()
  const addresses = new Map<string, readonly string[]>()
  const running = new Set<RunningPeers>()

  const listOf = (): PeerAddress[] =>
    [...partners].map(([key, partner]) => ({ partner, key, addresses: addresses.get(key) ?? [] }))

  async function start(name: string, options: TestPeerOptions = {}): Promise<TestPeer> {
    const { onRequest, onMessage, join, verdictOf = () => 'accept' as const, ...rest } = options
    const messages: TestPeer['messages'] = []
    const texts: string[] = []
    const events: string[] = []
    const joins: JoinRequest[] = []
    const handlers: PeerHandlers = {
      onMessage(from, message) {
        messages.push({ from, message })
        onMessage?.()
      },
      onBatchText(text) {
        texts.push(text)
        return verdictOf(text)
      },
      onRequest: onRequest ?? (async () => ({ type: 'batches', batches: [] })),
      onPeer: (partner, connected) => events.push(`${connected ? '+' : '-'}${partner}`)
    }
    const open = async (listen: readonly string[]) => {
      const peers = await startPeers({
        seed: seedOf(name),
        listen,
        announce: [],
        genesis: GENESIS,
        self: name,
        directory: { partnerOf: (key) => partners.get(key) ?? null, wanted: listOf },
        handlers,
        join: async (request, from) => {
          joins.push(request)
          return join === undefined ? { type: 'refused', code: 'NOT_PERMITTED', message: 'no' } : join(request, from)
        },
        log: silentLogger,
        ...rest
      })
      running.add(peers)
      addresses.set(keyOf(name), peers.listening())
      for (const other of running) if (other !== peers) other.refresh()
      return peers
    }
    let peers = await open(options.listen ?? [LOCAL])
    return {
      name,
      get peers() {
        return peers
      },
      messages,
      texts,
      events,
      joins,
      async restart() {
        const at = peers.listening().map((address) => address.replace(/\/p2p\/.*/, ''))
        await peers.close()
        running.delete(peers)
        peers = await open(at)
      }
    }
  }

  return {
    partners,
    addresses,
    start,
    /** Makes these partners and starts them. */
    async network(names: readonly string[], options: (name: string) => TestPeerOptions = () => ({})) {
      for (const name of names) partners.set(keyOf(name), name)
      const started: TestPeer[] = []
      for (const name of names) started.push(await start(name, options(name)))
      return started
    },
    refresh() {
      for (const peers of running) peers.refresh()
    },
    async close() {
      await Promise.all([...running].map((peers) => peers.close()))
      running.clear()
      partners.clear()
      addresses.clear()
    }
  }
}

export async function until(holds: () => boolean, what: string, ms = 8_000): Promise<void> {
  for (const end = performance.now() + ms; !holds(); await sleep(10)) {
    assert.ok(performance.now() < end, `never: ${what}`)
  }
}

/** Waits until all are connected with each other. */
export async function meshed(nodes: readonly TestPeer[]): Promise<void> {
  await until(() => nodes.every(({ peers }) => peers.connected().length === nodes.length - 1), 'all are connected')
}

export async function ledgerError(promise: Promise<unknown>): Promise<LedgerError> {
  try {
    await promise
  } catch (error) {
    assert.instance(error, LedgerError, String(error))
    return error as LedgerError
  }
  throw new Error('it should have failed')
}
