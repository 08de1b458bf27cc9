import { canonicalText } from '../base/canonical.js'
import { sha256Hex } from '../base/crypto.js'
import { assertInvariant } from '../base/errors.js'
import { recordId } from '../base/ids.js'
import type { Json } from '../base/json.js'
import { allAtOnce, type Steps } from '../base/steps.js'
import type { Scope } from '../base/tagged.js'
import { taggedBytes } from '../base/tagged.js'
import { type AuthorSequence, authorSequence, authorSequenceEntry, sequenceKey } from './author-sequence.js'
import type { BatchHeader } from './batch.js'
import type { BatchRecords } from './batch-records.js'
import type { CountedRoot } from './block.js'
import { CHARGES_KEY, chargesEntry, chargesIn } from './charges.js'
import { EARLY_KEY, isEarly } from './early-chain.js'
import type { Genesis } from './genesis.js'
import { settleGovernance } from './governance-settle.js'
import type { BlockTime } from './judge.js'
import { settleApproval } from './keep-record.js'
import { MEMBERSHIP_KEY, membershipEntry, membershipIn, setKey } from './membership.js'
import type { Model } from './model.js'
import { areModelsSettling, MODELS_KEY, type Models, modelKey, modelsEntry, modelsIn } from './model-state.js'
import { foundingVersion, VERSION_KEY, versionsEntry, versionsIn } from './network-version.js'
import {
  foundingSet,
  type Partner,
  type PartnerSet,
  partnerOf,
  partnerSetText,
  takesPart,
  votersOf
} from './partner-set.js'
import { nextCharges, proposerOrder } from './proposer-order.js'
import { recordUnder } from './record.js'
import { type HistoryEntry, type RecordRun, runRecord, startRecordRun } from './record-run.js'
import { recordInVersion } from './record-version.js'
import { type Recovery, setOfRecovery } from './recovery.js'
import { recoveryEntry, recoveryKey, recoveryLine } from './recovery-state.js'
import type { StateReader, StateWrite } from './state.js'
import { judgeSystem } from './system-judge.js'
import type { SystemRecord } from './system-record.js'
import { type Verdict, verdictRoot } from './verdict.js'
import { agreedByAll } from './version-agreement.js'

/** What is in force when a block is executed. */
export interface Rulebook {
  readonly scope: Scope
  /** In force at this height. */
  readonly model: Model
  /** The same, and the one in force from the next height on. */
  readonly models: Models
  /** In force at this height. */
  readonly partners: PartnerSet
  /** In force from the next height on. */
  readonly nextPartners: PartnerSet
  /** Version of the network in force at this height, by which it is judged. */
  readonly version: number
  /** In force from the next height on. */
  readonly nextVersion: number
  /** Whether the first change of the partners is to be judged as one of an early chain; later ones follow it. */
  readonly early?: boolean
  /** Given for the first block of an epoch: what begins it. */
  readonly recovery?: Recovery
}

/** What a genesis puts in force. */
export interface Founding {
  readonly partners: PartnerSet
  readonly version: number
}

export function foundingOf(genesis: Genesis): Founding {
  return { partners: foundingSet(genesis), version: foundingVersion(genesis) }
}

/**
 * What is in force for the block after a state.
 * @param scope of any epoch: that of the state follows from its partner set
 * @param model of the genesis
 * @param founding of the genesis
 * @param recovery one that holds at this place, and begins the next epoch with this block
 */
export function rulebookAfter(
  { genesis }: Scope,
  model: Model,
  founding: Founding,
  state: StateReader,
  recovery: Recovery | null = null
): Rulebook {
  const { now, next } = membershipIn(state, founding.partners)
  const models = modelsIn(state, model)
  const versions = versionsIn(state, founding.version)
  const settings = { model: models.now.model, models, version: versions.now, nextVersion: versions.next }
  if (recovery === null) return { scope: { genesis, epoch: now.epoch }, ...settings, partners: now, nextPartners: next }
  const set = setOfRecovery(next, recovery.document)
  return { scope: { genesis, epoch: set.epoch }, ...settings, partners: set, nextPartners: set, recovery }
}

/** Point 8: whether something is decided and not in force, or an epoch begins, so that blocks may be empty. */
export function isSettling({ models, partners, nextPartners, version, nextVersion, recovery }: Rulebook): boolean {
  const isChanging = partners !== nextPartners || version !== nextVersion || recovery !== undefined
  return isChanging || areModelsSettling(models)
}

/** A batch whose structure, root and signature are right, with its records, checked under the model that was in force when it came or was read. */
export interface CheckedBatch {
  readonly header: BatchHeader
  readonly hash: string
  readonly records: BatchRecords
}

export interface Execution {
  /** By batch and record. */
  readonly verdicts: readonly (readonly Verdict[])[]
  readonly verdictRoot: CountedRoot
  readonly resultHash: string
  /** The last entry of each key, in the order of execution. */
  readonly writes: readonly StateWrite[]
  readonly entries: readonly HistoryEntry[]
}

