import { existsSync } from 'node:fs'
import { parseCanonical } from '../base/canonical.js'
import { signer } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { TimeoutSettings } from '../consensus/timeouts.js'
import type { ReadGenesis } from '../ledger/genesis.js'
import { compileModel, type Model } from '../ledger/model.js'
import { type PartnerSet, partnerOf } from '../ledger/partner-set.js'
import { createAdmission } from './admission.js'
import { createAmendments } from './amendments.js'
import type { AttachmentSettings } from './attachment-types.js'
import { bootstrapOf } from './bootstrap.js'
import { type CommittedBlock, openChain } from './chain.js'
import { createChanges } from './changes.js'
import { type Closer, closeAll } from './closers.js'
import { keepEarlySets } from './early-sets.js'
import { createEvidenceList } from './evidence-list.js'
import { createFate } from './fate.js'
import { createGovernance } from './governance.js'
import { createGuardKeeper } from './guard-keeper.js'
import { homePaths } from './home.js'
import { createIntake } from './intake.js'
import { createInvitationList } from './invitation-list.js'
import { keyChangedError, makeWayFor, takeUpKey } from './key-change.js'
import { createKnownObjects } from './known-objects.js'
import { openKnownPeers } from './known-peers.js'
import { createLatePeers } from './late-peers.js'
import type { LedgerNode, RecordView } from './ledger-node.js'
import type { Logger } from './log.js'
import { openMadeInvitations } from './made-invitations.js'
import { createMembershipKnowledge } from './membership-knowledge.js'
import { openModelHistory } from './model-history.js'
import { modelView } from './model-view.js'
import { createConcurrency } from './network/concurrency.js'
import { startPeers } from './network/peers-libp2p.js'
import { createNodeStatus } from './node-status.js'
import { openAttachments } from './open-attachments.js'
import { openLogs } from './open-logs.js'
import { assertOwnKey } from './own-key.js'
import { checkStoreAgainstGuard } from './own-state.js'
import { pendingView } from './pending-record.js'
import { createQueries } from './queries.js'
import { readHome } from './read-home.js'
import { createReceipts } from './receipts.js'
import { createRecordReader } from './record-reader.js'
import { viewOfCommitted } from './record-view.js'
import { enterEpoch } from './recovery-enter.js'
import { keepRecovery, readRecoveryFiles } from './recovery-files.js'
import { createRecoveryLearning, epochError } from './recovery-learning.js'
import { barredBy, signerOutOfEpoch, withoutOutlived } from './recovery-standing.js'
import { openRefusalLog } from './refusal-log.js'
import { createRehearsals } from './rehearsals.js'
import { createReplica } from './replica.js'
import { openSetHistory } from './set-history.js'
import { lockHome } from './store/home-lock.js'
import { noPassphrase, type Unlock } from './store/key-file.js'
import { openStore } from './store/store.js'
import { createSystemWriter } from './system-writer.js'
import { systemTimers } from './timers.js'
import { VERIFICATIONS_MAX, verifyCopy } from './verify-copy.js'

export interface NodeOptions {
  readonly home: string
  /** Multiaddrs to listen on. @default none */
  readonly listen?: readonly string[]
  /** Multiaddrs to be told to others instead of those listened on. @default none */
  readonly announce?: readonly string[]
  readonly log: Logger
  /** Opens the key of the home when it is locked. @default what refuses it */
  readonly unlock?: Unlock
  readonly signal?: AbortSignal
  /** Bytes, roughly, that the cache of the state may take. */
  readonly cacheBytesMax?: number
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number
  /** Name and version of this software, told to the partners. @default nothing is told */
  readonly software?: string
  /** @default TIMEOUTS_DEFAULT */
  readonly timeouts?: TimeoutSettings
  /** Whether batch bodies travel by gossip. @default true */
  readonly gossip?: boolean
  /** @default ATTACHMENT_SETTINGS_DEFAULT */
  readonly attachments?: AttachmentSettings
  /** Keys never to be connected with, as if a firewall stood between; for tests. */
  readonly forbidden?: (key: string) => boolean
}

export interface RunningNode extends LedgerNode {
  /** Multiaddrs with `/p2p/ID`. */
  addresses(): readonly string[]
  /** Rejects when the node has to stop: a full or damaged disk, a fault. Resolves after {@link close}. */
  readonly done: Promise<void>
  close(): Promise<void>
}

