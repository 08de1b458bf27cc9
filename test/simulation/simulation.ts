import { faultsOf } from '../../src/ledger/quorum.js'
import type { PeerMessage, PullResponse } from '../../src/node/peers.js'
import { BrokenPromise, checkNothingLost, checkSafety, type Ended } from './checks.js'
import { injectFaults } from './fault-injection.js'
import { createLiar } from './liar.js'
import { type Scenario, scenarioOf } from './scenario.js'
import { createSignatureWatch } from './signature-watch.js'
import { simulatedGenesis } from './simulated-genesis.js'
import { createTrace } from './trace.js'
import { seededRandom, virtualClock } from './virtual-clock.js'
import { virtualNetwork } from './virtual-network.js'
import { type VirtualPartner, virtualPartner } from './virtual-partner.js'
import { createWorkload, type Submission } from './workload.js'

/** How often it is looked whether all have caught up, milliseconds of virtual time. */
const LOOK_MS = 250

/** More than a run of many rounds takes; a run that never ends is a fault too. */
const EVENTS_MAX = 2_000_000

export interface Simulated {
  readonly scenario: Scenario
  /** What was broken first; null when everything held. */
  readonly broken: BrokenPromise | null
  readonly height: number
  readonly acknowledged: number
  readonly refused: number
  readonly messages: number
  readonly events: number
  readonly crashes: number
  readonly roundMax: number
  /** Virtual milliseconds from the end of trouble until all were equal. */
  readonly convergedMs: number
  readonly traceHash: string
  readonly tail: readonly string[]
}

/**
 * Runs a whole network of the real code under one seed: virtual clock, network and disks, then trouble, then none, then
 * the checks. The same seed and code give the same trace.
 * @param print takes each line of the trace
 */
