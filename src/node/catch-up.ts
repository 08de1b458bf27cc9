import { verifySignature } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import type { Steps } from '../base/steps.js'
import { batchIsSigned, readBatch } from '../ledger/batch.js'
import { recordsOnDemand } from '../ledger/batch-records.js'
import { batchListRoot, blockHash, type CountedRoot, readHeader } from '../ledger/block.js'
import { type Certificate, checkCertificate, readCertificate } from '../ledger/certificate.js'
import type { CheckedBatch } from '../ledger/execution.js'
import { partnerOf } from '../ledger/partner-set.js'
import { voteBytes } from '../ledger/vote.js'
import { type CandidateBlock, checkBlock, type ProposedBlock } from './block-content.js'
import type { Chain } from './chain.js'
import { isVersionKnown } from './known-version.js'
import type { Logger } from './log.js'
import type { Mempool } from './mempool.js'
import type { BlockBundle, Peers } from './peers.js'
import { divergedError } from './stop-error.js'
import type { TimerHandle, Timers } from './timers.js'

/** Bytes of blocks asked for at once. */
const BLOCKS_BYTES_MAX = 4 * 1024 * 1024

/** Milliseconds for which a partner that claimed blocks and gave none is not asked again: doubled each time, to a cap. */
const RETRY_MS_MIN = 250
const RETRY_MS_MAX = 10_000

/**
 * Milliseconds for which one partner's answer is waited for while another could be asked: doubled each time that this was
 * in vain, as lines may be slow.
 */
const PATIENCE_MS_MIN = 3_000

/**
 * Milliseconds for which the block after the tip is left to be decided here, while others say that they have it: its messages are
 * here or on their way, and what a fetched block brings is mostly here.
 */
const DECIDE_MS = 300

/** Blocks behind at which a node stops taking part until it has caught up; fewer are fetched beside. */
const FAR_BEHIND = 2

interface GivenBlocks {
  readonly blocks: readonly BlockBundle[]
}

export interface CatchUpDependencies {
  readonly chain: Chain
  readonly mempool: Mempool
  readonly peers: Peers
  readonly driver: {
    /** Unless the height has been decided meanwhile. Rejects with what the execution throws. */
    adopt(certificate: Certificate, execute: () => Steps<CandidateBlock>): Promise<void>
    pause(): void
    resume(): void
  }
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly timers: Timers
  readonly log: Logger
  /** A certificate that holds, of the height being decided here, before its block is committed. */
  readonly onCertificate: (certificate: Certificate) => void
  /** A signed batch of a certified block that was not here. */
  readonly onBatch: (batch: CheckedBatch) => void
  /** Called when it begins and when it has caught up. */
  readonly onChange: (syncing: boolean) => void
  /** A partner gave a block that may be of another epoch: whether it could tell of the next one. */
  readonly onForeignEpoch: (partner: string) => Promise<boolean>
  /** Whether nothing is to be fetched at all. */
  readonly halted: boolean
  readonly fail: (error: unknown) => void
}

