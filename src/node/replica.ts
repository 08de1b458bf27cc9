import { LedgerError } from '../base/errors.js'
import type { Message } from '../consensus/types.js'
import { authorSequence } from '../ledger/author-sequence.js'
import type { CheckedBatch } from '../ledger/execution.js'
import { faultsOfSet } from '../ledger/partner-set.js'
import type { CheckedRecord } from '../ledger/record.js'
import { createBatchExchange } from './batch-exchange.js'
import { createBatchRivals } from './batch-rivals.js'
import { type ProposedBlock, storedBatch } from './block-content.js'
import { createBlockPull } from './block-pull.js'
import { createCatchUp } from './catch-up.js'
import { type CommittedBlock, openChain } from './chain.js'
import { type ConsensusDriver, createConsensusDriver } from './consensus-driver.js'
import { createDuties } from './duties.js'
import { contradiction, contradictionsWith, createEvidenceDuty } from './evidence-duty.js'
import { createHeartbeat } from './heartbeat.js'
import { isInStep } from './in-step.js'
import { createInbound } from './inbound.js'
import { createKnownAnswer } from './known-answer.js'
import { createVersionWatch, isVersionKnown } from './known-version.js'
import { createLookout } from './lookout.js'
import { createMempool } from './mempool.js'
import { createMessagePull } from './message-pull.js'
import { createNeighbours } from './neighbours.js'
import { createOwnBatches, type OwnBatches } from './own-batches.js'
import { noneLeft, ownBatchesLeft, voidOutbox } from './own-state.js'
import { createOwnStatus } from './own-status.js'
import type { PeerMessage, StatusMessage } from './peers.js'
import { createPendingKeys } from './pending-keys.js'
import { createPullServer } from './pull-server.js'
import { createRecoveryPull } from './recovery-pull.js'
import { createRelay } from './relay.js'
import type { Replica, ReplicaDependencies, ReplicaOptions, SystemOutcome } from './replica-types.js'
import { createSignRight } from './sign-right.js'
import { createFaultGuard } from './stop-error.js'
import { appendSystemRecord } from './system-append.js'
import { createVersionWish } from './version-wish.js'
import { createVoteSigner } from './vote-signer.js'
import { createWallClock } from './wall-clock.js'

/**
 * One partner's part in the network: everything of a node but files, sockets and the system's clock.
 * @throws LedgerError STORE_DAMAGED when the store lacks what was signed here
 */