/**
 * Why these batches may not stand in a block after this state, or null: each author's batches must be contiguous, in
 * sequence order, from the next sequence in state, and of the author's incarnation.
 */
export function batchOrderProblem(
  rulebook: Rulebook,
  state: StateReader,
  batches: readonly { readonly header: BatchHeader }[]
): string | null {
  const next = new Map<string, AuthorSequence>()
  let before = ''
  for (const { header } of batches) {
    const { author, incarnation, sequence } = header
    const partner = partnerOf(rulebook.partners, author)
    if (partner === undefined) return `${author} is no partner`
    if (!takesPart(partner)) return `${author} is ${partner.state}`
    if (author !== before && next.has(author)) return `the batches of ${author} do not stand together`
    before = author
    const expected = next.get(author) ?? authorSequence(state, author)
    if (incarnation !== partner.incarnation) return `batch ${author}/${sequence} is of incarnation ${incarnation}`
    if (sequence !== expected.next) return `batch ${author}/${sequence} stands where ${expected.next} is next`
    next.set(author, { incarnation, next: sequence + 1 })
  }
  return null
}

/** Most records that are judged in one step. */
const STEP_RECORDS = 128

/**
 * Executes batches on a state: the same verdicts, writes and hashes on every machine. Pure: it changes nothing.
 * @param previousResult result hash of the block before; the genesis hash before block 1
 */
export function execute(...what: Parameters<typeof executeInSteps>): Execution {
  return allAtOnce(executeInSteps(...what))
}

/** The same in steps; meanwhile the state must stay as it is. */
export function* executeInSteps(
  rulebook: Rulebook,
  state: StateReader,
  previousResult: string,
  block: BlockOrigin,
  batches: readonly CheckedBatch[]
): Steps<Execution> {
  assertInvariant(batchOrderProblem(rulebook, state, batches) === null, 'batches are executed in order')
  const run = startRun(rulebook, state)
  settleRecovery(rulebook, run)
  const verdicts: (readonly Verdict[])[] = []
  for (const [position, batch] of batches.entries()) {
    if (position > 0) yield
    verdicts.push(yield* executeBatch(rulebook, run, block, batch, position))
  }
  settleProposals(run, block)
  settleMembership(rulebook, run, block)
  settleModels(rulebook, run, block)
  settleVersion(rulebook, run)
  settleCharges(rulebook, run, block, batches)
  return {
    verdicts,
    verdictRoot: verdictRoot(verdicts),
    resultHash: sha256Hex(taggedBytes('result', rulebook.scope, `${previousResult}\n${run.lines.join('')}`)),
    writes: run.writes(),
    entries: run.entries
  }
}

/** What a block says of itself before it is executed. */
export interface BlockOrigin extends BlockTime {
  /** Round of the block's first proposal. */
  readonly originRound: number
}

interface Run extends RecordRun {
  /** The partners with every change decided so far, in this block too. */
  latest: PartnerSet
  /** The same of the model and of the version. */
  latestModel: Model
  latestVersion: number
  /** How many proposals each partner has in this block so far. */
  readonly proposed: Map<string, number>
  /** Records so far. */
  judged: number
}

function startRun(rulebook: Rulebook, state: StateReader): Run {
  return {
    ...startRecordRun(state),
    latest: rulebook.nextPartners,
    latestModel: rulebook.models.next.model,
    latestVersion: rulebook.nextVersion,
    proposed: new Map(),
    judged: 0
  }
}

/** The first block of an epoch tells for ever what began it. */
function settleRecovery({ recovery, partners }: Rulebook, run: Run): void {
  if (recovery === undefined) return
  const key = recoveryKey(recovery.document.epoch)
  run.write(key, { text: recoveryEntry(recovery, partners) }, `${key} ${recoveryLine(recovery, partners)}\n`)
}

function* executeBatch(
  rulebook: Rulebook,
  run: Run,
  block: BlockTime,
  batch: CheckedBatch,
  position: number
): Steps<readonly Verdict[]> {
  const { author, incarnation, sequence } = batch.header
  const partner = partnerOf(rulebook.partners, author)
  assertInvariant(partner !== undefined, 'the author of an executed batch is a partner')
  const verdicts: Verdict[] = []
  for (const checked of batch.records) {
    const index = verdicts.length
    if (++run.judged % STEP_RECORDS === 0) yield
    const record = recordInVersion(rulebook.version, recordUnder(rulebook.model, checked))
    const { system } = record
    if (system === null) {
      verdicts.push(runRecord(run, partner, block, record, { batch: position, sequence, index }))
      continue
    }
    const verdict = executeSystem(rulebook, run, block, partner, system, recordId(author, sequence, index))
    run.entries.push({ object: system.object, key: '[]', batch: position, index, accepted: verdict === null })
    verdicts.push(verdict)
  }
  const next = { incarnation, next: sequence + 1 }
  run.write(sequenceKey(author), authorSequenceEntry(next), `${sequenceKey(author)} ${incarnation} ${next.next}\n`)
  return verdicts
}

