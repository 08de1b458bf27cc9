import { signer } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import { parseRecordId } from '../base/ids.js'
import type { JsonObject } from '../base/json.js'
import type { ReadGenesis } from '../ledger/genesis.js'
import { compileModel, type Model } from '../ledger/model.js'
import { partnerOf } from '../ledger/partner-set.js'
import { type Chain, type CommittedBlock, openChain } from './chain.js'
import { createChanges } from './changes.js'
import { type ConsensusDriver, createConsensusDriver } from './consensus-driver.js'
import { homePaths } from './home.js'
import { createIntake } from './intake.js'
import type { LedgerNode, RecordView } from './ledger-node.js'
import type { Logger } from './log.js'
import { createMempool, type Mempool } from './mempool.js'
import { startHost } from './network/host.js'
import { createNodeStatus } from './node-status.js'
import { createOwnBatches, type OwnBatches } from './own-batches.js'
import { checkStoreAgainstGuard, ownBatchesLeft } from './own-state.js'
import { createPendingKeys, type PendingKeys } from './pending-keys.js'
import { createQueries } from './queries.js'
import { readHome } from './read-home.js'
import { createReceipts } from './receipts.js'
import { createRecordReader } from './record-reader.js'
import { viewOfCommitted, viewOfPending } from './record-view.js'
import { openRefusalLog } from './refusal-log.js'
import { lockHome } from './store/home-lock.js'
import { type NodeKey, readKeyFile } from './store/key-file.js'
import { openGuard } from './store/sign-guard.js'
import { openStore } from './store/store.js'
import { openWriteAheadLog } from './store/write-ahead-log.js'
import { verifyCopy } from './verify-copy.js'

export interface NodeOptions {
  readonly home: string
  /** Multiaddrs to listen on. @default none */
  readonly listen?: readonly string[]
  /** Multiaddrs to be told to others instead of those listened on. @default none */
  readonly announce?: readonly string[]
  readonly log: Logger
  readonly signal?: AbortSignal
  /** Bytes, roughly, that the cache of the state may take. */
  readonly cacheBytesMax?: number
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
}

export interface RunningNode extends LedgerNode {
  /** Multiaddrs with `/p2p/ID`. */
  addresses(): readonly string[]
  /** Rejects when the node has to stop: a full or damaged disk, a fault. Resolves after {@link close}. */
  readonly done: Promise<void>
  close(): Promise<void>
}

/** What was opened, to be closed in reverse. */
type Closer = () => Promise<void>

/**
 * Opens the node of a founded home: the one place where everything is put together.
 * @throws LedgerError NOT_FOUNDED, HOME_LOCKED, KEY_FILE, STORE_FORMAT, STORE_DAMAGED, LOG_DAMAGED, ADDRESS_IN_USE
 */
export async function openNode(options: NodeOptions): Promise<RunningNode> {
  const closers: Closer[] = []
  try {
    return await assemble(options, closers)
  } catch (error) {
    await closeAll(closers, options.log)
    throw error
  }
}

