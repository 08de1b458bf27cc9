import { canonicalText } from '../base/canonical.js'
import { accept, type Outcome, type Refusal, refuse } from '../base/errors.js'
import { recordId } from '../base/ids.js'
import type { Json, JsonObject } from '../base/json.js'
import { leafHash, leafOfHash, rootFromPath } from '../base/merkle.js'
import { readJson } from '../base/strict-json.js'
import type { Scope } from '../base/tagged.js'
import { batchHash, batchIsSigned } from './batch.js'
import { type BlockHeader, blockHash, headerText } from './block.js'
import { type Certificate, checkCertificate } from './certificate.js'
import { readGenesis } from './genesis.js'
import { foundingSet, type PartnerSet, partnerOf, partnerSetHash, partnerSetText, quorumOfSet } from './partner-set.js'
import {
  type AmendedProof,
  type Checkpoint,
  type PassedRecovery,
  type Receipt,
  readReceipt,
  type SetChange,
  shapeOfCheckpoint,
  receiptText as writeReceipt
} from './receipt.js'
import { type Amends, readRecord } from './record.js'
import { recoveryProblem } from './recovery.js'
import { verdictLeaf } from './verdict.js'
import { verifyAmended } from './verify-amended.js'

/** What a receipt proves. */
export interface ReceiptStatement {
  readonly recordId: string
  readonly object: string
  readonly author: string
  readonly data: JsonObject
  /** Of an amendment: which record it amends, and why. */
  readonly amends?: Amends
  /** What amended the record since, each the one before it; absent where the receipt tells of none. */
  readonly amendedBy?: readonly AmendedStatement[]
  readonly status: 'accepted' | 'refused'
  readonly code?: string
  readonly rule?: string
  readonly height: number
  /** Milliseconds since 1970, the time of the block. */
  readonly time: number
  readonly endorsers: readonly string[]
  /** In plain words: whose honesty the statement rests on. */
  readonly trust: string
}

/** An amendment of the record of a receipt. */
export interface AmendedStatement {
  readonly recordId: string
  readonly author: string
  readonly reason: string
  readonly data: JsonObject
  readonly height: number
  /** Who approved; absent where the receipt tells of nobody. */
  readonly approvedBy?: string
}

/** Thrown and caught within this file: the first thing of a receipt that does not hold. */
class Failure extends Error {}

function must(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new Failure(problem)
}

function mustBeNull(refusal: Refusal | null, where: string): void {
  if (refusal !== null) throw new Failure(`${where}: ${refusal.message}`)
}

/**
 * Verifies a receipt offline, from the genesis alone or also from a checkpoint that one trusts.
 * @param receiptText exactly as `ledger receipt` printed it
 * @param genesisText in any JSON layout
 * @param checkpointText as `ledger checkpoint` printed it: then old keys that leaked since cannot forge
 * @returns refusal VERIFICATION_FAILED with the first thing that does not hold, or MALFORMED for an unreadable file
 */
export function verifyReceipt(
  receiptText: string,
  genesisText: string,
  checkpointText?: string
): Outcome<ReceiptStatement> {
  const verified = verifyReceiptAndSet(receiptText, genesisText, checkpointText)
  if (!verified.ok) return verified
  const { statement, amended } = verified.value
  if (amended.length === 0) return accept(statement)
  const verify = (receipt: Receipt): Outcome<ReceiptStatement> => {
    return verifyReceipt(writeReceipt(receipt), genesisText, checkpointText)
  }
  const amendedBy = verifyAmended(statement, amended, verify)
  return amendedBy.ok ? accept({ ...statement, amendedBy: amendedBy.value }) : amendedBy
}

/** What a receipt proves, and the partners in force at its block. */
export interface VerifiedReceipt {
  readonly statement: ReceiptStatement
  /** Not verified yet. */
  readonly amended: readonly AmendedProof[]
  readonly scope: Scope
  readonly set: PartnerSet
  /** All sets from the founding one to that of the newest block, in their order. */
  readonly sets: readonly PartnerSet[]
}

/** As {@link verifyReceipt}, for proofs that rest on a receipt. */
export function verifyReceiptAndSet(
  receiptText: string,
  genesisText: string,
  checkpointText?: string
): Outcome<VerifiedReceipt> {
  const genesis = readGenesis(genesisText)
  if (!genesis.ok) return genesis
  const receipt = readReceipt(receiptText)
  if (!receipt.ok) return refuse('VERIFICATION_FAILED', receipt.refusal.message)
  const checkpoint = checkpointText === undefined ? null : readCheckpoint(checkpointText)
  if (checkpoint !== null && !checkpoint.ok) return checkpoint
  try {
    const { value } = receipt
    must(value.genesis === genesis.value.hash, 'it belongs to another network')
    const chain = checkChain(value.genesis, foundingSet(genesis.value.genesis), value)
    const trust = trustOf(value, chain, checkpoint === null ? null : checkpoint.value)
    const { setOfBlock: set, sets } = chain
    const scope = scopeOf(value.genesis, set)
    must(value.epoch === scope.epoch, `it says epoch ${value.epoch}, and its block is of epoch ${scope.epoch}`)
    const { amended = [] } = value
    return accept({ statement: { ...checkContent(scope, value, set), trust }, amended, scope, set, sets })
  } catch (error) {
    if (error instanceof Failure) return refuse('VERIFICATION_FAILED', error.message)
    throw error
  }
}

