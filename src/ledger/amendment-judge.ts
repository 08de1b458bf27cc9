import { assertInvariant, type Refusal } from '../base/errors.js'
import { amendProblem, ownerProblem } from './amend-right.js'
import { type Amendment, type AmendmentVote, amendmentIn, amendmentText } from './amendment-state.js'
import { governingIn } from './governance-change.js'
import { judgeContent } from './judge.js'
import { originalOf } from './judge-kept.js'
import type { CompiledObject } from './model.js'
import type { AmendApproval } from './network-definition.js'
import { type Partner, partnerOf } from './partner-set.js'
import { checkRecord } from './record.js'
import type { Newcomer } from './record-standing.js'
import { authorOf, standingRecord } from './standing-record.js'
import type { SystemGround, SystemVerdict } from './system-judge.js'
import type { SystemRecord } from './system-record.js'

type Approval = Extract<SystemRecord, { readonly object: '_approve' }>

/** Words of one partner on amendments in one block, refused ones too: one that approves judges the whole amendment. */
const WORDS_IN_BLOCK_MAX = 16

/** What a word on an amendment is judged on. */
export type ApprovalGround = Pick<
  SystemGround,
  'state' | 'height' | 'time' | 'id' | 'model' | 'partners' | 'latest'
> & {
  /** How many words of its author were in the block before this one. */
  readonly wordsBefore: number
}

/**
 * Judges one partner's word on an amendment that waits for it. With the word that is enough the amendment is judged once more,
 * by the rights, rules and neighbours of now, and stands; what refuses it then refuses this word, and the amendment waits on.
 */
export function judgeApproval(ground: ApprovalGround, author: Partner, said: Approval): SystemVerdict {
  if (ground.wordsBefore >= WORDS_IN_BLOCK_MAX)
    return refused('NOT_PERMITTED', `${author.id} said ${WORDS_IN_BLOCK_MAX} words on amendments in this block`)
  const amendment = amendmentIn(ground.state, said.amendment)
  if (amendment === null) return refused('REFERENCE_MISSING', `no amendment ${said.amendment} waits for approval`)
  if (amendment.state !== 'open') return refused('NOT_PERMITTED', `amendment ${amendment.id} is ${amendment.state}`)
  const { height, id, partners } = ground
  if (amendment.votes.some((vote) => vote.partner === author.id && vote.height === height))
    return refused('NOT_PERMITTED', `${author.id} said its word on amendment ${amendment.id} in this block`)
  // What is decided and not in force yet counts here at once, as with proposals.
  if (partnerOf(ground.latest, author.id)?.state !== 'active')
    return refused('NOT_PERMITTED', `partner ${author.id} is not active any more`)
  const vote: AmendmentVote = { height, id, partner: author.id, reason: said.reason, yes: said.yes }
  const votes = [...amendment.votes.filter(({ partner }) => partner !== author.id), vote]
  const next: Amendment = { ...amendment, votes: votes.sort((a, b) => (a.partner < b.partner ? -1 : 1)) }
  if (author.id === amendment.author && !said.yes) return closed({ ...next, state: 'withdrawn' })
  const object = ground.model.objects.get(amendment.object)
  const approval = object?.keeping?.amend?.approval ?? null
  if (object === undefined || approval === null)
    return refused('NOT_PERMITTED', `records of ${amendment.object} are not amended any more`)
  const may = approvalProblem(ground, author, approval, amendment)
  if (may !== null) return refused('NOT_PERMITTED', may)
  const outcome = outcomeOf(ground, approval, next)
  if (outcome !== 'approved') return closed({ ...next, state: outcome })
  const amender = partnerOf(partners, amendment.author)
  if (amender?.state !== 'active')
    return refused('NOT_PERMITTED', `partner ${amendment.author}, who wrote it, is ${amender?.state ?? 'unknown'}`)
  const stands = judgeAgain(ground, amender, object, amendment)
  return 'refusal' in stands
    ? { ok: false, refusal: stands.refusal }
    : { ok: true, effect: { amendment: { ...next, state: 'approved' }, ...stands } }
}

