import { composeRecovery, type RecoveryDocument, recoveryProblemAt } from '../../src/ledger/recovery.js'
import { groundOf } from '../../src/node/recovery-sign.js'
import { isDecidedAbove } from './check-recovery.js'
import type { Scenario } from './scenario.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { Trace } from './trace.js'
import { seededRandom, type VirtualClock } from './virtual-clock.js'
import type { VirtualNetwork } from './virtual-network.js'
import type { VirtualPartner } from './virtual-partner.js'
import { chainAt, objectionOf, signVirtually } from './virtual-recoveries.js'

/** Longest that is waited for one of the lost to have a block that no survivor has, milliseconds. */
const AHEAD_MS = 3_000

/** Milliseconds between two looks of the operators, and until they try again what was refused. */
const LOOK_MS = 500
const AGAIN_MS = 2_000

/** Milliseconds for which homes that have signed may run before the recovery is applied. */
const REST_MS = 6_000

/** What is signed of an epoch is a line with its tag and the epoch, then JSON. */
const OF_EPOCH = /^ledger\/(?:vote|proposal|batch)\/\d+ \S+ (\d+)\n/

export interface RecoveringOptions {
  readonly scenario: Scenario
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly founded: SimulatedGenesis
  readonly network: VirtualNetwork
  readonly partners: readonly VirtualPartner[]
  readonly breaks: (promise: string, why: unknown) => void
}

/**
 * The quorum is lost for good: what the operators of the survivors do about it, with the code of the commands. Has its own
 * random numbers; where nothing is planned it does nothing.
 */