/**
 * Opens the node of a founded home: the one place where everything is put together.
 * @throws LedgerError NOT_FOUNDED, HOME_LOCKED, KEY_FILE, PASSPHRASE_NEEDED, PASSPHRASE_WRONG, STORE_FORMAT, STORE_DAMAGED,
 * LOG_DAMAGED, ADDRESS_IN_USE
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
  const { hash } = content.genesis
  const self = content.partner
  const store = await openStore({ path: paths.store, genesis: hash, ...cacheOption(options) })
  closers.push(() => store.close())
  const model = modelOf(content.genesis)
  const found = await readRecoveryFiles(paths.recovery)
  const recoveries = found.known
  const opening = { scope: { genesis: hash, epoch: 0 }, genesis: content.genesis.genesis, model, store, recoveries }
  await keepEarlySets(opening, options.signal)
  const before = openChain(opening)
  const files = await withoutOutlived(paths.recovery, before, found)
  const key = await takeUpKey({ paths, chain: before, self, log, unlock: options.unlock ?? noPassphrase })
  await enterEpoch({ paths, chain: before, self, key, files, log })
  const barred = barredBy(before, files)
  if (barred !== null) log.warn('this node signs nothing', { why: barred.why, todo: barred.todo })
  const sign = barred === null ? signer(key.seed) : signerOutOfEpoch(signer(key.seed))
  const mayBeBehind = existsSync(paths.peers) || existsSync(paths.invitation)
  const owner = { genesis: hash, key: key.publicKey }
  const { guard, wal, entries } = await openLogs({
    guardPath: paths.guard,
    logPath: paths.log,
    owner,
    fromHeight: (store.head?.height ?? 0) + 1,
    canRejoin: mayBeBehind,
    log
  })
  // What is logged behind the end of an epoch is of the next one.
  const current = entries.filter(({ height }) => height <= (barred?.document.height ?? height))
  // A copy that is behind does not know yet whose key this is: one behind its guard, or whose key was lost with the guard.
  if (!mayBeBehind || (guard.whole && (guard.lastVote?.position.height ?? 0) <= before.tip.height + 1)) {
    const { partners, nextPartners } = before.rulebook
    assertOwnKey(home, self, key.publicKey, [...partners.partners, ...nextPartners.partners])
  }
  const guards = createGuardKeeper(paths.guard, owner, guard, log)
  closers.push(() => guards.close())
  closers.push(() => wal.close())
  const refusals = openRefusalLog(paths.refusals, { log, now })
  closers.push(() => refusals.close())

  const fate = createFate(log)
  const network = createLatePeers()
  const replica = createReplica(
    {
      genesis: content.genesis,
      model,
      self,
      key: key.publicKey,
      mayBeBehind,
      recoveries: files.known,
      barred,
      ...timeoutsOption(options),
      ...softwareOption(options)
    },
    {
      store,
      wal,
      entries: current,
      guard: guards.first,
      renewGuard: guards,
      sign,
      peers: network.peers,
      addresses: network.addresses,
      now,
      monotonic: () => performance.now(),
      timers: systemTimers,
      log,
      onCommitted,
      onRecoveries: (told) => learning.learn(told),
      fail: fate.fail
    }
  )
  const { chain } = replica
  const reader = createRecordReader(chain)
  const bootstrap = await bootstrapOf(paths.invitation)
  const sets = await openSetHistory(chain)
  const models = await openModelHistory(chain)
  const objects = createKnownObjects(chain, models)
  const changes = createChanges(chain, reader, objects)
  const learning = createRecoveryLearning({
    chain,
    sets,
    keep: (recovery) => keepRecovery(paths.recovery, recovery),
    known: files.known,
    log,
    onEpoch: fate.fail
  })
  const known = await openKnownPeers({
    path: paths.peers,
    chain,
    self,
    bootstrap,
    heightOf: replica.heightOf,
    wasPartner: sets.hasKey,
    now: () => performance.now(),
    log
  })
  closers.push(() => known.settled())
  checkStoreAgainstGuard(chain, guards.first, mayBeBehind)
  const made = await openMadeInvitations({ path: paths.invitations, log })
  closers.push(() => made.settled())
  const invitations = createInvitationList({ chain, reader, made, self, now })
  const writer = createSystemWriter({ replica, self, toldState: known.ownState, timers: systemTimers })
  const admission = createAdmission({
    writer,
    replica,
    made,
    list: invitations,
    self,
    sign,
    genesisText: content.genesis.text,
    now,
    addresses: () => [{ partner: self, key: key.publicKey, addresses: network.addresses() }, ...known.wanted()]
  })
  const attachments = await openAttachments({ paths, chain, models, reader, source: network.attachments, log }, options)
  closers.push(() => attachments.close())
  let makesWay = false
  const running = await startPeers({
    seed: key.seed,
    listen: options.listen ?? [],
    announce: options.announce ?? [],
    genesis: hash,
    self,
    directory: known,
    handlers: replica,
    join: admission.join,
    serveAttachment: attachments.serve,
    membership: createMembershipKnowledge(chain, sets, { learned }, learning),
    log,
    ...(options.gossip === undefined ? {} : { gossip: options.gossip }),
    ...(options.forbidden === undefined ? {} : { forbidden: options.forbidden }),
    ...(options.signal === undefined ? {} : { signal: options.signal })
  })
  network.arrived(running)
  closers.push(() => running.close())
  const status = createNodeStatus({ replica, self, peers: running, known, ...softwareOption(options) })
  const show = (id: string): RecordView | null => {
    const committed = reader.byId(id)
    return committed === null
      ? pendingView(chain, replica.mempool, self, id)
      : viewOfCommitted(objects, store.state, committed)
  }
  const { own, pending } = replica
  function blocked(): string | null {
    if (barred !== null) return barred.why
    if (replica.rejoining) return 'this node lost its sign guard and is rejoining'
    const incarnation = partnerOf(chain.rulebook.partners, self)?.incarnation ?? 0
    // A batch sealed now would be one of an incarnation that is over.
    return guards.incarnation() > incarnation ? 'this node is still fetching its copy of the chain' : null
  }
  const intake = createIntake({
    chain,
    own,
    pending,
    partner: self,
    toldState: known.ownState,
    blocked,
    inStep: () => replica.inStep,
    now,
    timers: systemTimers,
    show,
    logRefusal: refusals.write
  })
  const queries = createQueries(chain, reader, objects)
  const rehearsals = createRehearsals({ chain, sets, models, log })
  const verifications = createConcurrency(VERIFICATIONS_MAX, 0)
  closers.push(() => rehearsals.close())
  const governance = createGovernance({
    replica,
    self,
    sets,
    models,
    connected: running.connected,
    addresses: network.addresses,
    now,
    writer,
    timers: systemTimers,
    rehearsalOf: rehearsals.of
  })
  const receipts = createReceipts(chain, reader, sets)

  /** What a quorum says that is later than this copy: this node's key may be another one by then. */
  function learned(set: PartnerSet, height: number): void {
    known.learned(set, height)
    const named = partnerOf(set, self)?.key
    if (named === undefined || named === key.publicKey) return
    // Several partners may tell at once.
    if (makesWay) return
    makesWay = true
    void makeWayFor(named, { paths, log }).then((error) => {
      if (error !== null) fate.fail(error)
      else makesWay = false
    }, fate.fail)
  }

  let isOwnKey = hasOwnKey()

  function hasOwnKey(): boolean {
    return partnerOf(chain.rulebook.partners, self)?.key === key.publicKey
  }

  function onCommitted(block: CommittedBlock): void {
    if (isOwnKey && !hasOwnKey()) void keyChangedError({ paths, chain, self, log }).then(fate.fail, fate.fail)
    isOwnKey = hasOwnKey()
    const due = chain.due()
    if (due !== null) fate.fail(epochError(due.document))
    sets.committed(block)
    models.committed(block)
    rehearsals.committed()
    changes.committed()
    attachments.committed(block)
    if (!block.executed.execution.writes.some(({ key }) => key.startsWith('p:') || key.startsWith('a:'))) return
    running.refresh()
    void known.remember()
  }

  rehearsals.committed()
  replica.start()
  attachments.start()
  const closing = new AbortController()
  const untilClosing = (signal?: AbortSignal): AbortSignal =>
    AbortSignal.any(signal === undefined ? [closing.signal] : [signal, closing.signal])
  closers.push(() => replica.stop())
  log.info('node is open', { partner: self, height: chain.tip.height, genesis: hash })

  return {
    partner: self,
    attachments,
    status: status.status,
    partners: status.partners,
    genesis: () => parseCanonical(content.genesis.text) as JsonObject,
    model: () => modelView(chain, objects),
    append: intake.append,
    check: intake.check,
    get: queries.get,
    history: queries.history,
    list: queries.list,
    block: queries.block,
    changes: changes.changes,
    receipt: receipts.receipt,
    evidence: createEvidenceList(chain, reader, receipts),
    checkpoint: receipts.checkpoint,
    invite: admission.invite,
    invitations: invitations.list,
    revoke: admission.revoke,
    propose: governance.propose,
    vote: governance.vote,
    withdraw: governance.withdraw,
    proposals: governance.proposals,
    proposal: governance.proposal,
    ...createAmendments({ chain, writer, show }),
    rehearse: (request, how) => rehearsals.rehearse(request, { ...how, signal: untilClosing(how.signal) }),
    verify: (request) =>
      verifications.run('', () => verifyCopy(chain, { ...request, signal: untilClosing(request.signal) })),
    addresses: () => running.listening(),
    done: fate.done,
    async close() {
      fate.closing()
      changes.close()
      closing.abort(new LedgerError('CLOSED', 'the node is stopping'))
      await closeAll(closers, log)
      fate.closed()
    }
  }
}

function timeoutsOption({ timeouts }: NodeOptions): { timeouts?: TimeoutSettings } {
  return timeouts === undefined ? {} : { timeouts }
}

function softwareOption({ software }: NodeOptions): { software?: string } {
  return software === undefined ? {} : { software }
}

function cacheOption({ cacheBytesMax }: NodeOptions): { cacheBytesMax?: number } {
  return cacheBytesMax === undefined ? {} : { cacheBytesMax }
}

function modelOf({ genesis }: ReadGenesis): Model {
  return compileModel(genesis.network, genesis.limits)
}
