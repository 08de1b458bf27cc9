import { signer } from '../../src/base/crypto.js'
import { BrokenPromise } from './broken-promise.js'
import { checkAcknowledged, checkNothingLost, checkNoVainRejoin } from './check-answers.js'
import { checkBounds } from './check-bounds.js'
import { checkAgreement, checkLinks, checkResults } from './check-chain.js'
import { checkEvidence, EVIDENCE_MAX } from './check-evidence.js'
import { checkReceipts } from './check-receipts.js'
import { replay } from './check-records.js'
import { checkOldEpoch, checkRecovery } from './check-recovery.js'
import { type Scenario, scenarioOf } from './scenario.js'
import { type SimulatedNetwork, simulatedNetwork, textOf } from './simulated-network.js'
import { signer as standInSigner } from './stand-in-crypto.js'
import { createTrace, NO_TRACE } from './trace.js'
import { turnByTurn } from './turn-by-turn.js'
import { virtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'
import type { Submission } from './workload.js'

/** How often it is looked whether all have caught up, and whether nobody holds too much, milliseconds of virtual time. */
const LOOK_MS = 250
const BOUNDS_MS = 1_500

/** More than a run of many rounds takes; a run that never ends is a fault too. */
const EVENTS_MAX = 2_000_000

/** Virtual milliseconds for records that make a chain longer which was short. */
const LENGTHEN_MS = 120_000

/** Records that each partner appends once all trouble is over. */
const APPENDS_AFTER = 5

/** Records of which a receipt is made and verified. */
const RECEIPTS = 2

export interface Simulated {
  readonly scenario: Scenario
  /** What did not come from the seed, and whether signatures were real: with these it can be run again. */
  readonly set: Partial<Scenario>
  readonly isReal: boolean
  /** What was broken first; null when everything held. */
  readonly broken: BrokenPromise | null
  readonly height: number
  readonly acknowledged: number
  readonly refused: number
  readonly messages: number
  readonly events: number
  readonly crashes: number
  /** Disks that have lost something. */
  readonly losses: number
  readonly roundMax: number
  /** Lies that stand in the chain, and those that had to. */
  readonly evidence: number
  readonly lies: number
  /** Changes of the partners that were agreed on. */
  readonly changes: number
  /** Newest version of the network that was in force; 0 where the run is not about that. */
  readonly version: number
  /** Virtual milliseconds from the end of trouble until all were equal. */
  readonly convergedMs: number
  /** Empty where nobody took the trace. */
  readonly traceHash: string
  readonly tail: readonly string[]
}

/**
 * Runs a whole network of the real code under one seed: virtual clock, network and disks, then trouble, then none, then
 * the checks. The same seed and code give the same trace.
 * @param print takes each line of the trace; without it only a run that breaks a promise has one, as it is run once more
 */
export async function simulate(
  seed: number,
  set: Partial<Scenario> = {},
  print?: (line: string) => void
): Promise<Simulated> {
  const result = await simulateOnce(seed, set, print)
  if (result.broken === null || print !== undefined) return result
  const again = await simulateOnce(seed, set, () => {})
  return again.broken === null ? { ...result, tail: ['run once more it broke nothing'] } : again
}

async function simulateOnce(
  seed: number,
  set: Partial<Scenario>,
  print: ((line: string) => void) | undefined
): Promise<Simulated> {
  const scenario = scenarioOf(seed, set)
  const clock = virtualClock()
  const trace = print === undefined ? NO_TRACE : createTrace(clock.now, print)
  let broken: BrokenPromise | null = null
  let events = 0
  const breaks = (promise: string, why: unknown): void => {
    broken ??= why instanceof BrokenPromise ? why : new BrokenPromise(promise, textOf(why))
  }
  const network = simulatedNetwork(scenario, { clock, trace, breaks })
  const { partners, honest, lasting } = network

  /** Lets one thing happen; what follows from it at once is still to come. */
  function happen(): boolean {
    if (broken !== null || events >= EVENTS_MAX) return false
    events++
    try {
      return clock.next()
    } catch (error) {
      breaks('no node stops by itself', error)
      return true
    }
  }

  async function runUntil(isEnough: () => boolean): Promise<void> {
    await turnByTurn(() => !isEnough() && happen())
    if (broken !== null) throw broken
  }

  function watchBounds(): void {
    for (const partner of honest) checkBounds(partner, partners.length)
    clock.plan(BOUNDS_MS, watchBounds)
  }

  async function run(): Promise<Found & { convergedMs: number }> {
    network.begin()
    watchBounds()
    clock.plan(scenario.healMs, () => {})
    await runUntil(() => clock.now() >= scenario.healMs)
    if (heightOf(honest) > network.heightMax()) {
      const why = `block ${heightOf(honest)} with ${scenario.silent} silent`
      throw new BrokenPromise('no commit without a quorum', why)
    }
    network.heal()
    const end = scenario.healMs + scenario.budgetMs
    let isAnswered = appendMore(network, APPENDS_AFTER)
    let isQuiet = false
    let convergedMs = Number.NaN
    const look = (): void => {
      const isOver =
        network.changing.isOver(lasting) && network.changingFiles.isOver(lasting) && network.recovering.isOver()
      const isEqual = isAnswered() && isConverged(lasting) && isOver
      if (isEqual && Number.isNaN(convergedMs)) convergedMs = clock.now() - scenario.healMs
      const isLong = heightOf(lasting) >= scenario.heightsMin
      if (isEqual && !isLong) isAnswered = appendMore(network, 1)
      isQuiet = isEqual && isLong && isAllWritten(network)
      if (!isQuiet) clock.plan(LOOK_MS, look)
    }
    look()
    // A chain that is to be longer has its own time for that, once all were equal.
    const last = (): number => (Number.isNaN(convergedMs) || scenario.heightsMin === 0 ? end : end + LENGTHEN_MS)
    await runUntil(() => isQuiet || clock.now() >= last())
    if (Number.isNaN(convergedMs) || heightOf(lasting) < scenario.heightsMin || !isAnswered())
      throw new BrokenPromise('convergence', stuckText(partners, clock.now()))
    const found = await check(network)
    return { convergedMs, ...found }
  }

  // Else it would end the process, and nobody would know which seed it was.
  const onRejection = (error: unknown): void => breaks('no failure goes unheard', error)
  process.on('unhandledRejection', onRejection)
  let ended = { convergedMs: Number.NaN, evidence: 0, lies: 0, changes: 0 }
  try {
    ended = await run()
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error
    breaks('', error)
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  for (const partner of partners) partner.crash()
  const decided = network.submissions().filter((submission) => submission.decided !== null)
  return {
    scenario,
    set,
    isReal: signer !== standInSigner,
    broken,
    height: heightOf(honest),
    acknowledged: decided.length,
    refused: decided.filter((submission) => submission.decided?.refusal !== null).length,
    messages: network.sent(),
    events,
    version: network.version(),
    ...network.figures,
    ...ended,
    traceHash: trace.hash(),
    tail: trace.tail()
  }
}

/** What the chain tells in the end. */
interface Found {
  readonly evidence: number
  readonly lies: number
  readonly changes: number
}

/** Lies that were seen by somebody who can still write. */
function placesSeen({ contradictions, lasting }: SimulatedNetwork): ReadonlySet<string> {
  return contradictions.places((by) => lasting.includes(by))
}

/** What must hold in the end, worked out from what lies on the disks and what the users were told. */
async function check(network: SimulatedNetwork): Promise<Found> {
  const { founded, honest, lasting, liars, excused, changing, changingFiles, recovering } = network
  const recovered = recovering.document()
  const submissions = network.submissions()
  const survivors = honest.filter(({ id }) => !recovering.isLost(id))
  const disks = new Map(survivors.map(({ id, content }) => [id, content]))
  const longest = checkAgreement(disks)
  checkLinks(founded, longest, recovered?.height ?? Number.POSITIVE_INFINITY)
  if (recovered !== null) checkRecovery(founded, recovered, longest)
  checkResults(disks, longest)
  const { placed, evidence, changes, incarnations, isSettled } = replay(
    founded,
    longest,
    [...disks.values()],
    recovered
  )
  if (!isSettled && (changing.targets.size > 0 || changingFiles.isPlanned))
    throw new BrokenPromise('what was agreed is in force', 'not at the end of the chain')
  const orphaned = recovered === null ? new Set() : checkOldEpoch(network, recovered, longest)
  checkAcknowledged(
    submissions.filter((submission) => !orphaned.has(submission)),
    placed
  )
  const mayBeVoid = (id: string): boolean => {
    return changing.targets.has(id) || network.resynced.has(id) || network.lost.has(id)
  }
  checkNothingLost(
    submissions.filter(({ author }) => lasting.some(({ id }) => id === author)),
    placed,
    new Map([...incarnations].filter(([id]) => mayBeVoid(id)))
  )
  checkNoVainRejoin(new Map([...incarnations].filter(([id]) => disks.has(id) && !mayBeVoid(id))))
  const seen = placesSeen(network)
  checkEvidence(evidence, { liars, excused, seen })
  await checkReceipts(
    founded,
    lasting[0]!.replica!,
    submissions.filter((submission) => submission.decided !== null && !orphaned.has(submission)).slice(-RECEIPTS)
  )
  return { evidence: evidence.length, lies: seen.size, changes }
}

/** After the trouble everybody appends so many more, one after the other. Says whether all were answered. */
function appendMore({ lasting, submit }: SimulatedNetwork, count: number): () => boolean {
  const answered = new Map<VirtualPartner, number>()
  const open = new Map<VirtualPartner, Submission>()
  return () => {
    for (const partner of lasting) {
      const before = open.get(partner)
      if (before?.decided != null) {
        answered.set(partner, (answered.get(partner) ?? 0) + 1)
        open.delete(partner)
      }
      const isDone = (answered.get(partner) ?? 0) >= count || isUnderWay(partner, open.get(partner))
      const submission = isDone ? null : submit(partner)
      if (submission !== null) open.set(partner, submission)
    }
    return lasting.every((partner) => (answered.get(partner) ?? 0) >= count)
  }
}

/** Whether an answer is to be expected: not by a node that fell, and not where it had to rejoin. */
function isUnderWay({ life }: VirtualPartner, submission: Submission | undefined): boolean {
  return submission !== undefined && !submission.isVoid && submission.life === life
}

function heightOf(partners: readonly VirtualPartner[]): number {
  return Math.max(...partners.map(({ content }) => content.blocks.length))
}

function isConverged(lasting: readonly VirtualPartner[]): boolean {
  return lasting.every(({ replica, content }) => replica !== null && content.blocks.length === heightOf(lasting))
}

/** Whether every lie that was seen stands in the chain; a few that were too many need not. */
function isAllWritten(network: SimulatedNetwork): boolean {
  const { state } = network.lasting[0]!.content
  return [...placesSeen(network)].every((place) => state.has(`e:${place}`) || isFull(state, place))
}

function isFull(state: ReadonlyMap<string, { readonly text: string }>, place: string): boolean {
  const [partner, incarnation] = place.split('/')
  return Number(state.get(`e:${partner}/${incarnation}`)?.text ?? 0) >= EVIDENCE_MAX
}

function stuckText(partners: readonly VirtualPartner[], nowMs: number): string {
  const where = partners.map(({ id, content, replica }) => {
    return `${id} at h${content.blocks.length}${replica === null ? ' down' : ` r${replica.round}`}`
  })
  return `at ${Math.round(nowMs)} ms: ${where.join(', ')}`
}
