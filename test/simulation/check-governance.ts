import type { NetworkDefinition } from '../../src/ledger/network-definition.js'
import type { VersionHistory } from './check-version.js'
import { type FileHistory, type FileOnChain, fileOnChain } from './file-history.js'
import type { PartnerHistory } from './partner-history.js'

/** What a proposal says, as it stands in its record. */
type Change =
  | PartnerChange
  | { readonly kind: 'model'; readonly network: NetworkDefinition }
  | { readonly kind: 'version'; readonly version: number }

interface PartnerChange {
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

/** What each kind of change needs where the network file says nothing. */
const NEEDED: Readonly<Record<string, string>> = { suspend: 'majority' }

/** From the least to the most. */
const STRICTNESS = ['one', 'majority', 'two-thirds', 'all']

/** Roles of the simulated network, and whether they govern and vote. */
const ROLES: Readonly<Record<string, boolean>> = { garage: true, watcher: false }

/**
 * The partners' agreement on changes, worked out anew in plain steps: who may propose and vote, and which changes pass at
 * the end of a block. What passes is told to the history of the partners.
 */
export function createGovernanceCheck(partners: PartnerHistory, files: FileHistory, versions: VersionHistory) {
  /** By id of the record, in the order in which they were made. */
  const open = new Map<string, Proposal>()
  /** Keys of the invitations that somebody came with, whatever became of it. */
  const redeemed = new Set<string>()
  let passed = 0
  /** In the block under way: how many proposals each partner made, and who voted on which. */
  const proposed = new Map<string, number>()
  const voted = new Set<string>()

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

  function baseOf(change: Change): string {
    if (change.kind === 'model') return files.latest().hash
    if (change.kind === 'version') return String(versions.latest())
    const { kind, partner: id, key = '' } = change
    if (kind === 'admit') return String(isNew(id, key))
    const partner = partners.latest(id)
    if (kind === 'role') return `${partner?.role} ${partner?.state === 'removed'}`
    if (kind === 'key') return `${partner?.key} ${partner?.state === 'removed'}`
    return `${partner?.state}`
  }

  /** Whether the change would say something, and leave somebody who can agree on blocks and on changes. */
  function isPossible(change: Change): boolean {
    // Roles and objects of all simulated files are the same.
    if (change.kind === 'model') return fileOnChain(change.network).hash !== files.latest().hash
    if (change.kind === 'version') return change.version > versions.latest()
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

  function isOwnAffair(by: string, change: Change): boolean {
    if (change.kind === 'model' || change.kind === 'version') return false
    const { kind, partner } = change
    return by === partner && (kind === 'suspend' || kind === 'remove' || kind === 'key')
  }

  function mayPropose(author: string, { change, expires }: ProposalRecord, time: number): boolean {
    if (!isHeard(author) || !(isGoverning(author) || isOwnAffair(author, change))) return false
    if (expires <= time || expires > time + YEAR_MS || !isPossible(change)) return false
    const own = [...open.values()].filter(({ by }) => by === author).length
    return isOwnAffair(author, change) || (open.size < OPEN_MAX && own < OPEN_OF_ONE_MAX)
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
    const needed = neededOf(thresholdOf(change), voters.length)
    if (isOwnAffair(by, change) || yes >= needed) return isPossible(change)
    return voters.length - no < needed ? false : null
  }

  /** Of a network file: what files need, and of everything that needs another threshold by it the old and the new one. */
  function thresholdOf(change: Change): string {
    const set = ({ thresholds }: FileOnChain, kind: string): string => thresholds[kind] ?? NEEDED[kind] ?? 'two-thirds'
    const before = files.latest()
    if (change.kind !== 'model') return set(before, change.kind)
    const after = fileOnChain(change.network)
    const kinds = [...Object.keys(before.thresholds), ...Object.keys(after.thresholds)]
    const others = kinds.filter((kind) => set(before, kind) !== set(after, kind))
    const all = [set(before, 'model'), ...others.flatMap((kind) => [set(before, kind), set(after, kind)])]
    return all.sort((a, b) => STRICTNESS.indexOf(b) - STRICTNESS.indexOf(a))[0]!
  }

  function decide(change: Change): void {
    if (change.kind === 'version') versions.decide(change.version)
    else if (change.kind === 'model') {
      files.decide(fileOnChain(change.network))
      partners.decideQuorum(change.network.quorum)
    } else {
      const { kind, partner, role = '', key = '' } = change
      if (kind === 'admit') partners.decide({ object: '_admit', partner, key, role })
      else partners.decide({ object: '_proposal', kind, partner, role, key })
    }
  }

  /** Fewer than four who vote, or soon will, let their inviter alone decide; so does who alone governs. */
  function isAtOnce(change: Change): boolean {
    const voters = partners.all().filter(({ voter, state }) => voter && (state === 'active' || state === 'pending'))
    return voters.length < 4 || neededOf(thresholdOf(change), electorate().length) === 1
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
      const now = partners.now(inviter)
      if (now?.state !== 'active' || ROLES[now.role] !== true) return false
      const isVotedOn = versions.now() > 1
      if (isVotedOn && !(isHeard(inviter) && isGoverning(inviter))) return false
      const change: Change = { kind: 'admit', partner, key, role }
      if (!isVotedOn || isAtOnce(change)) decide(change)
      else {
        const own = [...open.values()].filter(({ by }) => by === inviter).length
        if (open.size >= OPEN_MAX || own >= OPEN_OF_ONE_MAX) return false
        const ballots = new Map([[inviter, true]])
        voted.add(`${inviter} ${id}`)
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
      if (versions.now() < 2) return false
      if (object === '_proposal') {
        const record = data as ProposalRecord
        const { change, expires } = record
        const before = proposed.get(author) ?? 0
        proposed.set(author, before + 1)
        if (before >= OPEN_OF_ONE_MAX || !mayPropose(author, record, time)) return false
        const ballots = new Map(isGoverning(author) ? [[author, true] as const] : [])
        if (isGoverning(author)) voted.add(`${author} ${id}`)
        open.set(id, { by: author, change, expires, base: baseOf(change), ballots })
        return true
      }
      const { proposal, yes } = data as { readonly proposal: string; readonly yes: boolean }
      if (!isHeard(author) || !isOpen(proposal, time)) return false
      if (object === '_withdraw') return open.get(proposal)?.by === author && open.delete(proposal)
      if (!isGoverning(author) || voted.has(`${author} ${proposal}`)) return false
      voted.add(`${author} ${proposal}`)
      open.get(proposal)?.ballots.set(author, yes)
      return true
    },
    /** All records of a block are judged: decides what can be decided; what passes may decide others. */
    settle(time: number): void {
      while (settleOnce(time));
      proposed.clear()
      voted.clear()
    },
    /** How many changes have passed. */
    passed: (): number => passed
  }
}

/** How many yes of n. */
function neededOf(threshold: string, n: number): number {
  if (threshold === 'one') return 1
  if (threshold === 'all') return n
  return Math.floor(threshold === 'majority' ? n / 2 : (2 * n) / 3) + 1
}
