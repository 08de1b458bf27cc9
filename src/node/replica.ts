import { LedgerError } from '../base/errors.js'
import { progressOf } from '../consensus/progress.js'
import { tallyOf } from '../consensus/state.js'
import type { Message } from '../consensus/types.js'
import { authorSequence } from '../ledger/author-sequence.js'
import type { Certificate } from '../ledger/certificate.js'
import { partnerOf } from '../ledger/partner-set.js'
import type { CheckedRecord } from '../ledger/record.js'
import { createBatchExchange } from './batch-exchange.js'
import { type ProposedBlock, storedBatch } from './block-content.js'
import type { Wanted } from './block-contents.js'
import { createCatchUp } from './catch-up.js'
import { type Chain, type CommittedBlock, openChain } from './chain.js'
import { type ConsensusDriver, createConsensusDriver } from './consensus-driver.js'
import { createDuties } from './duties.js'
import { createHeartbeat } from './heartbeat.js'
import { createInbound } from './inbound.js'
import { createMempool } from './mempool.js'
import { createOwnBatches, type OwnBatches } from './own-batches.js'
import { ownBatchesLeft } from './own-state.js'
import type { PeerMessage, StatusMessage } from './peers.js'
import { createPendingKeys } from './pending-keys.js'
import { createPullServer } from './pull-server.js'
import { createRejoin } from './rejoin.js'
import type { Replica, ReplicaDependencies, ReplicaOptions, SystemOutcome } from './replica-types.js'
import { createVoteSigner } from './vote-signer.js'

/** Characters of the reason beside a nil vote; partners take no more. */
const REASON_CHARS_MAX = 1000

/** Batches listed in a status. */
const STATUS_BATCHES_MAX = 64

/**
 * One partner's part in the network: everything of a node but files, sockets and the system's clock.
 * @throws LedgerError STORE_DAMAGED when the store lacks what was signed here
 */
