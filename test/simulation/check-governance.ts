import type { PartnerHistory } from './partner-history.js'

/** What a proposal says, as it stands in its record. */
interface Change {
  readonly kind: 'suspend' | 'reinstate' | 'remove' | 'role' | 'key' | 'admit'
  readonly partner: string
  readonly role?: string
  readonly key?: string
}

interface Proposal {
  readonly by: string
  readonly change: Change
  readonly expires: number
  /** What the change rested on when it was proposed. */
  readonly base: string
  readonly ballots: Map<string, boolean>
}

interface ProposalRecord {
  readonly change: Change
  readonly expires: number
}

/** Who comes, by whose invitation. */
interface Newcomer {
  readonly partner: string
  readonly key: string
  readonly role: string
  readonly inviter: string
  /** Key of the invitation. */
  readonly invitation: string
}

const MONTH_MS = 30 * 24 * 3_600_000
const YEAR_MS = 366 * 24 * 3_600_000
const OPEN_MAX = 64
const OPEN_OF_ONE_MAX = 8

/** Roles of the simulated network, and whether they govern and vote. */
const ROLES: Readonly<Record<string, boolean>> = { garage: true, watcher: false }

/**
 * The partners' agreement on changes, worked out anew in plain steps: who may propose and vote, and which changes pass at
 * the end of a block. What passes is told to the history of the partners.
 */
