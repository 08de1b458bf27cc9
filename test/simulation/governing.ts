import { canonicalText } from '../../src/base/canonical.js'
import type { Json, JsonObject } from '../../src/base/json.js'
import type { GovernanceProposal } from '../../src/ledger/governance-state.js'
import { type Partner, partnerOf } from '../../src/ledger/partner-set.js'
import type { Chain } from '../../src/node/chain.js'
import type { PlannedChange } from './governance-plan.js'
import { openProposalsAt } from './open-proposals.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import { headOf, isGoverning, say, speakersOf } from './speakers.js'
import type { Trace } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/** Milliseconds between two looks of the operators at a change under way. */
const LOOK_MS = { min: 300, spread: 1_700 }

/** How long a proposal is open, in block time: as good as for ever; and so short that it expires first, now and then. */
const EXPIRES_MS = 3_600_000
const EXPIRES_SOON_MS = 2_500

/** Milliseconds until somebody who holds a next key and hears nothing looks whether the others know it by that one. */
const AHEAD_MS = 5_000

/** Milliseconds until something is said again that no block has. */
const REPEAT_MS = 5_000

/** A key that nobody holds. */
const NOBODYS = 99

/** Share of those who see a proposal and vote at once, and of those that may not and try. */
const VOTE_SHARE = 0.7
const VOTE_WITHOUT_RIGHT_SHARE = 0.1

export interface GoverningOptions {
  readonly clock: VirtualClock
  readonly random: () => number
  readonly trace: Trace
  readonly founded: SimulatedGenesis
  readonly partners: readonly VirtualPartner[]
  /** Whose operators mean well. */
  readonly honest: readonly VirtualPartner[]
  /** Whether the newest chain names a key. */
  readonly isNamed: (key: string) => boolean
  readonly mayRun: (partner: VirtualPartner) => boolean
  /** A disk has lost something, and the node is down. */
  readonly onLoss: (partner: VirtualPartner) => void
}

/** A planned change, step by step: one of the partners' set after the other. */
interface UnderWay {
  readonly plan: PlannedChange
  readonly target: VirtualPartner
  readonly steps: JsonObject[]
  /** Proposals made so far; the first is met with the doubt of the plan. */
  proposals: number
  /** When somebody last said something, virtual milliseconds: nobody repeats himself while he may be heard yet. */
  readonly saidAtMs: Map<string, number>
  /** Whoever has not got so far does not know what the step before has brought. */
  height: number
}

