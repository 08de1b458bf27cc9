import { CLOCKS_DIFFER, MESSAGE_DELAY_MS, PRECISION_MS } from './block-content.js'
import type { ClockOffset } from './clock-offsets.js'
import type { SetAside } from './disputes.js'
import type { Objection } from './objections.js'
import { timeText } from './record-view.js'
import { readResultDiffers } from './result-difference.js'

/** One reason why nothing moves. Codes are in docs/partners.md, "What status says". */
export interface StallCause {
  readonly code: StallCode
  /** What is the matter, in plain words. */
  readonly why: string
  /** What to do about it. */
  readonly todo: string
}

export const STALL_CODES = [
  'own-clock',
  'rejoining',
  'asking',
  'syncing',
  'no-quorum',
  'set-aside',
  'result-differs',
  'clocks-differ',
  'refusal',
  'clock',
  'missing-batches',
  'missing-sequence',
  'behind',
  'silent',
  'undecided'
] as const

export type StallCode = (typeof STALL_CODES)[number]

/** A voting partner, as this node sees it. */
export interface VoterSight {
  readonly id: string
  /** Connected, or this node itself. */
  readonly online: boolean
  /** Milliseconds since 1970, for one that is not; null when it was not reached since this node started. */
  readonly awaySince: number | null
  /** Newest height it has told of; null while unknown. */
  readonly height: number | null
  /** Newest round of the height being decided in which it was seen voting; null when in none. */
  readonly votedRound: number | null
}

/** All that the explanation rests on. */
export interface StallSnapshot {
  readonly self: string
  /** Being decided. */
  readonly height: number
  readonly round: number
  /** Whose turn it is to propose in a round. */
  readonly proposerOf: (round: number) => string
  /** How far the own clock is behind the newest block, milliseconds; 0 or less when it is not. */
  readonly clockBehindMs: number
  readonly rejoining: boolean
  /** What keeps it from that, in words, when it is not the others' agreement alone. */
  readonly rejoinWhy?: string | null
  /** How many more partners have to say what they know of this node before it signs; 0 when none. */
  readonly asking: number
  readonly syncing: boolean
  readonly voters: readonly VoterSight[]
  /** Votes that decide. */
  readonly needed: number
  readonly objections: readonly Objection[]
  readonly setAside: readonly SetAside[]
  /** Whether there is anything else to propose than what is set aside. */
  readonly hasOther: boolean
  /** Blocks under way of which parts are not here: how many batches, or null when it is the block itself. */
  readonly missing: readonly { readonly block: string; readonly proposer: string; readonly batches: number | null }[]
  /** Batches that others of their author wait for. */
  readonly gaps: readonly { readonly author: string; readonly sequence: number }[]
  readonly clocks: readonly ClockOffset[]
}

/** Items of a list that are named; the rest is counted. */
const NAMED_MAX = 5

/** Characters of a partner's reason that are shown. */
const REASON_SHOWN_CHARS_MAX = 200

/** Clocks that differ more make partners refuse each other's blocks. */
const AHEAD_MS = PRECISION_MS
const BEHIND_MS = PRECISION_MS + MESSAGE_DELAY_MS

/**
 * Why nothing moves, the most decisive cause first, each with what to do; never empty. Pure: says the same for the same
 * snapshot. What partners said is cut, but may hold any characters.
 */
export function explainStall(snapshot: StallSnapshot): StallCause[] {
  const own = ownTrouble(snapshot)
  // What others do is seen wrongly through a wrong clock, or while this node does not take part.
  if (own.length > 0) return [...own, ...quorumCause(snapshot)]
  const causes = [...quorumCause(snapshot), ...setAsideCauses(snapshot)]
  // With nothing to propose there is nothing to endorse either.
  if (snapshot.setAside.length > 0 && !snapshot.hasOther) return causes
  causes.push(...refusalCauses(snapshot), ...clockCauses(snapshot))
  causes.push(...missingCauses(snapshot), ...partnerCauses(snapshot))
  return causes.length > 0 ? causes : [undecided(snapshot)]
}