export function createGovernanceCheck(partners: PartnerHistory) {
  /** By id of the record, in the order in which they were made. */
  const open = new Map<string, Proposal>()
  /** Keys of the invitations that somebody came with, whatever became of it. */
  const redeemed = new Set<string>()
  let passed = 0

  function isGoverning(id: string): boolean {
    return [partners.now(id), partners.latest(id)].every((one) => one?.state === 'active' && ROLES[one.role] === true)
  }

  /** Whether it still may speak: what was decided of it in this block or the one before counts at once. */
  function isHeard(id: string): boolean {
    const [now, latest] = [partners.now(id), partners.latest(id)]
    return now?.state === 'active' && latest?.state === 'active' && now.key === latest.key
  }

  /** The partners that may vote on changes, when all that is decided is in force. */
  function electorate(): string[] {
    return partners
      .all()
      .filter(({ role, state }) => state === 'active' && ROLES[role] === true)
      .map(({ id }) => id)
  }

  /** Whether neither the id nor the key is a partner's. */
  function isNew(id: string, key: string): boolean {
    return partners.all().every((one) => one.id !== id && one.key !== key)
  }

  function baseOf({ kind, partner: id, key = '' }: Change): string {
    if (kind === 'admit') return String(isNew(id, key))
    const partner = partners.latest(id)
    if (kind === 'role') return `${partner?.role} ${partner?.state === 'removed'}`
    if (kind === 'key') return `${partner?.key} ${partner?.state === 'removed'}`
    return `${partner?.state}`
  }

  /** Whether the change would say something, and leave somebody who can agree on blocks and on changes. */
  function isPossible(change: Change): boolean {
    const { kind, partner: id, role = '', key = '' } = change
    if (kind === 'admit') return isNew(id, key)
    const partner = partners.latest(id)
    if (partner === undefined || partner.state === 'removed') return false
    if (kind === 'suspend' && partner.state === 'suspended') return false
    if (kind === 'reinstate' && partner.state !== 'suspended') return false
    if (kind === 'role' && (!Object.keys(ROLES).includes(role) || partner.role === role)) return false
    if (kind === 'key' && partners.all().some((one) => one.key === key)) return false
    const loses = kind === 'suspend' || kind === 'remove' || kind === 'reinstate'
    const isVoice = ({ id: other, role: its, state }: { id: string; role: string; state: string }): boolean => {
      if (state !== 'active' || (other === id && loses)) return false
      return ROLES[other === id && kind === 'role' ? role : its] === true
    }
    // Whoever governs votes on blocks too.
    return partners.all().some(isVoice)
  }

  function isOwnAffair(by: string, { kind, partner }: Change): boolean {
    return by === partner && (kind === 'suspend' || kind === 'remove' || kind === 'key')
  }

  function mayPropose(author: string, { change, expires }: ProposalRecord, time: number): boolean {
    if (!isHeard(author) || !(isGoverning(author) || isOwnAffair(author, change))) return false
    if (expires <= time || expires > time + YEAR_MS || !isPossible(change)) return false
    const own = [...open.values()].filter(({ by }) => by === author).length
    return open.size < OPEN_MAX && own < OPEN_OF_ONE_MAX
  }

  function isOpen(id: string, time: number): boolean {
    const proposal = open.get(id)
    return proposal !== undefined && time < proposal.expires
  }

  /** Whether a proposal passes (true), is over (false) or goes on (null). */
  function outcomeOf({ by, change, expires, base, ballots }: Proposal, time: number): boolean | null {
    if (time >= expires || baseOf(change) !== base) return false
    const voters = electorate()
    const said = voters.map((id) => ballots.get(id))
    const yes = said.filter((each) => each === true).length
    const no = said.filter((each) => each === false).length
    const needed = Math.floor(change.kind === 'suspend' ? voters.length / 2 : (2 * voters.length) / 3) + 1
    if (isOwnAffair(by, change) || yes >= needed) return isPossible(change)
    return voters.length - no < needed ? false : null
  }

  function decide({ kind, partner, role = '', key = '' }: Change): void {
    if (kind === 'admit') partners.decide({ object: '_admit', partner, key, role })
    else partners.decide({ object: '_proposal', kind, partner, role, key })
  }

  /** Fewer than four who vote, or soon will, let their inviter alone decide; so does who alone governs. */
  function isAtOnce(): boolean {
    const voters = partners.all().filter(({ voter, state }) => voter && (state === 'active' || state === 'pending'))
    return voters.length < 4 || electorate().length === 1
  }

  /** @returns whether anything was decided */
  function settleOnce(time: number): boolean {
    let isNews = false
    for (const [id, proposal] of [...open]) {
      const outcome = outcomeOf(proposal, time)
      if (outcome === null) continue
      isNews = true
      open.delete(id)
      if (!outcome) continue
      passed++
      decide(proposal.change)
    }
    return isNews
  }

  return {
    /**
     * Whether the admission of who was rightly invited must be accepted; follows it as if it were.
     * @param id of the record
     */
    admit(id: string, { partner, key, role, inviter, invitation }: Newcomer, time: number): boolean {
      if (redeemed.has(invitation) || !isNew(partner, key)) return false
      if (!isHeard(inviter) || !isGoverning(inviter)) return false
      const change: Change = { kind: 'admit', partner, key, role }
      if (isAtOnce()) decide(change)
      else {
        const own = [...open.values()].filter(({ by }) => by === inviter).length
        if (open.size >= OPEN_MAX || own >= OPEN_OF_ONE_MAX) return false
        const ballots = new Map([[inviter, true]])
        open.set(id, { by: inviter, change, expires: time + MONTH_MS, base: baseOf(change), ballots })
      }
      redeemed.add(invitation)
      return true
    },
    /**
     * Whether a record must be accepted; follows it as if it were.
     * @param id of the record
     * @param time of its block
     */
    judge(author: string, id: string, object: string, data: object, time: number): boolean {
      if (object === '_proposal') {
        const record = data as ProposalRecord
        const { change, expires } = record
        if (!mayPropose(author, record, time)) return false
        const ballots = new Map(isGoverning(author) ? [[author, true] as const] : [])
        open.set(id, { by: author, change, expires, base: baseOf(change), ballots })
        return true
      }
      const { proposal, yes } = data as { readonly proposal: string; readonly yes: boolean }
      if (!isHeard(author) || !isOpen(proposal, time)) return false
      if (object === '_withdraw') return open.get(proposal)?.by === author && open.delete(proposal)
      if (!isGoverning(author)) return false
      open.get(proposal)?.ballots.set(author, yes)
      return true
    },
    /** All records of a block are judged: decides what can be decided; what passes may decide others. */
    settle(time: number): void {
      while (settleOnce(time));
    },
    /** How many changes have passed. */
    passed: (): number => passed
  }
}