export function createReplica(options: ReplicaOptions, dependencies: ReplicaDependencies): Replica {
  const { self, genesis, model } = options
  const { store, wal, peers, now, timers, log, sign, fail } = dependencies
  const scope = { genesis: genesis.hash, epoch: 0 }
  const chain = openChain({ scope, genesis: genesis.genesis, model, store })
  const mempool = createMempool()
  const pending = createPendingKeys(self)
  const rejoin = createRejoin({
    chain,
    self,
    sign,
    peers,
    timers,
    log,
    guard: dependencies.guard,
    renew: dependencies.renewGuard,
    onDone: rejoined,
    fail
  })
  // Batches of an incarnation that ends count for nothing: they are forgotten, not sent.
  const left = rejoin.needed()
    ? noneLeft(chain, self)
    : ownBatchesLeft(chain, rejoin.guard(), self, sign, options.mayBeBehind ?? false)
  const own: OwnBatches = createOwnBatches(
    {
      scope,
      limits: chain.limits,
      author: self,
      incarnation: () => partnerOf(chain.rulebook.partners, self)?.incarnation ?? 0,
      nextSequence: left.nextSequence
    },
    {
      store,
      guard: rejoin.guard,
      timers,
      sign,
      announce(batch, text) {
        mempool.add(batch)
        exchange.spread(batch, text)
        driver.workAvailable()
      },
      fail
    }
  )
  const exchange = createBatchExchange({
    chain,
    mempool,
    peers,
    timers,
    log,
    fail,
    onBatch: () => driver.workAvailable()
  })
  const signer = createVoteSigner({ scope, guard: rejoin.guard, sign, maySign: rejoin.maySign })
  const driver: ConsensusDriver = createConsensusDriver(
    { self, ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }) },
    {
      chain,
      mempool,
      wal,
      signer,
      now,
      timers,
      fail,
      publish,
      fetch: fetchBlock,
      onEvidence: (evidence) => duties.report(evidence),
      onCommitted
    }
  )
  const catchUp = createCatchUp({
    chain,
    mempool,
    peers,
    driver,
    now,
    log,
    fail,
    onCertificate: reportContradictions,
    onChange: () => attend()
  })
  const inbound = createInbound({ chain, driver, onAhead: (partner, height) => catchUp.heard(partner, height) })
  const duties = createDuties({
    chain,
    self,
    log,
    syncing: () => catchUp.syncing,
    ownWaiting: () => own.waiting(),
    addresses: dependencies.addresses,
    append: appendSystem
  })
  const serve = createPullServer({
    chain,
    self,
    exchange,
    messages: driver.messages,
    blockOf: driver.blockOf,
    append: appendSystem
  })
  const heartbeat = createHeartbeat({
    timers,
    height: () => chain.tip.height,
    isWorking: () => driver.isActive || driver.hasBlockToMake(),
    again: () => driver.feed({ type: 'resend' }),
    tell: () => peers.broadcast(status())
  })

  function attend(): void {
    rejoin.attend(catchUp.syncing)
    if (rejoin.needed()) return
    duties.attend()
  }

  /** Whatever the old incarnation had not got into a block is void. */
  function rejoined(): void {
    const voided = mempool.settle([], chain.rulebook.partners, store.state)
    if (voided.length > 0) store.dropBatches(voided).catch(fail)
    own.continueAt(authorSequence(store.state, self).next)
    driver.beginSigning()
    attend()
  }

  /** Who endorsed a block and told this node something else has lied to one of both. */
  function reportContradictions({ block, height, round, votes }: Certificate): void {
    if (driver.state.start.height !== height) return
    for (const { voter, incarnation, signature } of votes) {
      const first = tallyOf(driver.state, round, 'precommit').votes.get(voter)
      if (first === undefined || first.block === block || first.incarnation !== incarnation) continue
      const second = { block, height, incarnation, kind: 'precommit', round, voter, signature } as const
      duties.report({ type: 'votes', voter, first, second })
    }
  }

  function publish(message: Message, reason: string | null, block: ProposedBlock | null): void {
    if (message.type === 'vote')
      peers.broadcast({ type: 'vote', vote: message.vote, reason: reason?.slice(0, REASON_CHARS_MAX) ?? null })
    else if (block !== null) peers.broadcast({ ...message, ...block })
  }

  /** Gets what a block lacks: first the block, then the bodies that it names. */
  function fetchBlock({ height, block, holders, missing }: Wanted): void {
    if (missing !== null && missing !== undefined) exchange.fetch(missing, holders)
    else void askForBlock(height, block, holders)
  }

  async function askForBlock(height: number, block: string, holders: readonly string[]): Promise<void> {
    for (const partner of [...new Set([...holders, ...peers.connected()])]) {
      if (!peers.connected().includes(partner) || height !== chain.tip.height + 1) continue
      try {
        const answer = await peers.request(partner, { type: 'proposal', height, block }, {})
        if (answer.block === null) continue
        driver.learn(block, answer.block)
        return driver.workAvailable()
      } catch (error) {
        log.debug('a block could not be pulled', { partner, error })
      }
    }
  }

  function onCommitted(block: CommittedBlock): void {
    const { height } = block.header
    for (const [position, batch] of block.batches.entries()) {
      if (batch.header.author !== self) continue
      const verdicts = block.executed.execution.verdicts[position] ?? []
      const signed = rejoin.guard().lastBatch?.position.sequence ?? -1
      if (!rejoin.needed() && batch.header.sequence > signed) {
        // The guard is an old one, or another node has this key: either way it would contradict itself (point 13).
        const message = `batch ${self}/${batch.header.sequence} is signed with the key of this node, which knows nothing of it`
        fail(new LedgerError('SIGN_REFUSED', message, { sequence: batch.header.sequence, signed }))
      }
      own.decided(batch.header.sequence, { height, verdicts })
      for (const record of batch.records) pending.remove(record)
    }
    // Once the next height has started: what came early for it can be fed then.
    timers.set(0, () => inbound.committed())
    heartbeat.committed()
    dependencies.onCommitted(block)
    attend()
  }

  function status(): StatusMessage {
    const { round, rounds } = progressOf(driver.state)
    // Not those of far later rounds: a liar could fill the list with them.
    const near = rounds.filter((each) => each.round <= round + 1)
    const votes = near.slice(-8).map(({ round, prevotes, precommits }) => ({ round, prevotes, precommits }))
    const batches = mempool
      .some(STATUS_BATCHES_MAX)
      .map(({ header: { author, sequence }, hash }) => ({ author, sequence, hash }))
    return { type: 'status', height: chain.tip.height, round, votes, batches }
  }

  function onStatus(from: string, message: StatusMessage): void {
    catchUp.heard(from, message.height)
    exchange.listed(from, message.batches)
    if (message.height === chain.tip.height) void pullMessages(from, message)
  }

  const asking = new Set<string>()

  /** Whoever lacks votes that a partner has pulls them. */
  async function pullMessages(from: string, { votes }: StatusMessage): Promise<void> {
    const have = status().votes
    const lacks = votes.some(({ round, prevotes, precommits }) => {
      const mine = have.find((each) => each.round === round)
      return (
        prevotes.some((voter) => !mine?.prevotes.includes(voter)) ||
        precommits.some((voter) => !mine?.precommits.includes(voter))
      )
    })
    if (!lacks || asking.has(from)) return
    asking.add(from)
    try {
      const answer = await peers.request(from, { type: 'messages', height: chain.tip.height + 1, have }, {})
      for (const message of answer.messages) inbound.take(from, message)
    } catch (error) {
      log.debug('messages could not be pulled', { partner: from, error })
    } finally {
      asking.delete(from)
    }
  }

  async function appendSystem(record: CheckedRecord): Promise<SystemOutcome> {
    if (rejoin.needed()) return { ok: false, code: 'NOT_PERMITTED', message: 'this node has to rejoin first' }
    if (record.refusal !== null) return { ok: false, code: record.refusal.code, message: record.refusal.message }
    const { batch, index } = own.add(record)
    const decision = await batch.decided
    const verdict = decision.verdicts[index] ?? null
    if (verdict === null) return { ok: true, height: decision.height }
    return { ok: false, code: verdict.code, message: verdict.message }
  }

  function onMessage(from: string, message: PeerMessage): void {
    switch (message.type) {
      case 'vote':
      case 'proposal':
        inbound.take(from, message)
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
    appendSystem,
    onMessage,
    onBatchText: (text) => void exchange.take(text),
    async onRequest(from, request) {
      return await serve(from, request)
    },
    onPeer(partner, connected) {
      if (connected) {
        peers.send(partner, status())
      } else {
        catchUp.gone(partner)
        inbound.gone(partner)
      }
    },
    get syncing() {
      return catchUp.syncing
    },
    get round() {
      return driver.round
    },
    heightOf: catchUp.heightOf,
    get rejoining() {
      return rejoin.needed()
    },
    start() {
      for (const batch of left.batches) {
        const flight = own.restore(batch)
        for (const [index, record] of batch.records.entries()) pending.add({ record, batch: flight, index })
      }
      for (const hash of store.uncommitted()) {
        const batch = storedBatch(chain, hash)
        if (batch !== null) mempool.add(batch)
      }
      driver.start(dependencies.entries)
      heartbeat.start()
      attend()
    },
    async stop() {
      heartbeat.stop()
      rejoin.stop()
      exchange.stop()
      own.stop(new LedgerError('CLOSED', 'the node is stopping'))
      await catchUp.stop()
      await driver.stop()
    }
  }
}

function noneLeft(chain: Chain, self: string): ReturnType<typeof ownBatchesLeft> {
  return { batches: [], nextSequence: authorSequence(chain.store.state, self).next }
}