function readCheckpoint(text: string): Outcome<Checkpoint> {
  const json = readJson(text)
  return json.ok ? shapeOfCheckpoint(json.value) : json
}

interface Anchor {
  readonly header: BlockHeader
  readonly hash: string
  readonly certificate: Certificate
}

interface Chain {
  /** The newest block of the receipt. */
  readonly anchor: Anchor
  readonly setOfBlock: PartnerSet
  readonly sets: readonly PartnerSet[]
}

/** What signatures of a set are for: a set knows its epoch. */
function scopeOf(genesis: string, { epoch }: Pick<PartnerSet, 'epoch'>): Scope {
  return { genesis, epoch }
}

/** Follows the sets from the genesis to the block and to the newest block, and ties both into one history. */
function checkChain(genesis: string, founding: PartnerSet, receipt: Receipt): Chain {
  const newest = receipt.recent ?? receipt
  // Its hash shows the epoch of the last set; how it is certified is checked once that set is known.
  const anchor = anchorOf(scopeOf(genesis, receipt.set), newest)
  if (receipt.recent !== null) {
    must(receipt.header.height < anchor.header.height, 'the recent block is not newer than the block of the record')
  }
  let set = founding
  const sets = [founding]
  let setOfBlock: PartnerSet | null = null
  let before = 0
  for (const step of stepsOf(receipt)) {
    const { height } = step
    must(
      height > before || (height === before && 'document' in step),
      'the changes of the partner set are out of order'
    )
    must(height < anchor.header.height, 'a change of the partner set is not older than the newest block')
    before = height
    if (setOfBlock === null && height >= receipt.header.height) setOfBlock = set
    const scope = scopeOf(genesis, set)
    set = 'document' in step ? setAfterRecovery(scope, set, anchor, step) : setAfterChange(scope, set, anchor, step)
    sets.push(set)
  }
  must(partnerSetText(set) === partnerSetText(receipt.set), 'the partner set is not the one that follows')
  setOfBlock ??= set
  mustBeCertified(scopeOf(genesis, set), set, anchor)
  if (receipt.recent !== null) {
    const scope = scopeOf(genesis, setOfBlock)
    const block = anchorOf(scope, receipt)
    mustBeInHistory(block.hash, block.header.height, anchor, receipt.recent.path, 'the block of the record')
    mustBeCertified(scope, setOfBlock, block)
  }
  return { anchor, setOfBlock, sets }
}

function anchorOf(scope: Scope, { header, certificate }: Pick<Anchor, 'header' | 'certificate'>): Anchor {
  return { header, hash: blockHash(scope, headerText(header)), certificate }
}

type Step = ({ readonly height: number } & SetChange) | ({ readonly height: number } & PassedRecovery)

/** What brought other sets into force, in the order of the chain. */
function stepsOf({ changes, recoveries = [] }: Receipt): Step[] {
  const steps: Step[] = changes.map((change) => ({ ...change, height: change.header.height }))
  for (const recovery of recoveries) {
    const step = { ...recovery, height: recovery.document.height }
    // Behind the change of its own block, before those of the epoch that it begins.
    const at = steps.findIndex(({ height }) => height > step.height)
    steps.splice(at < 0 ? steps.length : at, 0, step)
  }
  return steps
}

function setAfterChange(
  scope: Scope,
  set: PartnerSet,
  anchor: Anchor,
  change: SetChange & { height: number }
): PartnerSet {
  const { height } = change
  const block = anchorOf(scope, change)
  mustBeCertified(scope, set, block)
  mustBeInHistory(block.hash, height, anchor, change.path, `the change at height ${height}`)
  must(change.header.nextPartners !== change.header.partners, `the block at height ${height} changes nothing`)
  must(partnerSetHash(scope, change.set) === change.header.nextPartners, `the set at height ${height} is another`)
  return change.set
}

function setAfterRecovery(scope: Scope, set: PartnerSet, anchor: Anchor, recovery: PassedRecovery): PartnerSet {
  const { document, path } = recovery
  const problem = recoveryProblem(scope, set, recovery)
  must(problem === null, `the recovery behind block ${document.height}: ${problem}`)
  mustBeInHistory(document.head, document.height, anchor, path, 'the block before the recovery')
  const hash = partnerSetHash(scopeOf(scope.genesis, document), recovery.set)
  must(hash === document.partners, `the set of epoch ${document.epoch} is another`)
  return recovery.set
}