function ownTrouble(snapshot: StallSnapshot): StallCause[] {
  const { clockBehindMs, rejoining, asking, syncing } = snapshot
  const causes: StallCause[] = []
  if (clockBehindMs > 0) {
    causes.push({
      code: 'own-clock',
      why: `the clock of this machine is ${Math.ceil(clockBehindMs / 1000)} s behind the newest block`,
      todo: 'set it right; nothing else is needed'
    })
  }
  if (rejoining) {
    causes.push({
      code: 'rejoining',
      why: snapshot.rejoinWhy ?? 'this node lost its sign guard and waits for a partner to write down that it rejoins',
      todo: `wait; it needs ${snapshot.needed} voting partners to agree, so see that the others' nodes run`
    })
  }
  if (asking > 0) {
    causes.push({
      code: 'asking',
      why: `this node signs nothing yet: ${count(asking, 'more partner has', 'more partners have')} to tell what they know of it`,
      todo: `get the nodes of ${absent(snapshot.voters) || 'the other partners'} started, or the lines to them repaired`
    })
  }
  if (syncing && causes.length === 0) {
    causes.push({
      code: 'syncing',
      why: 'this copy is behind and gets no further blocks',
      todo: 'wait; if it stays so, look into the log for partners whose blocks are refused'
    })
  }
  return causes
}

function quorumCause({ voters, needed }: StallSnapshot): StallCause[] {
  const online = voters.filter((voter) => voter.online).length
  if (online >= needed) return []
  const missing = needed - online
  const get = missing === 1 ? 'get the node of one of them' : `get the nodes of ${missing} of them`
  return [
    {
      code: 'no-quorum',
      why: `${needed} of ${voters.length} voting partners are needed and ${online} are online; not reached: ${absent(voters)}`,
      todo: `${get} started, or the line to it repaired; then everything goes on by itself`
    }
  ]
}

function absent(voters: readonly VoterSight[]): string {
  const away = voters.filter((voter) => !voter.online)
  return list(
    away.map(({ id, awaySince }) => `${id} (${awaySince === null ? 'never yet' : `since ${clock(awaySince)}`})`)
  )
}

function setAsideCauses({ setAside }: StallSnapshot): StallCause[] {
  return setAside.slice(0, NAMED_MAX).map(({ author, sequence, why, fromHeight }) => ({
    code: 'set-aside',
    why: `batch ${author}/${sequence} is set aside until block ${fromHeight}: partners compute different results for it (${shown(why)})`,
    todo: 'compare `ledger-node --version` among all partners and report this; what comes after it of this author waits'
  }))
}

/** Refusals of this round and the one before, grouped by what is refused and why. That one who is away proposes nothing is no news. */
function refusalCauses({ self, round, objections, proposerOf, voters }: StallSnapshot): StallCause[] {
  const away = new Set(voters.filter(({ online }) => !online).map(({ id }) => id))
  const groups = new Map<string, { readonly round: number; readonly reason: string; readonly voters: string[] }>()
  for (const objection of objections) {
    if (objection.round < round - 1 || away.has(proposerOf(objection.round))) continue
    const key = `${objection.round} ${withoutNumbers(objection.reason)}`
    const group = groups.get(key) ?? { ...objection, voters: [] }
    group.voters.push(objection.voter === self ? 'this node' : objection.voter)
    groups.set(key, group)
  }
  return [...groups.values()].slice(0, NAMED_MAX).map((group) => refusalCause(group, proposerOf(group.round)))
}

interface Refusals {
  readonly round: number
  readonly reason: string
  readonly voters: readonly string[]
}

function refusalCause({ round, reason, voters }: Refusals, proposer: string): StallCause {
  const who = `${list(voters)} ${voters.length === 1 && voters[0] !== 'this node' ? 'refuses' : 'refuse'}`
  const what = `the block that ${proposer} proposed in round ${round}`
  const differs = readResultDiffers(reason)
  if (differs !== null) {
    return {
      code: 'result-differs',
      why: `${who} ${what}: another result there (${shown(differs.difference)})`,
      todo: 'compare `ledger-node --version` among all partners; `ledger verify` tells whether a copy is damaged'
    }
  }
  if (reason.startsWith(CLOCKS_DIFFER)) {
    return {
      code: 'clocks-differ',
      why: `${who} ${what}: ${shown(reason.slice(CLOCKS_DIFFER.length + 2))}`,
      todo: `compare the clock of ${proposer} with those of who refuse; all of them should keep time by NTP`
    }
  }
  return {
    code: 'refusal',
    why: `${list(voters)} did not endorse a block in round ${round}, in which ${proposer} was to propose: ${shown(reason)}`,
    todo: `look into the log of ${proposer}, and of who says so`
  }
}