/** What stands once an amendment is approved, or what refuses it now. */
function judgeAgain(
  ground: ApprovalGround,
  amender: Partner,
  object: CompiledObject,
  amendment: Amendment
): { readonly stand: Newcomer } | { readonly refusal: Refusal } {
  const { height, time, state, model } = ground
  const text = amendmentText(state, amendment.id)
  // Within its bound it was when it was accepted.
  const record = checkRecord(model, text, Number.MAX_SAFE_INTEGER)
  const { body, key } = record
  assertInvariant(body !== null, 'an accepted amendment is a record')
  if (record.refusal !== null || key === null)
    return { refusal: record.refusal ?? { code: 'SCHEMA', message: 'it has no key' } }
  const right = amendProblem(object, amender)
  if (right !== null) return { refusal: right }
  const found = originalOf(state, object, amendment.record, key)
  if (!found.ok) return { refusal: found.refusal }
  const { original } = found
  const block = { height, time }
  const by = { id: amendment.author, role: amendment.role }
  const refusal = ownerProblem(object, amender, original.record) ?? judgeContent(state, by, block, { record, original })
  if (refusal !== null) return { refusal }
  const { place, owner } = original.record
  const { id, role } = amendment
  const own = { id, height: amendment.height, time: amendment.time, body, role, text }
  return { stand: { object, key, original, record: { ...own, place, owner, since: block } } }
}

/** How the words on an amendment that waits stand. */
export interface AmendmentTally {
  readonly yes: number
  readonly no: number
  /** Words for it that are enough. */
  readonly needed: number
  /** Partners whose word counts and who have not said it. */
  readonly waiting: readonly string[]
}

/** Counts the words that an amendment has, by what is in force now. */
export function amendmentTally(
  ground: Pick<ApprovalGround, 'state' | 'model' | 'partners'>,
  amendment: Amendment
): AmendmentTally {
  const approval = ground.model.objects.get(amendment.object)?.keeping?.amend?.approval ?? null
  const heard = ground.partners.partners.filter(
    (one) => approval !== null && one.state === 'active' && approvalProblem(ground, one, approval, amendment) === null
  )
  const votes = amendment.votes.filter(({ partner }) => heard.some(({ id }) => id === partner))
  const yes = votes.filter((vote) => vote.yes).length
  const waiting = heard.map(({ id }) => id).filter((id) => !votes.some(({ partner }) => partner === id))
  const needed = approval === 'ballot' ? Math.floor(heard.length / 2) + 1 : 1
  return { yes, no: votes.length - yes, needed, waiting }
}

/** Why a partner's word on an amendment does not count, or null. */
function approvalProblem(
  { model, partners, state }: Pick<ApprovalGround, 'state' | 'model' | 'partners'>,
  author: Partner,
  approval: AmendApproval,
  amendment: Amendment
): string | null {
  // It waits since another file asked for approval.
  if (approval === 'none')
    return author.id === amendment.author ? null : `only ${amendment.author}, who wrote it, says a word on it by now`
  if (approval === 'own') {
    const owner = standingRecord(state, amendment.object, amendment.record, null)?.owner ?? authorOf(amendment.record)
    return owner === author.id ? null : `only ${owner}, who wrote ${amendment.record}, approves of its amendment`
  }
  if (approval === 'ballot') {
    const governs = governingIn(model.network, partners).some(({ id }) => id === author.id)
    return governs ? null : `role ${author.role} does not govern: ${author.id} may not vote on amendments`
  }
  if (approval.includes(author.role)) return null
  return `role ${author.role} does not approve of amendments; roles that do: ${approval.join(', ')}`
}

/** One word is enough, but for a ballot: there more than half of the partners that govern have to agree. */
function outcomeOf(
  { model: { network }, partners }: ApprovalGround,
  approval: AmendApproval,
  { votes }: Amendment
): 'open' | 'approved' | 'rejected' {
  if (approval !== 'ballot') return votes.some(({ yes }) => yes) ? 'approved' : 'rejected'
  const governing = governingIn(network, partners).map(({ id }) => id)
  const counted = votes.filter(({ partner }) => governing.includes(partner))
  const yes = counted.filter((vote) => vote.yes).length
  if (2 * yes > governing.length) return 'approved'
  return 2 * (counted.length - yes) >= governing.length ? 'rejected' : 'open'
}

function closed(amendment: Amendment): SystemVerdict {
  return { ok: true, effect: { amendment } }
}

function refused(code: Refusal['code'], message: string): SystemVerdict {
  return { ok: false, refusal: { code, message } }
}