export function createRecovering(options: RecoveringOptions) {
  const { scenario, clock, trace, founded, network, partners, breaks } = options
  const plan = scenario.recovery
  const random = seededRandom(scenario.seed ^ 0x2ec1)
  const lost = new Set((plan?.lost ?? []).map((index) => founded.voters[index]!))
  const survivors = partners.filter(({ id }) => !lost.has(id))
  const voters = survivors.filter(({ id }) => founded.voters.includes(id))
  const back = new Set<VirtualPartner>()
  const quorum = Math.floor((2 * founded.voters.length) / 3) + 1
  let areGone = false
  /** Whether the operators hold the survivors' nodes down. */
  let isHeld = false
  let document: RecoveryDocument | null = null
  let isApplied = false

  const heightOf = ({ content }: VirtualPartner): number => content.blocks.length
  const homeOf = ({ id, disk }: VirtualPartner) => ({ self: id, disk, founded })

  /** What the lost say decides nothing for the survivors any more: one of them then has the next block alone. */
  function hideVotes(): void {
    if (survivors.every((partner) => heightOf(partner) === 0)) {
      clock.plan(LOOK_MS, hideVotes)
      return
    }
    for (const from of lost) for (const { id } of survivors) network.link(from, id).deaf.precommit++
    clock.plan(AHEAD_MS, fall)
  }

  function fall(): void {
    if (areGone) return
    // Without any block there is nothing to recover.
    if (voters.every((partner) => heightOf(partner) === 0)) {
      clock.plan(LOOK_MS, fall)
      return
    }
    areGone = true
    trace.note(`${[...lost].join()} are lost`)
    for (const partner of partners) if (lost.has(partner.id)) partner.crash()
  }

  function release(): void {
    isHeld = false
    for (const partner of survivors)
      clock.plan(random() * 500, () => mayRun(partner) && partner.isDown && partner.start())
  }

  /** Mostly the operators let the survivors come to one height first. */
  function look(isHasty = random() < 0.3): void {
    const areUp = survivors.every(({ replica }) => replica !== null)
    const areLevel = survivors.every((partner) => heightOf(partner) === heightOf(survivors[0]!))
    if (areGone && areUp && (areLevel || isHasty)) void hold(consult)
    else clock.plan(LOOK_MS, () => look(isHasty))
  }

  /** Stops all survivors, some of them hard, and goes on when they are down. */
  async function hold(next: () => void): Promise<void> {
    isHeld = true
    await Promise.all(
      survivors.map(async (partner) => {
        if (random() < 0.5) await partner.stop().catch(() => {})
        partner.crash()
      })
    )
    clock.plan(random() * LOOK_MS, next)
  }

  /** Nobody signs before all have said that they will. */
  function consult() {
    const [highest] = [...voters].sort((a, b) => heightOf(b) - heightOf(a))
    const { disk, recoveries } = highest!
    const composed = composeRecovery(groundOf(chainAt(founded, disk.look().store, recoveries)), [...lost])
    if (!composed.ok) return tryAgain(composed.refusal.message)
    const { value } = composed
    const above = survivors.find((partner) => heightOf(partner) > value.height)
    if (above !== undefined) return tryAgain(`${above.id} has a later block`)
    for (const partner of voters) {
      const objection = objectionOf(homeOf(partner), partner.recoveries, value)
      if (objection !== null) return tryAgain(`${partner.id}: ${objection}`)
    }
    sign(value)
  }

  function tryAgain(why: string): void {
    trace.note(`no recovery yet: ${why}`)
    release()
    clock.plan(AGAIN_MS, look)
  }

  function sign(signed: RecoveryDocument): void {
    document = signed
    const signatures = voters.map((partner) => {
      if (isDecidedAbove(partner.disk.look().entries, signed.height, quorum))
        breaks('no recovery is below what a signer has seen decided', `${partner.id} at ${signed.height}`)
      return signVirtually(homeOf(partner), partner.recoveries, signed)
    })
    trace.note(`${voters.map(({ id }) => id).join()} have signed a recovery at h${signed.height}`)
    const apply = (): void => {
      for (const { id, disk, recoveries } of voters) {
        const problem = recoveryProblemAt(groundOf(chainAt(founded, disk.look().store, recoveries)), {
          document: signed,
          signatures
        })
        if (problem !== null) breaks('what all survivors have signed holds', `${id}: ${problem}`)
        recoveries.known.push({ document: signed, signatures })
      }
      isApplied = true
      release()
    }
    if (random() < 0.5) {
      apply()
      return
    }
    // Their nodes run meanwhile, and must sign nothing.
    release()
    const stopAll = (): void => {
      if (survivors.every(({ replica }) => replica !== null)) void hold(apply)
      else clock.plan(LOOK_MS, stopAll)
    }
    clock.plan(REST_MS * random(), stopAll)
  }

  /** One of the lost comes back with its old disk, once the others have gone on. */
  function comeBack(): void {
    if (!isApplied) {
      clock.plan(LOOK_MS, comeBack)
      return
    }
    const partner = partners.find(({ id }) => lost.has(id))!
    back.add(partner)
    trace.note(`${partner.id} turns up again`)
    if (partner.isDown) partner.start()
  }

  function mayRun(partner: VirtualPartner): boolean {
    if (lost.has(partner.id)) return !areGone || back.has(partner)
    return !isHeld
  }

  return {
    mayRun,
    isLost: (id: string): boolean => lost.has(id),
    /** What the survivors have signed; null where there was nothing to recover. */
    document: (): RecoveryDocument | null => document,
    /** Whether the new epoch has begun, and whoever has come back knows of it. */
    isOver(): boolean {
      if (plan === null) return true
      return (
        isApplied &&
        (plan.returnMs === null || back.size > 0) &&
        [...back].every(({ recoveries }) => recoveries.known.length > 0)
      )
    },
    begin(): void {
      if (plan === null) return
      clock.plan(plan.lostMs, random() < 0.7 ? hideVotes : fall)
      clock.plan(plan.operatorsMs, look)
      if (plan.returnMs !== null) clock.plan(plan.returnMs, comeBack)
    },
    onCommitted(partner: VirtualPartner, height: number): void {
      if (plan === null) return
      const isAhead = lost.has(partner.id) && survivors.every((each) => heightOf(each) < height)
      if (isAhead && !areGone && clock.now() > plan.lostMs) clock.plan(0, fall)
      const epoch = partner.replica?.chain.scope.epoch
      if (document === null || epoch !== 0 || height <= document.height) return
      if (!lost.has(partner.id) || height > document.height + 1)
        breaks('the old epoch is over', `${partner.id} commits block ${height}, behind ${document.height}`)
    },
    /** Who has signed a recovery, or knows one, signs nothing of the epoch before it. */
    onSign({ id, recoveries }: VirtualPartner, bytes: string): void {
      if (recoveries.known.length + recoveries.signed.length === 0) return
      const epoch = OF_EPOCH.exec(bytes)?.[1]
      if (epoch === '0') breaks('nobody signs in an epoch that is over', `${id} signs ${bytes.split(' ')[0]}`)
    }
  }
}

export type Recovering = ReturnType<typeof createRecovering>