export function createReplica(options: ReplicaOptions, dependencies: ReplicaDependencies): Replica {
  const { self, genesis, model } = options
  const { store, wal, peers, now, timers, log, sign } = dependencies
  const { recoveries = [], barred = null, versionMax } = options
  const opening = { scope: { genesis: genesis.hash, epoch: 0 }, genesis: genesis.genesis, model, store, recoveries }
  const chain = openChain({ ...opening, versionMax })
  const { scope } = chain
  const versions = createVersionWatch(chain, log)
  const wish = createVersionWish(chain, self)
  const askForRecoveries = createRecoveryPull({ chain, peers, now, log, learn: dependencies.onRecoveries ?? null })
  const mempool = createMempool()
  const pending = createPendingKeys(self)
  const wallClock = createWallClock({ now, monotonic: dependencies.monotonic, log })
  let failed = false
  const unlessOurs = createFaultGuard(() => failed, fail)
  /** Own batches that are durable and leave once this node may sign. */
  let heldBack: { readonly batch: CheckedBatch; readonly text: string }[] = []
  const right = createSignRight({
    chain,
    self,
    key: options.key,
    sign,
    peers,
    timers,
    log,
    guard: dependencies.guard,
    renew: dependencies.renewGuard,
    syncing: () => catchUp.syncing,
    abandon,
    onSigning,
    onRejoined,
    fail,
    barred: barred?.why ?? null
  })
  // Batches of an incarnation that ends count for nothing: they are forgotten, not sent.
  const left =
    right.rejoining() || barred !== null
      ? noneLeft(chain, self)
      : ownBatchesLeft(chain, right.guard(), self, sign, options.mayBeBehind ?? false)
  const own: OwnBatches = createOwnBatches(
    { scope, limits: chain.limits, author: self, incarnation: right.incarnation, nextSequence: left.nextSequence },
    {
      store,
      guard: right.guard,
      timers,
      sign,
      announce(batch, text) {
        mempool.add(batch)
        if (right.maySign()) exchange.spread(batch, text)
        else heldBack.push({ batch, text })
        driver.workAvailable()
      },
      fail
    }
  )
  const faults = (): number => faultsOfSet(chain.rulebook.partners)
  const neighbours = createNeighbours({ self, connected: () => peers.connected(), faults })
  const relay = createRelay({ chain, self, peers, neighbours })
  const evidence = createEvidenceDuty({ chain, self, log, syncing: () => catchUp.syncing, append: appendSystem })
  const rivals = createBatchRivals({ chain, mempool, self, evidence })
  const exchange = createBatchExchange({
    chain,
    mempool,
    rivals,
    peers,
    timers,
    now,
    log,
    fail,
    onBatch(batch) {
      relay.batch(batch)
      driver.workAvailable()
    }
  })
  const signer = createVoteSigner({ ...right, scope, sign })
  const lookout = createLookout({
    chain,
    self,
    mempool,
    driver: () => driver,
    connected: () => peers.connected(),
    heightOf: (partner) => catchUp.heightOf(partner),
    syncing: () => catchUp.syncing,
    rejoining: right.rejoining,
    rejoinWhy: right.why,
    asking: right.missing,
    now,
    log
  })
  const driver: ConsensusDriver = createConsensusDriver(options, {
    chain,
    mempool,
    wal,
    signer,
    disputes: lookout.disputes,
    onTimed: lookout.onTimed,
    now,
    proposeIn: wallClock.proposeIn,
    timers,
    monotonic: dependencies.monotonic,
    isGone: (partner) => partner !== self && !neighbours.reached().has(partner),
    fail,
    publish,
    fetch: (wanted) => fetchBlock(wanted),
    onEvidence: (seen) => evidence.report(contradiction(seen)),
    onCommitted
  })
  const fetchBlock = createBlockPull({ chain, peers, log, exchange, driver })
  const catchUp = createCatchUp({
    chain,
    mempool,
    peers,
    driver,
    now,
    timers,
    log,
    fail,
    onCertificate(certificate) {
      for (const lie of contradictionsWith(driver.state, certificate)) evidence.report(lie)
      right.sawCertificate(certificate)
    },
    onBatch: (batch) => rivals.seen(batch, null),
    onChange: () => attend(),
    onForeignEpoch: askForRecoveries,
    // Blocks of others cannot follow a copy that left the chain.
    halted: barred?.kind === 'over' || barred?.kind === 'unfit'
  })
  const inbound = createInbound({
    chain,
    driver,
    onGenuine: relay.pass,
    onObjection: lookout.onObjection,
    onForged: (partner) => peers.blame?.(partner, 'it sent a signature that is not that of whom it names'),
    onAhead: (partner, height) => catchUp.heard(partner, height),
    onForeignEpoch: (partner) => void askForRecoveries(partner)
  })
  const status = createOwnStatus({ chain, self, mempool, peers, state: () => driver.state, maySign: right.maySign })
  const pullMessages = createMessagePull({ chain, peers, timers, log, held: () => status().votes, take: inbound.take })
  const duties = createDuties({
    chain,
    self,
    log,
    syncing: () => catchUp.syncing,
    ownWaiting: () => own.waiting(),
    addresses: dependencies.addresses,
    wish,
    software: options.software ?? null,
    append: appendSystem
  })
  const serve = createPullServer({
    chain,
    self,
    exchange,
    messages: driver.messages,
    blockOf: driver.blockOf,
    known: createKnownAnswer({
      chain,
      self,
      sign,
      peers,
      mempool,
      driver,
      earlyOf: inbound.earlyOf,
      waysTo: neighbours.waysTo,
      guard: right.guard
    }),
    append: appendSystem
  })
  const heartbeat = createHeartbeat({
    timers,
    height: () => chain.tip.height,
    isWorking: () => driver.isActive || driver.hasBlockToMake(),
    again: () => driver.feed({ type: 'resend' }),
    look() {
      wallClock.look()
      lookout.look()
    },
    tell: () => peers.broadcast(status())
  })

  /** Whatever the fault: nothing more is signed or served from here on. */
  function fail(error: unknown): void {
    failed = true
    void driver.stop()
    dependencies.fail(error)
  }

  function attend(): void {
    if (!versions.look()) return
    right.attend()
    if (right.rejoining() || !right.maySign()) return
    duties.attend()
    evidence.attend()
  }

  /** Nothing of what was signed so far may leave any more. */
  function abandon(why: LedgerError): Promise<void> {
    heldBack = []
    mempool.forget(self)
    pending.clear()
    return own.abandon(why)
  }

  function onSigning(): void {
    for (const { batch, text } of heldBack.splice(0)) exchange.spread(batch, text)
    driver.beginSigning()
    attend()
  }

  /** Whatever the old incarnation had not got into a block is void. */
  function onRejoined(): void {
    const voided = [...mempool.settle([], chain.rulebook.partners, store.state), ...voidOutbox(chain, self)]
    if (voided.length > 0) store.dropBatches([...new Set(voided)]).catch(fail)
    own.continueAt(authorSequence(store.state, self).next)
    driver.beginSigning()
    attend()
  }

  function publish(message: Message, reason: string | null, block: ProposedBlock | null): void {
    if (message.type === 'vote') peers.broadcast({ ...message, reason: lookout.reasonOf(message.vote, reason) })
    else if (block !== null) peers.broadcast({ ...message, ...block })
  }

  function onCommitted(block: CommittedBlock): void {
    const { height } = block.header
    for (const [position, batch] of block.batches.entries()) {
      if (batch.header.author !== self) continue
      const verdicts = block.executed.execution.verdicts[position] ?? []
      right.sawBatch(batch.header)
      const decided = own.decided(batch.header.sequence, { height, verdicts })
      if (decided !== null) pending.remove(decided)
    }
    // Once the next height has started: what came early for it can be fed then.
    timers.set(0, () => inbound.committed())
    heartbeat.tellSoon()
    lookout.committed(block.batches.map(({ header }) => header.author))
    versions.look()
    dependencies.onCommitted(block)
    attend()
  }

  function onStatus(from: string, message: StatusMessage): void {
    neighbours.told(from, message.connected)
    catchUp.heard(from, message.height)
    for (const batch of message.batches) exchange.announced(from, batch)
    lookout.onListed(from, message.batches)
    if (message.height === chain.tip.height && isVersionKnown(chain)) pullMessages(from, message)
  }

  function appendSystem(record: CheckedRecord): Promise<SystemOutcome> {
    return appendSystemRecord({ chain, self, own, right }, record)
  }

  function take(from: string, message: PeerMessage): void {
    switch (message.type) {
      case 'vote':
      case 'proposal':
        if (isVersionKnown(chain)) inbound.take(from, message)
        break
      case 'batch':
        exchange.announced(from, message)
        break
      case 'status':
        onStatus(from, message)
        break
    }
  }

  return {
    chain,
    mempool,
    own,
    pending,
    wish,
    appendSystem,
    onMessage: (from, message) => unlessOurs(() => take(from, message), undefined),
    onBatchText: (text) => unlessOurs(() => exchange.take(text).verdict, 'ignore'),
    async onRequest(from, request) {
      if (failed) throw new LedgerError('CLOSED', 'the node is stopping')
      return await serve(from, request)
    },
    onPeer(partner, connected) {
      lookout.onPeer(partner, connected)
      heartbeat.tellSoon()
      if (connected) {
        peers.send(partner, status())
        right.met(partner)
      } else {
        right.left(partner)
        catchUp.gone(partner)
        inbound.gone(partner)
        neighbours.gone(partner)
      }
    },
    get syncing() {
      return catchUp.syncing
    },
    get inStep() {
      const { connected } = peers
      const { heightOf } = catchUp
      return isInStep({ chain, self, connected, heightOf, behind: () => catchUp.behind, maySign: right.maySign })
    },
    get round() {
      return driver.round
    },
    stalled: lookout.stalled,
    sizes() {
      const { rounds, blocks } = driver.state
      const { batches } = mempool.size()
      return { ...exchange.sizes(), batches, early: inbound.early(), rounds: rounds.size, blocks: blocks.size }
    },
    heightOf: catchUp.heightOf,
    reached: neighbours.reached,
    get rejoining() {
      return right.rejoining()
    },
    barred,
    get notSigning() {
      return right.why()
    },
    start() {
      for (const batch of left.batches) {
        const flight = own.restore(batch, left.signedAgain.has(batch.hash))
        for (const [index, record] of [...batch.records].entries()) {
          pending.add({ record, batch: flight, index })
          if (record.system?.object === '_evidence') evidence.restore(record.system, flight.decided)
        }
      }
      for (const hash of store.uncommitted()) {
        if (left.signedAgain.has(hash)) continue
        const batch = storedBatch(chain, hash)
        // Own ones of a lost guard, or of before another key, may contradict what was sent: they stay here.
        const isVoid = right.rejoining() || (batch?.header.incarnation ?? 0) < right.incarnation()
        if (batch === null || (batch.header.author === self && isVoid)) continue
        mempool.add(batch)
        rivals.seen(batch, null)
      }
      right.start()
      driver.start(dependencies.entries)
      heartbeat.start()
      attend()
    },
    async stop() {
      heartbeat.stop()
      right.stop()
      exchange.stop()
      own.stop(new LedgerError('CLOSED', 'the node is stopping'))
      await catchUp.stop()
      await driver.stop()
    }
  }
}
