import { messagesOf } from '../../src/consensus/progress.js'
import type { Effect, Evidence, Input, Message, StartHeight } from '../../src/consensus/types.js'
import type { Certificate } from '../../src/ledger/certificate.js'
import type { QuorumRule } from '../../src/ledger/network-definition.js'
import { faultsOf, quorumOf } from '../../src/ledger/quorum.js'
import { heightOf, isForged, isWithheld, makeLiar } from './consensus-liar.js'
import { type Outgoing, type SimNode, simNode } from './consensus-node.js'
import { seededRandom, virtualClock } from './virtual-clock.js'

export interface NetworkOptions {
  readonly seed: number
  readonly voters: number
  /** How many of them lie: they equivocate, propose two blocks, withhold and forge. @default 0 */
  readonly liars?: number
  /** How many of them say nothing at all. @default 0 */
  readonly silent?: number
  /** @default 'two-thirds' */
  readonly rule?: QuorumRule
  /** Heights to decide. @default 2 */
  readonly heights?: number
  /** Until then messages are lost and late, and honest nodes crash; after it, they are not. @default 40,000 */
  readonly healMs?: number
  /** When the run ends at the latest. @default healMs + 400,000 */
  readonly endMs?: number
}

export interface NetworkResult {
  /** Certificates by honest voter, one for each height decided. */
  readonly decided: ReadonlyMap<string, readonly Certificate[]>
  readonly evidence: readonly Evidence[]
  readonly honest: readonly string[]
  readonly crashes: number
  readonly roundMax: number
  readonly steps: number
}

const RESEND_MS = 1_500
const FETCH_MS = 200
const TIMEOUTS = {
  propose: { firstMs: 600, growthMs: 200, capMs: 4_000 },
  prevote: { firstMs: 300, growthMs: 200, capMs: 4_000 },
  precommit: { firstMs: 300, growthMs: 200, capMs: 4_000 }
}

/** An honest voter of the network: a machine, and the bodies it holds. */
interface Partner {
  readonly id: string
  readonly node: SimNode
  readonly bodies: Set<string>
  readonly certificates: Certificate[]
}