/** Fetches the blocks that others have committed and this node has not: each is checked and executed before it counts. */
export function createCatchUp(dependencies: CatchUpDependencies) {
  const {
    chain,
    mempool,
    peers,
    driver,
    now,
    timers,
    log,
    onCertificate,
    onBatch,
    onChange,
    onForeignEpoch,
    halted,
    fail
  } = dependencies
  const heights = new Map<string, number>()
  /** Partners that claimed to be ahead and gave no block, and until when they are not asked. */
  const fruitless = new Map<string, { readonly times: number; readonly until: number }>()
  let running: Promise<void> | null = null
  let tried = new Set<string>()
  let asking: { readonly partner: string; readonly since: number; readonly giveUp: AbortController } | null = null
  let patienceMs = PATIENCE_MS_MIN
  /** The height that others were heard to have decided, just after the tip; overdue when it has been left for long enough. */
  let awaited: { readonly height: number; overdue: boolean; readonly timer: TimerHandle } | null = null
  let syncing = false
  let stopped = false

  function isTrusted(partner: string): boolean {
    const left = (fruitless.get(partner)?.until ?? 0) - now()
    // More than the longest wait means that the clock was set back.
    return left <= 0 || left > RETRY_MS_MAX
  }

  /** Connected partners that are ahead, the farthest first. */
  function ahead(): string[] {
    if (!isVersionKnown(chain)) return []
    const connected = new Set(peers.connected())
    return [...heights]
      .filter(([partner, height]) => height > chain.tip.height && connected.has(partner) && isTrusted(partner))
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .map(([partner]) => partner)
  }

  /** Those of whom blocks are fetched now: not a single one that this node is about to decide by itself. */
  function worthAsking(): string[] {
    const next = chain.tip.height + 1
    const isOverdue = syncing || (awaited?.height === next && awaited.overdue)
    return ahead().filter((partner) => isOverdue || (heights.get(partner) ?? 0) > next)
  }

  function awaitNext(): void {
    const height = chain.tip.height + 1
    if (stopped || awaited?.height === height || ahead().length === 0) return
    if (awaited !== null) timers.clear(awaited.timer)
    const timer = timers.set(DECIDE_MS, () => {
      if (awaited?.timer === timer) awaited.overdue = true
      wake()
    })
    awaited = { height, overdue: false, timer }
  }

  function distrust(partner: string): void {
    const times = (fruitless.get(partner)?.times ?? 0) + 1
    fruitless.set(partner, { times, until: now() + Math.min(RETRY_MS_MIN * 2 ** times, RETRY_MS_MAX) })
  }

  async function run(): Promise<void> {
    tried = new Set()
    while (!stopped) {
      const from = worthAsking().find((partner) => !tried.has(partner))
      if (from === undefined) return
      const before = chain.tip.height
      try {
        await fetchFrom(from)
      } catch (error) {
        if (isOurs(error)) throw error
        if (error instanceof WrongBlock) {
          // A later epoch stops this node, and begins it anew.
          if (await onForeignEpoch(from)) return
          if (!isOfOtherEpoch(error)) peers.blame?.(from, error.message)
        }
        log.warn('blocks could not be fetched', { partner: from, error })
      }
      if (chain.tip.height === before) {
        // A height that is only claimed stops nobody: who gave nothing, or something wrong, is left alone for a while.
        tried.add(from)
        distrust(from)
        continue
      }
      tried.clear()
      fruitless.delete(from)
      patienceMs = PATIENCE_MS_MIN
    }
  }

  /** Fetches as long as there is more of it: the next answer is on its way while the blocks of the last are run. */
  async function fetchFrom(partner: string): Promise<void> {
    let from = chain.tip.height + 1
    let answer: Promise<GivenBlocks> | null = ask(partner, from)
    while (answer !== null) {
      const { blocks }: GivenBlocks = await answer
      const after = from + blocks.length
      answer = blocks.length > 0 && (heights.get(partner) ?? 0) >= after ? ask(partner, after) : null
      answer?.catch(() => {})
      try {
        await takeBlocks(blocks, from)
      } finally {
        if (stopped || chain.tip.height + 1 < after || !isVersionKnown(chain)) {
          asking?.giveUp.abort(new LedgerError('CLOSED', 'the blocks before were not taken'))
          answer = null
        }
      }
      from = after
    }
  }

  async function takeBlocks(blocks: readonly BlockBundle[], from: number): Promise<void> {
    for (const [index, bundle] of blocks.entries()) {
      if (stopped || !isVersionKnown(chain)) return
      // Only blocks that are proven hold this node up, never a claim: whoever is that far behind has nothing to vote on.
      await takeBlock(bundle, from + index, blocks.length >= FAR_BEHIND ? begin : () => {})
    }
  }

  async function ask(partner: string, from: number): Promise<GivenBlocks> {
    const giveUp = new AbortController()
    const { signal } = giveUp
    asking = { partner, since: now(), giveUp }
    try {
      return await peers.request(partner, { type: 'blocks', from, bytesMax: BLOCKS_BYTES_MAX }, { signal })
    } catch (error) {
      // Whatever code it answers with: the fault is the partner's, and stops nothing here.
      const why = error instanceof Error ? error.message : String(error)
      throw new LedgerError('NODE_UNREACHABLE', `${partner}: ${why}`, {}, error)
    } finally {
      asking = null
    }
  }

  /** Whoever claims to be ahead and says nothing must not hold up those who would answer. */
  function turnToOthers(): void {
    if (asking === null || now() - asking.since < patienceMs) return
    const { partner, giveUp } = asking
    if (!ahead().some((other) => other !== partner && !tried.has(other))) return
    patienceMs *= 2
    giveUp.abort(new LedgerError('NODE_UNREACHABLE', `${partner} does not answer, and others could`))
  }

  async function takeBlock(bundle: BlockBundle, height: number, onProven: () => void): Promise<void> {
    const header = readHeader(bundle.header)
    if (!header.ok) throw bad(height, header.refusal.message)
    if (header.value.height !== height) throw bad(height, `it is block ${header.value.height}`)
    // Decided here in the meantime, or the one before it is being committed still.
    if (height !== chain.tip.height + 1) return
    const certificate = readCertificate(bundle.certificate)
    if (!certificate.ok) throw bad(height, certificate.refusal.message)
    const { scope, partners } = chain.rulebook
    const block = blockHash(scope, bundle.header)
    const refusal = checkCertificate(scope, partners, certificate.value, { height, block })
    if (refusal !== null && isOrphan(bundle.header, certificate.value)) throw orphan(height)
    if (refusal !== null && isOfNextEpoch(bundle.header, certificate.value)) throw later(height)
    if (refusal !== null) throw bad(height, refusal.message)
    onProven()
    const hashes = await storeBodies(bundle, height, header.value.batches)
    if (chain.tip.height + 1 !== height) return
    onCertificate(certificate.value)
    await driver.adopt(certificate.value, () => executeCertified({ header: bundle.header, batches: hashes }, height))
  }

  function* executeCertified(block: ProposedBlock, height: number): Steps<CandidateBlock> {
    const content = { block, heardAt: 0, candidate: null, certified: true }
    const { result, candidate } = yield* checkBlock(chain, mempool, content, { round: 0, proposer: '', fresh: false })
    if (candidate !== null) return candidate
    const why = result.type === 'invalid' ? result.reason : result.type
    throw divergedError(height, blockHash(chain.rulebook.scope, block.header), why)
  }

  /** Whether the epoch that ended behind the tip has decided this block: a recovery left it behind. */
  function isOrphan(text: string, certificate: Certificate): boolean {
    const { ended, tip } = chain
    if (ended === null) return false
    const expected = { height: tip.height + 1, block: blockHash(ended.scope, text) }
    return checkCertificate(ended.scope, ended.partners, certificate, expected) === null
  }

  /** Whether partners have signed for it in the next epoch, of which this node may not have heard yet. */
  function isOfNextEpoch(text: string, { block, height, round, votes }: Certificate): boolean {
    const { scope, partners } = chain.rulebook
    const next = { ...scope, epoch: scope.epoch + 1 }
    if (blockHash(next, text) !== block || votes.length === 0) return false
    return votes.every(({ voter, incarnation, signature }) => {
      const key = partnerOf(partners, voter)?.key
      const bytes = voteBytes(next, { block, height, incarnation, kind: 'precommit', round, voter })
      return key !== undefined && verifySignature(key, bytes, signature)
    })
  }

  /** Makes the bodies durable that are not here yet; gives the hashes of all. */
  async function storeBodies(bundle: BlockBundle, height: number, listed: CountedRoot): Promise<string[]> {
    const { scope, limits, rulebook } = chain
    const fresh: { checked: CheckedBatch; text: string }[] = []
    const batches = bundle.batches.map((text) => {
      const read = readBatch(scope, limits, text)
      if (!read.ok) throw bad(height, read.refusal.message)
      return { text, batch: read.value }
    })
    const { count, root } = batchListRoot(batches.map(({ batch }) => batch.hash))
    // The header is certified, what comes beside it is not: wrong bodies are the partner's fault, not the block's.
    if (count !== listed.count || root !== listed.root) throw bad(height, 'it comes with other batches than its own')
    const hashes = batches.map(({ text, batch }) => {
      const { header, hash, records } = batch
      if (mempool.get(hash) !== undefined || chain.store.hasBatch(hash)) return hash
      const author = partnerOf(rulebook.partners, header.author)
      if (author === undefined || !batchIsSigned(scope, batch, author.key)) throw bad(height, 'a batch is not signed')
      const onDemand = recordsOnDemand(rulebook.model, records, limits.recordBytesMax)
      fresh.push({ checked: { header, hash, records: onDemand }, text })
      return hash
    })
    if (fresh.length > 0) await chain.store.putBatches(fresh.map(({ checked, text }) => ({ hash: checked.hash, text })))
    for (const { checked } of fresh) {
      mempool.add(checked)
      onBatch(checked)
    }
    return hashes
  }

  function begin(): void {
    if (syncing) return
    syncing = true
    driver.pause()
    onChange(true)
  }

  function end(): void {
    if (!syncing) return
    syncing = false
    driver.resume()
    onChange(false)
  }

  function wake(): void {
    if (running !== null || stopped || halted) return
    awaitNext()
    if (worthAsking().length === 0) return
    running = run()
      .catch((error: unknown) => {
        if (!stopped) fail(error)
      })
      .finally(() => {
        running = null
        end()
        awaitNext()
      })
  }

  return {
    /** A partner says how far it is. */
    heard(partner: string, height: number): void {
      heights.set(partner, height)
      turnToOthers()
      wake()
    },
    heightOf: (partner: string): number | null => heights.get(partner) ?? null,
    gone(partner: string): void {
      heights.delete(partner)
    },
    get syncing() {
      return syncing
    },
    /** Whether blocks are being fetched, or a connected partner that is believed says it has some that are not here. */
    get behind() {
      return syncing || ahead().length > 0
    },
    async stop(): Promise<void> {
      stopped = true
      if (awaited !== null) timers.clear(awaited.timer)
      asking?.giveUp.abort(new LedgerError('CLOSED', 'the node is stopping'))
      await running
    }
  }
}