/** Judges a record of the network about itself, and writes down what follows. */
function executeSystem(
  rulebook: Rulebook,
  run: Run,
  { height, time }: BlockTime,
  author: Partner,
  record: SystemRecord,
  id: string
): Verdict {
  const { model, partners, scope, version } = rulebook
  const { latest, latestModel, latestVersion } = run
  const decided = { latest, latestModel, latestVersion }
  const before = { proposedBefore: run.proposed.get(author.id) ?? 0, wordsBefore: run.words.get(author.id) ?? 0 }
  const place = { time, height, id, ...before }
  const ground = { scope, network: model.network, model, partners, version, ...decided, state: run, ...place }
  if (record.object === '_proposal') run.proposed.set(author.id, before.proposedBefore + 1)
  if (record.object === '_approve') run.words.set(author.id, before.wordsBefore + 1)
  const verdict = judgeSystem(ground, author, record)
  if (!verdict.ok) return verdict.refusal
  const { change, writes = [] } = verdict.effect
  if (change !== undefined) run.latest = change(run.latest)
  for (const { key, text } of writes) run.write(key, { text }, `${key} ${text}\n`)
  settleApproval(run, verdict.effect)
  return null
}

/** Open proposals are decided, and what passes is decided with them. */
function settleProposals(run: Run, { height, time }: BlockTime): void {
  const before = { model: run.latestModel, partners: run.latest, version: run.latestVersion }
  const { decided, writes } = settleGovernance({ state: run, height, time, decided: before })
  run.latest = decided.partners
  run.latestModel = decided.model
  run.latestVersion = decided.version
  for (const { key, text } of writes) run.write(key, { text }, `${key} ${text}\n`)
}

/**
 * The partner sets move on by one height; written down whenever they differ from what stands there. A set that was decided
 * in this block is also kept for good, under the height from which it is in force.
 */
function settleMembership(rulebook: Rulebook, run: Run, { height }: BlockTime): void {
  const { partners, nextPartners, recovery } = rulebook
  const { latest } = run
  if (partners === nextPartners && recovery === undefined && latest === nextPartners) return
  const entry = membershipEntry({ now: nextPartners, next: latest })
  run.write(MEMBERSHIP_KEY, entry, `${MEMBERSHIP_KEY} ${entry.text}\n`)
  if (latest === nextPartners) return
  const key = setKey(height + 2)
  const text = partnerSetText(latest)
  const early = rulebook.early === true || isEarly(run)
  run.write(key, { text }, early ? '' : `${key} ${text}\n`)
  if (early) run.write(EARLY_KEY, { text: '1' }, '')
}

/** The same for the models; a definition that was decided in this block is kept for good, as the partner sets are. */
function settleModels({ models }: Rulebook, run: Run, { height }: BlockTime): void {
  const { next } = models
  const isDecided = run.latestModel.hash !== next.model.hash
  if (!isDecided && !areModelsSettling(models)) return
  const latest = isDecided ? { from: height + 2, model: run.latestModel } : next
  const entry = modelsEntry({ now: next, next: latest })
  run.write(MODELS_KEY, entry, `${MODELS_KEY} ${entry.text}\n`)
  if (!isDecided) return
  const text = canonicalText(latest.model.network as unknown as Json)
  run.write(modelKey(latest.from), { text }, `${modelKey(latest.from)} ${text}\n`)
}

/**
 * The version moves on by one height, written down likewise. In version 1, which knows no proposals, it is raised when all
 * active partners agree to that by a mark among their addresses.
 */
function settleVersion({ version, nextVersion }: Rulebook, run: Run): void {
  if (run.latestVersion === 1) run.latestVersion = agreedByAll(run, run.latest)
  if (version === nextVersion && run.latestVersion === nextVersion) return
  const entry = versionsEntry({ now: nextVersion, next: run.latestVersion })
  run.write(VERSION_KEY, entry, `${VERSION_KEY} ${entry.text}\n`)
}

/** Who has to wait with proposing after this block (docs/formats.md, "Result hash"). */
function settleCharges(rulebook: Rulebook, run: Run, block: BlockOrigin, batches: readonly CheckedBatch[]): void {
  const before = chargesIn(run)
  const voters = votersOf(rulebook.partners).map((voter) => voter.id)
  const order = proposerOrder(block.height, voters, before)
  const batchAuthors = batches.map((batch) => batch.header.author)
  const charges = nextCharges(before, { originRound: block.originRound, order, batchAuthors })
  if (charges.join() === before.join()) return
  const entry = chargesEntry(charges)
  run.write(CHARGES_KEY, entry, `${CHARGES_KEY} ${entry.text}\n`)
}
