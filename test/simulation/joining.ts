import type { JsonObject } from '../../src/base/json.js'
import { readInvitationUse } from '../../src/ledger/admission-ballot.js'
import { type GovernanceProposal, openProposalsIn, proposalIn } from '../../src/ledger/governance-state.js'
import { partnerOf } from '../../src/ledger/partner-set.js'
import type { StateReader } from '../../src/ledger/state.js'
import { invitationKey } from '../../src/ledger/system-keys.js'
import { systemRecord } from '../../src/node/duties.js'
import type { Replica } from '../../src/node/replica-types.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { Trace } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/** Milliseconds until a joiner who was not admitted tries again, and until its ballot is looked at again. */
const RETRY_MS = 2_000

/** Milliseconds until somebody who said something says it again. */
const REPEAT_MS = 6_000

/** Share of those who vote when they look at a ballot. */
const VOTE_SHARE = 0.6

/** Share of tries with an invitation that was redeemed already. */
const AGAIN_SHARE = 0.3

/** What happens to the first ballot on a joiner; the next one is agreed to. */
const DOUBTS = ['none', 'none', 'no', 'withdrawn'] as const

export interface JoiningOptions {
  readonly clock: VirtualClock
  readonly random: () => number
  readonly trace: Trace
  readonly founded: SimulatedGenesis
  /** Whom the joiner may ask. */
  readonly hosts: readonly VirtualPartner[]
  /** Who votes on it: those who came before it too. */
  readonly voters: readonly VirtualPartner[]
}

interface Host {
  readonly partner: VirtualPartner
  readonly replica: Replica
}

/** Lets somebody come in the middle: a record or a ballot admits it, and then its node starts with nothing. */
export function createJoining({ clock, random, trace, founded, hosts, voters }: JoiningOptions) {
  const admitted = new Set<string>()
  const doubts = new Map<string, (typeof DOUBTS)[number]>()
  /** Number of the invitation that a joiner has. */
  const invitations = new Map<string, number>()
  const saidAtMs = new Map<string, number>()

  function able(among: readonly VirtualPartner[]): Host[] {
    return among.flatMap((partner) => {
      const { replica } = partner
      const isAble = partner.isActive && replica?.rejoining === false && replica.own.hasRoom()
      return isAble && replica !== null ? [{ partner, replica }] : []
    })
  }

  async function ask(joiner: VirtualPartner): Promise<void> {
    const may = able(hosts)
    const host = may[Math.floor(random() * may.length)]
    if (host !== undefined) {
      const { chain } = host.replica
      const { state } = chain.store
      // A former attempt may have come through without anybody hearing of it.
      if (partnerOf(chain.rulebook.nextPartners, joiner.id) !== undefined) return welcome(joiner)
      const ballot = openBallot(state, joiner.id)
      if (ballot !== null) for (const voter of able(voters)) vote(voter, joiner.id, ballot)
      if ((ballot === null || random() < AGAIN_SHARE) && (await redeem(host, joiner, state))) return welcome(joiner)
    }
    clock.plan(RETRY_MS, () => attempt(joiner))
  }

  /** @returns whether a block has the admission */
  async function redeem({ partner, replica }: Host, { id }: VirtualPartner, state: StateReader): Promise<boolean> {
    const number = invitations.get(id) ?? 0
    const admission = founded.admission(partner.id, id, partner.generation, number)
    const use = readInvitationUse(state.get(invitationKey(founded.invitationKeyOf(id, number)))?.text)
    // Used up by a ballot that came to nothing: the next time it comes with another one.
    if (use !== null && use.kind !== 'waiting') invitations.set(id, number + 1)
    const outcome = await replica.appendSystem(systemRecord(replica.chain, '_admit', admission))
    trace.note(`${partner.id} admits ${id}: ${outcome.ok ? 'accepted' : outcome.message}`)
    return outcome.ok && partnerOf(replica.chain.rulebook.nextPartners, id) !== undefined
  }

  function openBallot(state: StateReader, id: string): GovernanceProposal | null {
    const open = openProposalsIn(state).flatMap((proposal) => proposalIn(state, proposal) ?? [])
    return open.find(({ change }) => change.kind === 'admit' && change.partner === id) ?? null
  }

  function vote({ partner, replica }: Host, joiner: string, { id, by, ballots }: GovernanceProposal): void {
    const self = partnerOf(replica.chain.rulebook.partners, partner.id)
    if (self?.state !== 'active' || self.role !== 'garage' || random() >= VOTE_SHARE) return
    const doubt = doubts.get(joiner) ?? DOUBTS[Math.floor(random() * DOUBTS.length)]!
    doubts.set(joiner, doubt)
    const isDoubted = (invitations.get(joiner) ?? 0) === 0
    const before = ballots.find((ballot) => ballot.partner === partner.id)
    const isTakenBack = isDoubted && doubt === 'withdrawn' && by === partner.id
    const isYes = !(isDoubted && doubt === 'no' && by !== partner.id)
    if (isTakenBack) say(partner, replica, '_withdraw', { proposal: id })
    else if (before?.yes !== isYes) say(partner, replica, '_ballot', { proposal: id, reason: '', yes: isYes })
  }

  function say({ id }: VirtualPartner, replica: Replica, object: string, data: JsonObject): void {
    const what = `${id} ${object} ${JSON.stringify(data)}`
    if (clock.now() - (saidAtMs.get(what) ?? -REPEAT_MS) < REPEAT_MS) return
    saidAtMs.set(what, clock.now())
    trace.note(`${id} says ${object} ${JSON.stringify(data)}`)
    replica.appendSystem(systemRecord(replica.chain, object, { ...data })).catch(() => {})
  }

  function welcome(joiner: VirtualPartner): void {
    if (admitted.has(joiner.id)) return
    admitted.add(joiner.id)
    joiner.start()
  }

  function attempt(joiner: VirtualPartner): void {
    if (admitted.has(joiner.id)) return
    let isAnswered = false
    // The host's node may end before it answers, and then never does.
    clock.plan(5 * RETRY_MS, () => {
      if (!isAnswered) attempt(joiner)
    })
    ask(joiner).then(
      () => {
        isAnswered = true
      },
      () => {}
    )
  }

  return {
    plan(joiner: VirtualPartner, atMs: number): void {
      clock.plan(atMs, () => attempt(joiner))
    },
    isAdmitted: (id: string): boolean => admitted.has(id)
  }
}