function clockCauses({ clocks }: StallSnapshot): StallCause[] {
  const off = clocks.filter(({ ms }) => ms > AHEAD_MS || ms < -BEHIND_MS)
  if (off.length === 0) return []
  const ahead = off.filter(({ ms }) => ms > 0)
  const same = ahead.length === 0 || ahead.length === off.length
  const names = list(off.map(({ partner }) => partner))
  if (clocks.length === 1) {
    const why = `the clocks of this machine and of ${names} differ by about ${secondsOf(off)} s`
    return [{ code: 'clock', why, todo: 'one of both is wrong: set it right' }]
  }
  if (same && off.length > clocks.length / 2) {
    const why = `the clock of this machine is about ${secondsOf(off)} s ${ahead.length > 0 ? 'behind' : 'ahead of'} those of ${names}`
    return [{ code: 'clock', why, todo: 'set the clock of this machine right' }]
  }
  return off.slice(0, NAMED_MAX).map((one) => ({
    code: 'clock',
    why: `the clock of ${one.partner} is about ${secondsOf([one])} s ${one.ms > 0 ? 'ahead' : 'behind'}`,
    todo: `tell ${one.partner} to set its clock right`
  }))
}

function missingCauses({ missing, gaps }: StallSnapshot): StallCause[] {
  const blocks = missing.slice(0, NAMED_MAX).map(({ block, proposer, batches }): StallCause => {
    const of = `block ${block.slice(0, 16)}${proposer === '' ? '' : ` of ${proposer}`}`
    return {
      code: 'missing-batches',
      why:
        batches === null ? `${of} is not here` : `${count(batches, 'batch', 'batches')} of ${of} are nowhere to be had`,
      todo: `no connected partner gives it: see that the node of ${proposer || 'its proposer'} runs and is reached`
    }
  })
  if (gaps.length === 0) return blocks
  const names = list(gaps.map(({ author, sequence }) => `${author}/${sequence}`))
  const authors = list(gaps.map(({ author }) => author))
  const why = `batches wait for one before them that nobody has given: ${names}`
  return [...blocks, { code: 'missing-sequence', why, todo: `see that the node of ${authors} runs and is reached` }]
}

/** Partners that are connected and yet do not vote. */
function partnerCauses({ self, height, round, voters }: StallSnapshot): StallCause[] {
  const others = voters.filter(({ id, online }) => online && id !== self)
  const behind = others.filter((voter) => voter.height !== null && voter.height < height - 1)
  const silent = others.filter((voter) => !behind.includes(voter) && (voter.votedRound ?? -1) < round - 1)
  const causes: StallCause[] = []
  if (behind.length > 0) {
    causes.push({
      code: 'behind',
      why: `connected, but not yet at block ${height - 1}, and so not voting: ${list(behind.map((voter) => `${voter.id} (at ${voter.height})`))}`,
      todo: 'wait until they have caught up; if they do not, look into their logs'
    })
  }
  if (silent.length > 0) {
    causes.push({
      code: 'silent',
      why: `connected, but not voting: ${list(silent.map(({ id }) => id))}`,
      todo: 'look at `ledger status` there: the node may be rejoining, asking what others know of it, or stopped'
    })
  }
  return causes
}

function undecided({ height, round, proposerOf }: StallSnapshot): StallCause {
  return {
    code: 'undecided',
    why: `a quorum is online and has not agreed on block ${height} yet; this is round ${round}, ${proposerOf(round)} proposes`,
    todo: 'wait; if it stays so, look into the logs'
  }
}

/** The same for causes that differ in heights, rounds, times and amounts alone. */
export function causeKey({ code, why }: StallCause): string {
  return `${code} ${withoutNumbers(why)}`
}

/** The causes in one text. */
export function stallText(causes: readonly StallCause[]): string {
  return causes.map(({ why, todo }) => `${why}; ${todo}`).join('. ')
}

/** Without times, hashes and numbers that stand alone; those in names of partners stay. */
function withoutNumbers(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, '#')
    .replace(/\b[0-9a-f]{16,64}\b/g, '#')
    .replace(/(?<![\w/-])\d+(?:\.\d+)?(?![\w/-])/g, '#')
}

function shown(reason: string): string {
  return reason.length <= REASON_SHOWN_CHARS_MAX ? reason : `${reason.slice(0, REASON_SHOWN_CHARS_MAX)}...`
}

function list(names: readonly string[]): string {
  const more = names.length - NAMED_MAX
  return more > 0 ? `${names.slice(0, NAMED_MAX).join(', ')} and ${more} more` : names.join(', ')
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}

function secondsOf(off: readonly ClockOffset[]): number {
  return Math.max(1, Math.round(Math.max(...off.map(({ ms }) => Math.abs(ms))) / 1000))
}

/** Date and time without fractions of a second. */
function clock(ms: number): string {
  return timeText(ms).replace(/\.\d+Z$/, 'Z')
}
