import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signer } from '../../src/base/crypto.js'
import { LedgerError } from '../../src/base/errors.js'
import type { TimeoutSettings } from '../../src/consensus/timeouts.js'
import { compileModel, type Model } from '../../src/ledger/model.js'
import { createGuardKeeper } from '../../src/node/guard-keeper.js'
import { type Logger, silentLogger } from '../../src/node/log.js'
import { openLogs } from '../../src/node/open-logs.js'
import type { PeerMessage, Peers, PullRequest } from '../../src/node/peers.js'
import { createReplica } from '../../src/node/replica.js'
import type { Replica } from '../../src/node/replica-types.js'
import { createGuard } from '../../src/node/store/sign-guard.js'
import { openStore } from '../../src/node/store/store.js'
import { createWriteAheadLog } from '../../src/node/store/write-ahead-log.js'
import { systemTimers } from '../../src/node/timers.js'
import { genesisOf, keyOf, seedOf } from './small-chain.js'

/** Quick rounds, for tests on one machine. */
export const QUICK: TimeoutSettings = {
  propose: { firstMs: 300, growthMs: 200, capMs: 2_000 },
  prevote: { firstMs: 150, growthMs: 100, capMs: 2_000 },
  precommit: { firstMs: 150, growthMs: 100, capMs: 2_000 }
}

export interface LocalNode {
  readonly id: string
  readonly replica: Replica
  readonly failures: unknown[]
  stop(): Promise<void>
}

export interface LocalOptions {
  /** Whether a message or request gets through. */
  readonly passes?: (
    from: string,
    to: string,
    message: PeerMessage | { readonly type: 'gossip' } | { readonly type: 'request'; readonly request: PullRequest }
  ) => boolean
  /** Whether two partners ever get a connection to each other. */
  readonly meet?: (a: string, b: string) => boolean
  /** What a partner judges records with: a build with a fault gives others. @default the model it is given */
  readonly model?: (id: string, honest: Model) => Model
  /** The clock of a partner, milliseconds since 1970. @default this machine's */
  readonly clock?: (id: string) => number
  /** Text of the network file. @default NETWORK */
  readonly network?: string
  /** @default silentLogger */
  readonly log?: (id: string) => Logger
}

/** Replicas with real stores in one process, joined by function calls instead of sockets. */
export async function createLocalNetwork(ids: readonly string[], options: LocalOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-local-'))
  const genesis = genesisOf(ids, options.network)
  const model = compileModel(genesis.genesis.network, genesis.genesis.limits)
  const nodes = new Map<string, LocalNode>()
  const founded = new Set<string>()
  const passes = options.passes ?? (() => true)
  const blamed: string[] = []

  const canMeet = (a: string, b: string): boolean => a !== b && options.meet?.(a, b) !== false

  function peersOf(self: string): Peers {
    const others = (): string[] => [...nodes.keys()].filter((id) => canMeet(self, id))
    const deliver = (to: string, message: PeerMessage): void => {
      setTimeout(() => {
        if (passes(self, to, message)) nodes.get(to)?.replica.onMessage(self, message)
      }, 0.1)
    }
    return {
      connected: others,
      send: deliver,
      broadcast: (message) => {
        for (const to of others()) deliver(to, message)
      },
      gossipBatch: (text) => {
        for (const to of others()) {
          setTimeout(() => {
            const verdict = passes(self, to, { type: 'gossip' }) ? nodes.get(to)?.replica.onBatchText(text) : undefined
            if (verdict === 'reject') blamed.push(`${to} blames ${self}: it spreads what is no batch`)
          }, 0.1)
        }
      },
      blame: (partner, why) => void blamed.push(`${self} blames ${partner}: ${why}`),
      async request(partner, request) {
        const node = canMeet(self, partner) ? nodes.get(partner) : undefined
        if (node === undefined || !passes(self, partner, { type: 'request', request })) {
          throw new LedgerError('NODE_UNREACHABLE', `${partner} does not answer`)
        }
        return (await node.replica.onRequest(self, request)) as never
      }
    }
  }

  async function open(id: string): Promise<LocalNode> {
    const home = join(folder, id)
    const owner = { genesis: genesis.hash, key: keyOf(id) }
    const [guardPath, logPath] = [join(home, 'guard'), join(home, 'log')]
    if (!founded.has(id)) {
      founded.add(id)
      await mkdir(home)
      await (await createGuard(guardPath, owner)).close()
      await (await createWriteAheadLog({ path: logPath, genesis: genesis.hash })).close()
    }
    await mkdir(home, { recursive: true })
    const store = await openStore({ path: join(home, 'store'), genesis: genesis.hash })
    const log = options.log?.(id) ?? silentLogger
    const fromHeight = (store.head?.height ?? 0) + 1
    const { guard, wal, entries } = await openLogs({ guardPath, logPath, owner, fromHeight, canRejoin: true, log })
    const guards = createGuardKeeper(guardPath, owner, guard, log)
    const failures: unknown[] = []
    const replica = createReplica(
      {
        genesis,
        model: options.model?.(id, model) ?? model,
        self: id,
        key: keyOf(id),
        mayBeBehind: true,
        timeouts: QUICK
      },
      {
        store,
        wal,
        entries,
        guard,
        renewGuard: guards,
        sign: signer(seedOf(id)),
        peers: peersOf(id),
        addresses: () => [],
        now: () => options.clock?.(id) ?? Date.now(),
        monotonic: () => performance.now(),
        timers: systemTimers,
        log,
        onCommitted: () => {},
        fail: (error) => failures.push(error)
      }
    )
    const node: LocalNode = {
      id,
      replica,
      failures,
      async stop() {
        nodes.delete(id)
        for (const other of nodes.values()) if (canMeet(id, other.id)) other.replica.onPeer(id, false)
        await replica.stop()
        await store.close()
        await wal.close()
        await guards.close()
      }
    }
    nodes.set(id, node)
    replica.start()
    for (const other of nodes.values()) {
      if (!canMeet(id, other.id)) continue
      other.replica.onPeer(id, true)
      replica.onPeer(other.id, true)
    }
    return node
  }

  return {
    genesis,
    folder,
    nodes,
    /** Who blames whom for what: all of it, in order. */
    blamed,
    open,
    async remove() {
      for (const node of [...nodes.values()]) await node.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
