import { LedgerError } from '../base/errors.js'
import { batchIsSigned, readBatch } from '../ledger/batch.js'
import { recordsOnDemand } from '../ledger/batch-records.js'
import { readHeader } from '../ledger/block.js'
import { checkCertificate, readCertificate } from '../ledger/certificate.js'
import { advance, type ExecutedBlock, executeCertified, genesisTip, type Tip } from '../ledger/chain.js'
import {
  batchOrderProblem,
  type CheckedBatch,
  type Founding,
  foundingOf,
  isSettling,
  type Rulebook,
  rulebookAfter
} from '../ledger/execution.js'
import type { Limits } from '../ledger/genesis.js'
import { partnerOf } from '../ledger/partner-set.js'
import { recoveryProblemAt } from '../ledger/recovery.js'
import { SYSTEM_OBJECTS } from '../ledger/system-record.js'
import { refusalsOf } from '../ledger/verdict.js'
import { blockBytesMax } from './block-content.js'
import type { Chain } from './chain.js'
import { createHistoryDigest, type HistoryDigest } from './history-digest.js'
import type { VerifyReport } from './ledger-node.js'
import { openScratchState, type ScratchState } from './scratch-state.js'
import type { BatchRef, HistoryEntryWithHeight, StateItem, StoredBlock, StoreSnapshot } from './store/store-types.js'
import { encodeRefusals, isSameRefusals } from './stored-refusals.js'

export interface VerifyOptions {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
}

/** Thrown and caught within this file: the first thing that does not hold, and in which block. */
class Failure extends Error {
  readonly height: number | null

  constructor(height: number | null, reason: string, cause?: LedgerError) {
    super(reason, { cause })
    this.height = height
  }
}

/** Copies that a running node checks at a time: each builds up the state anew. */
export const VERIFICATIONS_MAX = 2

/**
 * Verifies the whole copy against the genesis alone: every checksum, hash, link, signature and certificate, and every
 * rule on every record again, into a state of its own that is then compared with the store's, value by value. Blocks
 * committed meanwhile are left for the next time.
 */
export async function verifyCopy(chain: Chain, options: VerifyOptions = {}): Promise<VerifyReport> {
  const snapshot = chain.store.snapshot()
  const head = snapshot.head ?? { height: 0, hash: chain.scope.genesis }
  const report = { height: head.height, head: head.hash }
  const progress = { records: 0, history: createHistoryDigest() }
  try {
    const scratch = await openScratchState()
    try {
      await verifyBlocks(chain, scratch, head, progress, options)
      await compareStates(scratch, snapshot, options)
      await compareHistory(chain, head.height, progress.history, options)
    } finally {
      await scratch.close()
    }
    await verifyValues(chain, options)
    return { ok: true, ...report, records: progress.records }
  } catch (error) {
    const failure = failureOf(error)
    if (failure === null) throw error
    return { ok: false, ...report, records: progress.records, failure }
  } finally {
    await snapshot.close()
  }
}

/**
 * Runs all blocks again into an empty state, each checked as {@link verifyCopy} does, without a look at the store's state.
 * @returns what does not hold; null when all does
 * @throws LedgerError STORE_DAMAGED when a value cannot be read
 */
export async function runAgain(
  chain: Chain,
  scratch: ScratchState,
  options: VerifyOptions = {}
): Promise<NonNullable<VerifyReport['failure']> | null> {
  const { head } = chain.store
  if (head === null) return null
  try {
    await verifyBlocks(chain, scratch, head, { records: 0, history: createHistoryDigest() }, options)
    return null
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.cause !== undefined) throw error.cause
    return { height: error.height, reason: error.message }
  }
}

function failureOf(error: unknown): { height: number | null; reason: string } | null {
  if (error instanceof Failure) return { height: error.height, reason: error.message }
  if (error instanceof LedgerError && error.code === 'STORE_DAMAGED') return { height: null, reason: error.message }
  return null
}

interface Progress {
  records: number
  /** What the blocks so far wrote into the history. */
  readonly history: HistoryDigest
}