/** What a partner gave as a block is none: no honest one keeps it. */
class WrongBlock extends LedgerError {}

function bad(height: number, problem: string): WrongBlock {
  return new WrongBlock('MALFORMED', `block ${height} of a partner: ${problem}`, { height })
}

/** Whoever holds it has not heard of the recovery yet. */
class OrphanedBlock extends WrongBlock {}

function orphan(height: number): OrphanedBlock {
  return new OrphanedBlock('MALFORMED', `block ${height} of a partner is of an epoch that is over`, { height })
}

/** This node has not heard of the recovery yet: whoever holds the block could not be asked, or this copy does not reach it. */
class LaterBlock extends WrongBlock {}

function later(height: number): LaterBlock {
  return new LaterBlock('MALFORMED', `block ${height} of a partner is of an epoch that is not known here yet`, {
    height
  })
}

function isOfOtherEpoch(error: WrongBlock): boolean {
  return error instanceof OrphanedBlock || error instanceof LaterBlock
}

/** Whether an error is this node's own trouble rather than a partner's. */
function isOurs(error: unknown): boolean {
  if (!(error instanceof LedgerError)) return true
  return ['STORE_DAMAGED', 'DISK_FULL', 'INVARIANT', 'VERIFICATION_FAILED', 'LOG_DAMAGED'].includes(error.code)
}