async function assemble(options: NodeOptions, closers: Closer[]): Promise<RunningNode> {
  const { home, log } = options
  const now = options.now ?? Date.now
  const content = await readHome(home)
  if (content === null) throw new LedgerError('NOT_FOUNDED', `${home} holds no network yet`, { home })
  const paths = homePaths(home)
  const lock = await lockHome(home)
  closers.push(() => lock.release())
  const { genesis, hash } = content.genesis
  const self = content.partner
  const key = await ownKey(paths.key, content.genesis, self)
  const sign = signer(key.seed)
  const store = await openStore({ path: paths.store, genesis: hash, ...cacheOption(options) })
  closers.push(() => store.close())
  const chain = openChain({ scope: { genesis: hash, epoch: 0 }, genesis, model: modelOf(content.genesis), store })
  const guard = await openGuard(paths.guard, { genesis: hash, key: key.publicKey })
  closers.push(() => guard.close())
  checkStoreAgainstGuard(chain, guard)
  const { log: wal, entries } = await openWriteAheadLog({ path: paths.log, genesis: hash }, chain.tip.height + 1)
  closers.push(() => wal.close())
  const refusals = openRefusalLog(paths.refusals, { log, now })
  closers.push(() => refusals.close())

  const fate = createFate(log)
  const mempool = createMempool()
  const incarnation = partnerOf(chain.rulebook.partners, self)?.incarnation ?? 0
  const reader = createRecordReader(chain)
  const changes = createChanges(chain, reader)
  const pending = createPendingKeys(self)
  const left = ownBatchesLeft(chain, guard, self, sign)
  await guard.sync()
  const own: OwnBatches = createOwnBatches(
    { scope: chain.scope, limits: chain.limits, author: self, incarnation, nextSequence: left.nextSequence },
    {
      store,
      guard,
      sign,
      announce(batch) {
        mempool.add(batch)
        driver.workAvailable()
      },
      fail: fate.fail
    }
  )
  const onCommitted = (block: CommittedBlock): void => {
    settleOwn(block, self, own, pending)
    status.committed()
    changes.committed()
  }
  const driver: ConsensusDriver = createConsensusDriver(
    { self, incarnation },
    { chain, mempool, wal, guard, sign, now, log, publish: () => {}, onCommitted, fail: fate.fail }
  )
  const host = await startHost({
    seed: key.seed,
    listen: options.listen ?? [],
    announce: options.announce ?? [],
    isPartner: (peer) => chain.rulebook.partners.partners.some((partner) => partner.key === peer),
    log,
    ...(options.signal === undefined ? {} : { signal: options.signal })
  })
  closers.push(() => host.close())
  const status = createNodeStatus({ chain, mempool, driver, self, now, connections: () => host.connections() })
  const show = (id: string): RecordView | null => {
    const committed = reader.byId(id)
    return committed === null ? pendingView(chain, mempool, self, id) : viewOfCommitted(chain.rulebook.model, committed)
  }
  const logRefusal = refusals.write
  const intake = createIntake({ chain, own, pending, partner: self, now, show, logRefusal })
  const queries = createQueries(chain, reader)
  const receipts = createReceipts(chain, reader)

  for (const batch of left.batches) takeUp(batch, mempool, own, pending)
  driver.start(entries)
  const closing = new AbortController()
  closers.push(async () => {
    own.stop(new LedgerError('CLOSED', 'the node is stopping'))
    await driver.stop()
  })
  log.info('node is open', { partner: self, height: chain.tip.height, genesis: hash, pending: left.batches.length })

  return {
    partner: self,
    status: status.status,
    partners: status.partners,
    genesis: () => JSON.parse(content.genesis.text) as JsonObject,
    model: () => ({ hash: chain.rulebook.model.hash, network: chain.rulebook.model.network }),
    append: intake.append,
    check: intake.check,
    get: queries.get,
    history: queries.history,
    list: queries.list,
    show,
    block: queries.block,
    changes: (request) => changes.changes({ ...request, signal: AbortSignal.any([request.signal, closing.signal]) }),
    receipt: receipts.receipt,
    checkpoint: receipts.checkpoint,
    verify: (request) => {
      const signals = request.signal === undefined ? [closing.signal] : [request.signal, closing.signal]
      return verifyCopy(chain, { ...request, signal: AbortSignal.any(signals) })
    },
    addresses: () => host.addresses(),
    done: fate.done,
    async close() {
      fate.closing()
      closing.abort(new LedgerError('CLOSED', 'the node is stopping'))
      await closeAll(closers, log)
      fate.closed()
    }
  }
}

function cacheOption({ cacheBytesMax }: NodeOptions): { cacheBytesMax?: number } {
  return cacheBytesMax === undefined ? {} : { cacheBytesMax }
}

function modelOf({ genesis }: ReadGenesis): Model {
  return compileModel(genesis.network, genesis.limits)
}

async function ownKey(path: string, { genesis }: ReadGenesis, self: string): Promise<NodeKey> {
  const key = await readKeyFile(path)
  const expected = genesis.partners.find((partner) => partner.id === self)?.key
  if (key.publicKey === expected) return key
  const message = `${path} is not the key of partner ${self}: the genesis names ${expected ?? 'no such partner'}`
  throw new LedgerError('KEY_FILE', message, { partner: self, key: key.publicKey })
}

/** An own batch of a former run goes on its way again. */
function takeUp(
  batch: Parameters<OwnBatches['restore']>[0],
  mempool: Mempool,
  own: OwnBatches,
  pending: PendingKeys
): void {
  mempool.add(batch)
  const flight = own.restore(batch)
  for (const [index, record] of batch.records.entries()) pending.add({ record, batch: flight, index })
}

/** Tells those who wait for own records what became of them. */
function settleOwn(block: CommittedBlock, self: string, own: OwnBatches, pending: PendingKeys): void {
  const { height } = block.header
  for (const [position, batch] of block.batches.entries()) {
    if (batch.header.author !== self) continue
    const verdicts = block.executed.execution.verdicts[position] ?? []
    own.decided(batch.header.sequence, { height, verdicts })
    for (const record of batch.records) pending.remove(record)
  }
}

/** An own record that is stored and in no block yet. */
function pendingView(chain: Chain, mempool: Mempool, self: string, id: string): RecordView | null {
  const parts = parseRecordId(id)
  if (parts === null || parts.author !== self) return null
  const hash = chain.store.outbox().find(({ sequence }) => sequence === parts.sequence)?.hash
  const record = hash === undefined ? undefined : mempool.get(hash)?.records[parts.index]
  return record === undefined ? null : viewOfPending(chain.rulebook.model, id, self, record.body)
}

/** How the node ends: once, for the first reason. */
function createFate(log: Logger) {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  let over = false
  const done = new Promise<void>((onDone, onFailed) => {
    resolve = onDone
    reject = onFailed
  })
  // Whoever runs the node waits for it; one who only closes it need not.
  done.catch(() => {})
  return {
    done,
    fail(error: unknown): void {
      if (over) return
      over = true
      log.error('the node stops', { error })
      reject(error)
    },
    closing(): void {
      over = true
    },
    closed: () => resolve()
  }
}

async function closeAll(closers: Closer[], log: Logger): Promise<void> {
  for (const close of closers.splice(0).reverse()) {
    try {
      await close()
    } catch (error) {
      log.warn('something could not be closed in an orderly way', { error })
    }
  }
}