async function verifyBlocks(
  chain: Chain,
  scratch: ScratchState,
  head: { readonly height: number; readonly hash: string },
  progress: Progress,
  { signal, onProgress }: VerifyOptions
): Promise<void> {
  const founding = foundingOf(chain.genesis)
  let tip = genesisTip(chain.scope.genesis, chain.genesis.time)
  while (tip.height < head.height) {
    signal?.throwIfAborted()
    const height = tip.height + 1
    const stored = readOf(height, () => chain.store.block(height))
    if (stored === undefined) throw new Failure(height, 'the block is missing')
    const rulebook = rulebookAt(chain, founding, scratch, tip)
    const batches = stored.batches.map((ref, position) => verifyBatch(chain, rulebook, height, ref, position))
    const executed = verifyBlock(chain.limits, rulebook, scratch, tip, stored, batches)
    const next = advance(tip, executed)
    for (const { level, index, hash } of next.nodes) {
      const kept = readOf(height, () => chain.store.treeNode(level, index))
      must(height, kept === hash, `node ${level}/${index} of the history is another`)
    }
    await scratch.write(executed.execution.writes)
    tip = next.tip
    progress.records += executed.header.verdicts.count
    for (const entry of executed.execution.entries) progress.history.add(entry, height)
    onProgress?.(tip.height, head.height)
    await breathe()
  }
  must(head.height, tip.hash === head.hash, 'the newest block is not the one that the store names')
}

/** What is in force for the block after a tip; where an epoch begins its recovery must hold there. */
function rulebookAt(chain: Chain, founding: Founding, { reader }: ScratchState, tip: Tip): Rulebook {
  const { foundingModel: model } = chain
  const before = rulebookAfter(chain.scope, model, founding, reader)
  const begins = chain.recoveries.find(({ document }) => document.height === tip.height)
  if (begins === undefined) return before
  const { document, signatures } = begins
  const recovery = { document, signatures }
  const { scope, partners: now, nextPartners: latest } = before
  const problem = recoveryProblemAt({ scope, height: tip.height, head: tip.hash, now, latest }, recovery)
  must(tip.height + 1, problem === null, `the recovery before it does not hold: ${problem}`)
  return rulebookAfter(chain.scope, model, founding, reader, recovery)
}

/** Structure, root, hash and signature of a batch. Its records are parsed and checked as they are run. */
function verifyBatch(chain: Chain, rulebook: Rulebook, height: number, ref: BatchRef, position: number): CheckedBatch {
  const { author, incarnation, sequence, hash, count } = ref
  const name = `batch ${author}/${sequence}`
  const text = readOf(height, () => chain.store.readBatch(hash))
  if (text === undefined) throw new Failure(height, `${name} is missing`)
  const batch = readBatch(rulebook.scope, chain.limits, text)
  if (!batch.ok) throw new Failure(height, `${name}: ${batch.refusal.message}`)
  const { header } = batch.value
  must(height, batch.value.hash === hash, `${name} is not the one that the block lists`)
  const same = header.author === author && header.incarnation === incarnation && header.sequence === sequence
  must(height, same && header.count === count, `${name} is listed with other words than its own`)
  const key = partnerOf(rulebook.partners, author)?.key
  must(
    height,
    key !== undefined && batchIsSigned(rulebook.scope, batch.value, key),
    `${name} is not signed by its author`
  )
  const location = readOf(height, () => chain.store.locate(author, sequence))
  const found = location?.height === height && location.position === position && location.hash === hash
  must(height, found, `${name} is indexed at another place`)
  const { model } = rulebook
  const records = recordsOnDemand(model, batch.value.records, chain.limits.recordBytesMax)
  return { header, hash, records }
}