function mustBeCertified(scope: Scope, set: PartnerSet, block: Anchor): void {
  const { height, partners } = block.header
  must(partners === partnerSetHash(scope, set), `block ${height} names another partner set`)
  mustBeNull(checkCertificate(scope, set, block.certificate, { height, block: block.hash }), `block ${height}`)
}

function mustBeInHistory(hash: string, height: number, anchor: Anchor, path: readonly string[], what: string): void {
  const root = rootFromPath(leafOfHash(hash), height - 1, anchor.header.height - 1, path)
  must(root === anchor.header.history, `${what} is not in the history of block ${anchor.header.height}`)
}

/** Whoever recovered the network decided alone who goes on: nobody can prove that the others were lost. */
function trustInRecoveries({ recoveries = [] }: Receipt): string {
  return recoveries
    .map(({ document: { epoch, height, lost, signers } }) => {
      return (
        ` It crosses the recovery of epoch ${epoch} behind block ${height}: ${signers.join(', ')} declared ` +
        `${lost.join(', ')} lost and went on alone, and all later blocks rest on their word for that.`
      )
    })
    .join('')
}

function trustOf(receipt: Receipt, chain: Chain, checkpoint: Checkpoint | null): string {
  const scope = scopeOf(receipt.genesis, receipt.set)
  const { height } = chain.anchor.header
  const needed = quorumOfSet(receipt.set)
  const signers = chain.anchor.certificate.votes.map((vote) => vote.voter).join(', ')
  if (checkpoint === null) {
    return (
      `It rests on the genesis file, and on ${needed} of these partners having been honest and having kept their keys ` +
      `to themselves until today: ${signers} (block ${height}). A checkpoint from a partner you trust removes the second.` +
      trustInRecoveries(receipt)
    )
  }
  must(checkpoint.genesis === scope.genesis, 'the checkpoint belongs to another network')
  must(
    height >= checkpoint.height,
    `the receipt ends at block ${height}, before the checkpoint at ${checkpoint.height}: ask for a fresh receipt`
  )
  if (height === checkpoint.height) must(chain.anchor.hash === checkpoint.hash, 'the checkpoint names another block')
  else mustBeCertified(scope, checkpoint.set, chain.anchor)
  return (
    `It rests on your checkpoint at block ${checkpoint.height}, and on ${needed} of the partners it names having been ` +
    `honest: ${signers} (block ${height}).` +
    trustInRecoveries(receipt)
  )
}

/** The record, its place in batch and block, and what was decided. */
function checkContent(scope: Scope, receipt: Receipt, set: PartnerSet): Omit<ReceiptStatement, 'trust'> {
  const { batch, header, index, position } = receipt
  const recordRoot = rootFromPath(leafHash(receipt.record), index, batch.count, receipt.recordPath)
  must(recordRoot === batch.root, 'the record is not in the batch')
  const author = partnerOf(set, batch.author)
  must(author !== undefined, `${batch.author} is no partner`)
  must(batch.incarnation <= author.incarnation, 'the batch is of an incarnation that is still to come')
  must(batchIsSigned(scope, { header: batch, signature: receipt.signature }, author.key), 'the batch is not signed')
  const leaf = leafOfHash(batchHash(scope, batch))
  const batchRoot = rootFromPath(leaf, position, header.batches.count, receipt.batchPath)
  must(batchRoot === header.batches.root, 'the batch is not in the block')
  const verdict = verdictOf(receipt)
  const body = readRecord(receipt.record, receipt.record.length * 4)
  return {
    recordId: recordId(batch.author, batch.sequence, index),
    object: body.ok ? body.value.object : '',
    author: batch.author,
    data: body.ok ? body.value.data : {},
    ...(body.ok && body.value.amends !== undefined ? { amends: body.value.amends } : {}),
    ...verdict,
    height: header.height,
    time: header.time,
    endorsers: receipt.certificate.votes.map((vote) => vote.voter)
  }
}

type Decided = Pick<ReceiptStatement, 'status' | 'code' | 'rule'>

function verdictOf(receipt: Receipt): Decided {
  const { header, index, position, verdictIndex } = receipt
  const leaf = canonicalText(receipt.verdict as Json)
  const root = rootFromPath(leafHash(leaf), verdictIndex, header.verdicts.count, receipt.verdictPath)
  must(root === header.verdicts.root, 'the verdict is not in the block')
  const [batch, place, status, code, rule] = receipt.verdict
  must(batch === position && place === index, 'the verdict is that of another record')
  if (status === 'accepted') {
    must(leaf === verdictLeaf(position, index, null), 'the verdict is malformed')
    return { status }
  }
  must(status === 'refused' && typeof code === 'string' && typeof rule === 'string', 'the verdict is malformed')
  return rule === '' ? { status, code } : { status, code, rule }
}