/** Runs a whole network under one seed, with a virtual clock. Signatures are stand-ins that nobody forges. */
export function runNetwork(options: NetworkOptions): NetworkResult {
  const { voters, liars = 0, silent = 0, rule = 'two-thirds', heights = 2, healMs = 40_000 } = options
  const endMs = options.endMs ?? healMs + 400_000
  const random = seededRandom(options.seed)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const ids = Array.from({ length: voters }, (_, index) => String.fromCharCode(97 + index))
  // The liars come first in the order of proposers, where they hurt most.
  const lying = ids.slice(0, liars)
  const honest = ids.slice(liars, voters - silent)
  const liar = makeLiar(random, lying)
  const evidence: Evidence[] = []
  const partners = new Map<string, Partner>()
  const clock = virtualClock()
  const { plan } = clock
  let roundMax = 0
  let steps = 0

  function orderOf(height: number): string[] {
    const turn = height % voters
    return [...ids.slice(turn), ...ids.slice(0, turn)]
  }

  function startOf(self: string, height: number): StartHeight {
    return {
      type: 'start-height',
      height,
      epoch: 0,
      voters: ids.map((id) => ({ id, incarnation: 0 })),
      self,
      order: orderOf(height),
      quorum: quorumOf(voters, rule),
      faults: faultsOf(voters, rule),
      timeouts: TIMEOUTS
    }
  }

  /** Late and lossy before the network heals. */
  function send(run: () => void): void {
    if (clock.now() >= healMs) plan(5 + random() * 60, run)
    else if (random() >= 0.25) {
      plan(5 + random() ** 3 * 3_000, run)
      if (random() < 0.1) plan(random() * 5_000, run)
    }
  }

  function give(partner: Partner, input: Input): void {
    steps += 1
    const crashes = clock.now() < healMs && random() < 0.01
    partner.node.give(input, crashes ? Math.floor(random() * 4) : undefined)
    roundMax = Math.max(roundMax, partner.node.state.round)
  }

  /** Gives an answer, unless the partner has crashed since it asked. */
  function answer(partner: Partner, delayMs: number, input: () => Input | null): void {
    const { lives } = partner.node
    plan(delayMs, () => {
      const found = partner.node.lives === lives ? input() : null
      if (found !== null) give(partner, found)
    })
  }

  function deliver(to: Partner, message: Message): void {
    const body = message.type === 'proposal' ? message.proposal.block : null
    // Bodies travel on their own, and may get lost on their own.
    if (body !== null && !isWithheld(body) && (clock.now() >= healMs || random() < 0.7)) to.bodies.add(body)
    give(to, message)
  }

  function broadcast(from: string, message: Message): void {
    for (const [id, to] of partners) if (id !== from) send(() => deliver(to, message))
    for (const id of lying) {
      send(() => {
        for (const to of partners.values()) {
          for (const lie of liar(id, message, orderOf(heightOf(message)))) send(() => deliver(to, lie))
        }
      })
    }
  }

  function holds(partner: Partner, block: string): boolean {
    if (partner.bodies.has(block)) return true
    const holder = [...partners.values()].find((other) => other.bodies.has(block))
    if (holder === undefined || (clock.now() < healMs && random() < 0.6)) return false
    partner.bodies.add(block)
    return true
  }

  /** Says what is known of the block, and pulls it while it is missing. */
  function check(partner: Partner, height: number, round: number, block: string): void {
    const said = (type: 'valid' | 'unavailable'): Input => ({
      type: 'block-checked',
      height,
      round,
      block,
      result: { type }
    })
    answer(partner, 5 + random() * 40, () => {
      if (partner.node.state.start.height !== height) return null
      if (isForged(block)) {
        return { type: 'block-checked', height, round, block, result: { type: 'invalid', reason: 'forged' } }
      }
      if (holds(partner, block)) return said('valid')
      plan(FETCH_MS, () => check(partner, height, round, block))
      return said('unavailable')
    })
  }

  function carryOut(partner: Partner, effect: Outgoing): void {
    switch (effect.type) {
      case 'publish-vote':
        broadcast(partner.id, { type: 'vote', vote: effect.vote })
        return
      case 'publish-proposal':
        broadcast(partner.id, { type: 'proposal', proposal: effect.proposal, prevotes: effect.prevotes })
        return
      case 'resend':
        for (const message of effect.messages) broadcast(partner.id, message)
        return
      case 'check-block':
      case 'fetch-block':
        check(partner, effect.height, effect.round, effect.block)
        return
      case 'build-block':
        build(partner, effect)
        return
      case 'schedule-timeout': {
        const { kind, height, round, ms } = effect
        answer(partner, ms, () => ({ type: 'timeout', kind, height, round }))
        return
      }
      case 'evidence':
        evidence.push(effect.evidence)
        return
      case 'decide':
        decide(partner, effect.certificate)
        return
      case 'stop':
        throw new Error(`${partner.id} stopped: ${JSON.stringify(effect.cause)}`)
    }
  }

  function build(partner: Partner, { height, round }: Extract<Effect, { type: 'build-block' }>): void {
    answer(partner, 10 + random() * 100, () => {
      if (random() < 0.1) return { type: 'nothing-to-propose', height, round }
      const block = `${height}-${partner.id}-${round}`
      partner.bodies.add(block)
      return { type: 'block-built', height, round, block }
    })
  }

  function decide(partner: Partner, certificate: Certificate): void {
    if (partner.certificates.length >= certificate.height) return // again, after a crash
    partner.certificates.push(certificate)
    if (certificate.height < heights) {
      plan(0, () => {
        partner.node.start(startOf(partner.id, certificate.height + 1))
        begin(partner)
      })
    }
  }

  function begin(partner: Partner): void {
    const height = partner.node.state.start.height
    // Not everybody has work; the others begin by proposals and votes.
    if (random() < 0.6) answer(partner, random() * 500, () => ({ type: 'work-available', height }))
  }

  /** Rule 20: sends own messages again, pulls what somebody else has, or a block with its certificate. */
  function tick(partner: Partner): void {
    plan(RESEND_MS, () => tick(partner))
    if (partner.certificates.length >= heights) return
    const { height } = partner.node.state.start
    give(partner, { type: 'resend' })
    if (clock.now() >= healMs) give(partner, { type: 'work-available', height })
    const other = pick([...partners.values()])
    const certificate = other.certificates[height - 1]
    if (certificate !== undefined) {
      send(() => {
        partner.bodies.add(certificate.block)
        give(partner, { type: 'certificate', certificate })
      })
    } else if (other.node.state.start.height === height) {
      for (const message of messagesOf(other.node.state)) send(() => deliver(partner, message))
    }
  }

  for (const id of honest) {
    const node = simNode(startOf(id, 1), (effect) => carryOut(partner, effect))
    const partner: Partner = { id, node, bodies: new Set(), certificates: [] }
    partners.set(id, partner)
  }
  for (const partner of partners.values()) {
    begin(partner)
    plan(random() * RESEND_MS, () => tick(partner))
  }
  const done = () => [...partners.values()].every((partner) => partner.certificates.length >= heights)
  clock.run(() => clock.now() >= endMs || done())
  return {
    decided: new Map([...partners].map(([id, partner]) => [id, partner.certificates])),
    evidence,
    honest,
    crashes: [...partners.values()].reduce((sum, partner) => sum + partner.node.lives, 0),
    roundMax,
    steps
  }
}