export async function simulate(
  seed: number,
  set: Partial<Scenario> = {},
  print?: (line: string) => void
): Promise<Simulated> {
  const scenario = scenarioOf(seed, set)
  const founded = simulatedGenesis(scenario.voters, scenario.observers, scenario.quorum)
  const random = seededRandom(seed ^ 0x5eed)
  const clock = virtualClock()
  const trace = createTrace(clock.now, print)
  const ids = [...founded.voters, ...founded.observers]
  const lying = new Set(founded.voters.slice(0, scenario.liars))
  const liars = new Map([...lying].map((id) => [id, createLiar(id, founded, random)]))
  let broken: BrokenPromise | null = null
  let events = 0
  let crashes = 0
  let roundMax = 0

  const breaks = (promise: string, why: unknown): void => {
    broken ??= why instanceof BrokenPromise ? why : new BrokenPromise(promise, textOf(why))
  }
  /** Also what was on a disk that is lost now. */
  const hashes = new Map<number, string>()
  function committed(partner: string, height: number, hash: string): void {
    const before = hashes.get(height) ?? hash
    hashes.set(height, before)
    if (before !== hash) breaks('agreement', `${partner} commits ${hash} at ${height}, somebody else ${before}`)
  }
  const watch = createSignatureWatch(lying, (why) => breaks('nobody contradicts itself', why))
  const network = virtualNetwork({
    random,
    trace,
    ids,
    delayMs: scenario.delayMs,
    wire: scenario.wire,
    liars,
    onSend(from: string, message: PeerMessage | PullResponse) {
      if (!lying.has(from)) watch.sent(message)
      if (message.type === 'vote') roundMax = Math.max(roundMax, message.vote.round)
      if (message.type === 'vote') faults.sending(from, message.vote.kind, message.vote.block === null)
      else if (message.type === 'batch' || (message.type === 'proposal' && 'proposal' in message)) {
        faults.sending(from, message.type, false)
      }
    }
  })
  const partners = ids.map((id) =>
    virtualPartner({
      id,
      founded,
      clock,
      random,
      network,
      trace,
      timeouts: scenario.timeouts,
      skewMs: Math.floor((random() - 0.5) * 2 * scenario.skewMsMax),
      onCommitted(partner, { header, hash }) {
        trace.note(`${partner} commits h${header.height} ${hash.slice(0, 8)} of ${header.proposer}`)
        if (!lying.has(partner)) committed(partner, header.height, hash)
      },
      onFail: (partner, error) =>
        lying.has(partner) || breaks('no node stops by itself', `${partner}: ${textOf(error)}`)
    })
  )
  const honest = partners.filter(({ id }) => !lying.has(id))
  const faults = injectFaults({
    clock,
    network,
    partners,
    trace,
    onCrash() {
      crashes++
    },
    onWipe({ id }) {
      workload.lost(id)
      watch.forget(id)
    },
    onError: (error) => breaks('a node stops in order', error)
  })
  const workload = createWorkload({ clock, random, trace, founded })
  const ended: Ended = {
    founded,
    liars: lying,
    disks: new Map(honest.map(({ id, content }) => [id, content])),
    submissions: workload.submissions
  }
  const heightOf = (partner: VirtualPartner): number => partner.content.blocks.length
  const heightMax = (): number => Math.max(...honest.map(heightOf))

  /** Lets one thing happen, and everything that follows from it at once. */
  async function happen(): Promise<boolean> {
    if (broken !== null || events >= EVENTS_MAX) return false
    events++
    try {
      if (!clock.next()) return false
    } catch (error) {
      breaks('no node stops by itself', error)
    }
    await settled()
    return true
  }

  async function runUntil(isEnough: () => boolean): Promise<void> {
    while (!isEnough() && (await happen()));
    if (broken !== null) throw broken
  }

  function planWork(): void {
    const repeats = new Map<VirtualPartner, number>()
    for (let n = 0; n < scenario.records; n++) {
      clock.plan(random() * scenario.healMs, () => {
        const partner = honest[Math.floor(random() * honest.length)]!
        // Users who saw their node fall try again on the new one.
        if (partner.life > (repeats.get(partner) ?? 1)) {
          repeats.set(partner, partner.life)
          workload.repeat(partner)
        }
        workload.submit(partner)
      })
    }
  }

  /** After the trouble everybody appends once more, as soon as its node takes it. */
  function appendOnceMore(): () => boolean {
    const last = new Map<VirtualPartner, Submission>()
    return () => {
      for (const partner of honest) {
        const before = last.get(partner)
        if (before !== undefined) continue
        const submission = workload.submit(partner)
        if (submission !== null) last.set(partner, submission)
      }
      return last.size === honest.length && [...last.values()].every(({ decided }) => decided !== null)
    }
  }

  function isConverged(): boolean {
    return honest.every((partner) => partner.replica !== null && heightOf(partner) === heightMax())
  }

  async function run(): Promise<number> {
    for (const [index, partner] of partners.entries()) {
      if (index >= scenario.silent) clock.plan(random() * 500, () => partner.isDown && partner.start())
    }
    planWork()
    faults.plan(scenario.faults, (partner) => partners.indexOf(partner) < scenario.silent)
    clock.plan(scenario.healMs, () => {})
    await runUntil(() => clock.now() >= scenario.healMs)
    checkSafety(ended, false)
    if (scenario.silent > faultsOf(scenario.voters, scenario.quorum) && heightMax() > 0) {
      throw new BrokenPromise('no commit without a quorum', `block ${heightMax()} with ${scenario.silent} silent`)
    }
    faults.heal()
    const end = scenario.healMs + scenario.budgetMs
    const isAnswered = appendOnceMore()
    let isOver = false
    const look = (): void => {
      isOver = isAnswered() && isConverged()
      if (!isOver) clock.plan(LOOK_MS, look)
    }
    look()
    await runUntil(() => isOver || clock.now() >= end)
    if (!isOver) throw new BrokenPromise('convergence', stuckText(partners, clock.now()))
    checkSafety(ended, true)
    checkNothingLost(ended)
    return clock.now() - scenario.healMs
  }

  // Else it would end the process, and nobody would know which seed it was.
  const onRejection = (error: unknown): void => breaks('no failure goes unheard', error)
  process.on('unhandledRejection', onRejection)
  let convergedMs = Number.NaN
  try {
    convergedMs = await run()
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error
    breaks('', error)
  } finally {
    process.off('unhandledRejection', onRejection)
  }
  for (const partner of partners) partner.crash()
  const decided = workload.submissions.filter((submission) => submission.decided !== null)
  return {
    scenario,
    broken,
    height: heightMax(),
    acknowledged: decided.length,
    refused: decided.filter((submission) => submission.decided?.refusal !== null).length,
    messages: network.sent,
    events,
    crashes,
    roundMax,
    convergedMs,
    traceHash: trace.hash(),
    tail: trace.tail()
  }
}

/** Everything that follows at once has happened: promises, and what puts itself off to the next turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function stuckText(partners: readonly VirtualPartner[], nowMs: number): string {
  const where = partners.map(({ id, content, replica }) => {
    return `${id} at h${content.blocks.length}${replica === null ? ' down' : ` r${replica.round}`}`
  })
  return `at ${Math.round(nowMs)} ms: ${where.join(', ')}`
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