/** What operators do to change the partners: propose, vote, and see to the keys. */
export function createGoverning(options: GoverningOptions) {
  const { clock, random, trace, founded, partners, honest, isNamed, mayRun, onLoss } = options
  const keyless = new Set<VirtualPartner>()
  let open = 0

  function stepsOf({ kind }: PlannedChange, { id, generation }: VirtualPartner): JsonObject[] {
    const key = (of: number): JsonObject => ({ kind: 'key', partner: id, key: founded.keyOf(id, of) })
    switch (kind) {
      case 'pause':
        return [
          { kind: 'suspend', partner: id },
          { kind: 'reinstate', partner: id }
        ]
      case 'leave':
        return [{ kind: 'remove', partner: id }]
      case 'role': {
        const before = founded.voters.includes(id) ? 'garage' : 'watcher'
        return [
          { kind: 'role', partner: id, role: before === 'garage' ? 'watcher' : 'garage' },
          { kind: 'role', partner: id, role: before }
        ]
      }
      case 'rotate':
      case 'replace':
        return [key(generation + 1)]
      case 'usurp':
        return [key(NOBODYS)]
    }
  }

  function isDone({ kind, role, key }: JsonObject, partner: Partner | undefined): boolean {
    if (partner === undefined) return false
    if (kind === 'suspend') return partner.state === 'suspended'
    if (kind === 'reinstate') return partner.state !== 'suspended'
    if (kind === 'remove') return partner.state === 'removed'
    return kind === 'role' ? partner.role === role : partner.key === key
  }

  /** Whether something was not said just now. */
  function isDue({ saidAtMs }: UnderWay, what: string): boolean {
    const before = saidAtMs.get(what)
    if (before !== undefined && clock.now() - before < REPEAT_MS) return false
    saidAtMs.set(what, clock.now())
    return true
  }

  function propose(way: UnderWay, change: JsonObject): void {
    const { plan, target } = way
    const isOwn = plan.isOwn && change.kind !== 'reinstate'
    const may = speakersOf(honest).filter((each) => (isOwn ? each.partner === target : isGoverning(each)))
    const speaker = may[Math.floor(random() * may.length)]
    if (speaker === undefined || !isDue(way, `propose ${change.kind}`)) return
    const isSoon = plan.doubt === 'expires' && way.proposals === 0
    const expires = speaker.replica.chain.tip.time + (isSoon ? EXPIRES_SOON_MS : EXPIRES_MS)
    way.proposals++
    say(trace, speaker, '_proposal', { change, expires, reason: '' })
  }

  function vote(way: UnderWay, { id, by, ballots }: GovernanceProposal): void {
    const { plan, proposals } = way
    const isDoubted = proposals <= 1
    for (const speaker of speakersOf(honest)) {
      const { partner } = speaker
      const before = ballots.find((ballot) => ballot.partner === partner.id)
      const mayVote = isGoverning(speaker)
      if (random() >= (mayVote ? VOTE_SHARE : VOTE_WITHOUT_RIGHT_SHARE)) continue
      const isTakenBack = isDoubted && plan.doubt === 'withdrawn' && by === partner.id
      if (isTakenBack && isDue(way, `withdraw ${id}`)) say(trace, speaker, '_withdraw', { proposal: id })
      if (before?.yes === true || !isDue(way, `${partner.id} ${before?.yes} ${id}`)) continue
      const isNo = isDoubted && plan.doubt === 'no' && before === undefined
      say(trace, speaker, '_ballot', { proposal: id, reason: '', yes: !isNo })
    }
  }

  function attend(way: UnderWay): void {
    const change = way.steps[0]
    const { chain } = headOf(honest) ?? {}
    if (change === undefined) end(way)
    else if (chain === undefined || chain.tip.height < way.height) later(way, lookMs())
    else if (isDone(change, partnerOf(chain.rulebook.partners, way.target.id))) {
      trace.note(`${change.kind} of ${way.target.id} is in force`)
      way.steps.shift()
      way.proposals = 0
      way.height = chain.tip.height
      later(way, way.plan.backAfterMs)
    } else {
      if (!isDone(change, partnerOf(chain.rulebook.nextPartners, way.target.id))) press(way, change, chain)
      later(way, lookMs())
    }
  }

  /** Votes on a proposal of the change, or makes one. */
  function press(way: UnderWay, change: JsonObject, { store }: Chain): void {
    const text = canonicalText(change)
    const proposals = openProposalsAt(store.state)
    const proposal = proposals.find((each) => canonicalText(each.change as unknown as Json) === text)
    if (proposal !== undefined) vote(way, proposal)
    else propose(way, change)
  }

  const lookMs = (): number => LOOK_MS.min + random() * LOOK_MS.spread

  function later(way: UnderWay, ms: number): void {
    clock.plan(ms, () => attend(way))
  }

  /** All steps are in force: whoever was down for its key comes back. */
  function end(way: UnderWay): void {
    const { plan, target } = way
    if (plan.kind !== 'replace') {
      open--
      return
    }
    comeBack(target).catch(() => {
      // A disk that was full takes nothing more from whoever found it so: who tries again begins anew.
      if (target.isDown) target.disk.crash()
      clock.plan(REPEAT_MS, () => end(way))
    })
  }

  /** With another key the guard of the lost one says nothing: it rejoins. */
  async function comeBack(target: VirtualPartner): Promise<void> {
    await target.disk.loseGuard()
    target.replaceKey(target.generation + 1)
    keyless.delete(target)
    open--
    if (target.isDown && mayRun(target)) target.start()
  }

  /** Who holds a next key and was away when that came into force is let in with that one only. */
  function lookAhead(target: VirtualPartner, generation: number): void {
    if (target.isUsurped || target.generation >= generation) return
    const isOut = isNamed(founded.keyOf(target.id, generation)) && !isNamed(founded.keyOf(target.id, generation - 1))
    const named = target.replica && partnerOf(target.replica.chain.rulebook.partners, target.id)?.key
    if (isOut && named === founded.keyOf(target.id, generation - 1)) target.goAhead()
    clock.plan(AHEAD_MS, () => lookAhead(target, generation))
  }

  function begin(plan: PlannedChange): void {
    const target = partners[plan.partner]!
    const way: UnderWay = { plan, target, steps: stepsOf(plan, target), proposals: 0, saidAtMs: new Map(), height: 0 }
    trace.note(`governance ${JSON.stringify(plan)}`)
    if (plan.kind === 'rotate') {
      const next = target.generation + 1
      target.holdNext(next)
      clock.plan(AHEAD_MS, () => lookAhead(target, next))
    }
    if (plan.kind === 'replace') {
      keyless.add(target)
      target.crash()
      if (plan.wipes) target.disk.wipe()
      onLoss(target)
    }
    attend(way)
  }

  return {
    plan(changes: readonly PlannedChange[]): void {
      open += changes.length
      for (const change of changes) clock.plan(change.atMs, () => begin(change))
    },
    /** Whether its key is lost and not replaced yet. */
    isKeyless: (partner: VirtualPartner): boolean => keyless.has(partner),
    /** Whether all that was planned is in force. */
    isOver: (): boolean => open === 0
  }
}

export type Governing = ReturnType<typeof createGoverning>
