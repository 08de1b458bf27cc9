import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signer } from '../../src/base/crypto.js'
import { LedgerError } from '../../src/base/errors.js'
import type { TimeoutSettings } from '../../src/consensus/timeouts.js'
import { compileModel } from '../../src/ledger/model.js'
import { silentLogger } from '../../src/node/log.js'
import type { PeerMessage, Peers } from '../../src/node/peers.js'
import { createReplica } from '../../src/node/replica.js'
import type { Replica } from '../../src/node/replica-types.js'
import { createGuard, openGuard } from '../../src/node/store/sign-guard.js'
import { openStore } from '../../src/node/store/store.js'
import { createWriteAheadLog, openWriteAheadLog } from '../../src/node/store/write-ahead-log.js'
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
    message: PeerMessage | { readonly type: 'request' | 'gossip' }
  ) => boolean
}

/** Replicas with real stores in one process, joined by function calls instead of sockets. */
export async function createLocalNetwork(ids: readonly string[], options: LocalOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-local-'))
  const genesis = genesisOf(ids)
  const model = compileModel(genesis.genesis.network, genesis.genesis.limits)
  const nodes = new Map<string, LocalNode>()
  const passes = options.passes ?? (() => true)

  function peersOf(self: string): Peers {
    const others = (): string[] => [...nodes.keys()].filter((id) => id !== self)
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
            if (passes(self, to, { type: 'gossip' })) nodes.get(to)?.replica.onBatchText(text)
          }, 0.1)
        }
      },
      async request(partner, request) {
        const node = nodes.get(partner)
        if (node === undefined || !passes(self, partner, { type: 'request' })) {
          throw new LedgerError('NODE_UNREACHABLE', `${partner} does not answer`)
        }
        return (await node.replica.onRequest(self, request)) as never
      }
    }
  }

  async function open(id: string): Promise<LocalNode> {
    const home = join(folder, id)
    const owner = { genesis: genesis.hash, key: keyOf(id) }
    const store = await openStore({ path: join(home, 'store'), genesis: genesis.hash })
    const guardPath = join(home, 'guard')
    let guard = await openGuard(guardPath, owner)
    const logOptions = { path: join(home, 'log'), genesis: genesis.hash }
    if (!guard.whole && store.head === null) {
      guard = await createGuard(guardPath, owner)
      const created = await createWriteAheadLog(logOptions)
      await created.close()
    }
    const { log: wal, entries } = await openWriteAheadLog(logOptions, (store.head?.height ?? 0) + 1)
    const failures: unknown[] = []
    const replica = createReplica(
      { genesis, model, self: id, timeouts: QUICK },
      {
        store,
        wal,
        entries,
        guard,
        renewGuard: { guard: () => createGuard(`${guardPath}.new`, owner), nonce: () => 'ab'.repeat(32) },
        sign: signer(seedOf(id)),
        peers: peersOf(id),
        addresses: () => [],
        now: Date.now,
        timers: systemTimers,
        log: silentLogger,
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
        for (const other of nodes.values()) other.replica.onPeer(id, false)
        await replica.stop()
        await store.close()
        await wal.close()
        await guard.close()
      }
    }
    nodes.set(id, node)
    replica.start()
    for (const other of nodes.values()) {
      if (other.id === id) continue
      other.replica.onPeer(id, true)
      replica.onPeer(other.id, true)
    }
    return node
  }

  return {
    genesis,
    folder,
    nodes,
    open,
    async remove() {
      for (const node of [...nodes.values()]) await node.stop()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