/** Runs the block again and compares every byte of what is stored with what comes out. */
function verifyBlock(
  limits: Limits,
  rulebook: Rulebook,
  scratch: ScratchState,
  tip: Tip,
  stored: StoredBlock,
  batches: readonly CheckedBatch[]
): ExecutedBlock {
  const { height } = stored
  const header = readHeader(stored.header)
  if (!header.ok) throw new Failure(height, header.refusal.message)
  must(height, header.value.time > tip.time, 'it is not later than the block before')
  const order = batchOrderProblem(rulebook, scratch.reader, batches)
  if (order !== null) throw new Failure(height, order)
  const { originRound, proposer, time } = header.value
  const bytes = batches.reduce((sum, batch) => sum + batch.header.bytes, 0)
  must(height, batches.length < 2 || bytes <= blockBytesMax(limits, originRound), 'it is larger than a block may be')
  must(height, batches.length > 0 || isSettling(rulebook), 'it is empty, and no change was under way')
  const plan = { originRound, proposer, time, batches }
  const executed = executeCertified(rulebook, tip, scratch.reader, plan, header.value.result)
  const wrong = firstDifference(header.value, executed.header)
  must(height, wrong === null, `its ${wrong} is not what comes out when it is run again`)
  must(height, executed.hash === stored.hash, 'its hash is not that of its header')
  const refusals = encodeRefusals(refusalsOf(executed.execution.verdicts))
  must(height, isSameRefusals(refusals, stored.refusals), 'its refusals are not what comes out when it is run again')
  const certificate = readCertificate(stored.certificate)
  if (!certificate.ok) throw new Failure(height, certificate.refusal.message)
  const refusal = checkCertificate(rulebook.scope, rulebook.partners, certificate.value, {
    height,
    block: executed.hash
  })
  if (refusal !== null) throw new Failure(height, refusal.message)
  return executed
}

function firstDifference(stored: object, computed: object): string | null {
  const differs = Object.entries(computed).find(([name, value]) => {
    return JSON.stringify(value) !== JSON.stringify(Object.getOwnPropertyDescriptor(stored, name)?.value)
  })
  return differs === undefined ? null : differs[0]
}

/** Goes through both states side by side. */
async function compareStates(scratch: ScratchState, snapshot: StoreSnapshot, { signal }: VerifyOptions): Promise<void> {
  const expected = scratch.all()[Symbol.asyncIterator]()
  for await (const { key, entry } of snapshot.states('')) {
    signal?.throwIfAborted()
    const next = await expected.next()
    const item: StateItem | undefined = next.done === true ? undefined : next.value
    must(null, item?.key === key, `the state has ${key}, which no block wrote, or lacks one before it`)
    must(null, item.entry.text === entry.text, `the state of ${key} is not what the blocks wrote`)
  }
  const left = await expected.next()
  must(null, left.done === true, 'the state lacks a value that a block wrote')
}

/** Entries read at once. */
const PAGE = 5000

/** The index of histories holds what the blocks wrote, no more and no less. */
async function compareHistory(
  chain: Chain,
  height: number,
  expected: HistoryDigest,
  { signal }: VerifyOptions
): Promise<void> {
  const found = createHistoryDigest()
  const { network, objects } = chain.rulebook.model
  for (const object of [...objects.keys(), ...(network.removed ?? []), ...SYSTEM_OBJECTS]) {
    let after: HistoryEntryWithHeight | undefined
    do {
      signal?.throwIfAborted()
      const page = await chain.store.history(object, null, {
        limit: PAGE,
        includeRefused: true,
        ...(after && { after })
      })
      // Blocks that were committed meanwhile are left out here as everywhere.
      for (const entry of page) if (entry.height <= height) found.add(entry, entry.height)
      after = page.length < PAGE ? undefined : page.at(-1)
    } while (after !== undefined)
  }
  must(null, found.text() === expected.text(), 'the index of histories is not what the blocks wrote')
}

/** Every value that is stored, also those that the chain does not lead to, holds its checksum. */
async function verifyValues(chain: Chain, { signal }: VerifyOptions): Promise<void> {
  const problems: string[] = []
  await chain.store.checkWhole((what) => problems.push(what), signal)
  const [first] = problems
  if (first !== undefined) throw new Failure(null, first)
}

function readOf<T>(height: number, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'STORE_DAMAGED') throw new Failure(height, error.message, error)
    throw error
  }
}

function must(height: number | null, holds: boolean, reason: string): asserts holds {
  if (!holds) throw new Failure(height, reason)
}

/** Lets the node go on with its work between two blocks. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
