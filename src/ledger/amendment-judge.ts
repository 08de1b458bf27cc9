import type { Refusal } from '../base/errors.js'
import { ownerOf } from './amend-right.js'
import { type Amendment, type AmendmentVote, amendmentIn } from './amendment-state.js'
import { governingIn } from './governance-change.js'
import { judgeContent } from './judge.js'
import { originalOf } from './judge-kept.js'
import type { AmendApproval } from './network-definition.js'
import type { Partner } from './partner-set.js'
import { checkRecord } from './record.js'
import type { Newcomer } from './record-standing.js'
import type { SystemGround, SystemVerdict } from './system-judge.js'
import type { SystemRecord } from './system-record.js'

type Approval = Extract<SystemRecord, { readonly object: '_approve' }>

/** What a word on an amendment is judged on. */
export type ApprovalGround = Pick<SystemGround, 'state' | 'height' | 'time' | 'id' | 'model' | 'partners'>

/**
 * Judges one partner's word on an amendment that waits for it. With the word that is enough the amendment is judged once more,
 * by the rules and neighbours of now, and stands; what refuses it then refuses this word, and the amendment waits on.
 */
export function judgeApproval(ground: ApprovalGround, author: Partner, record: Approval): SystemVerdict {
  const amendment = amendmentIn(ground.state, record.amendment)
  if (amendment === null) return refused('REFERENCE_MISSING', `no amendment ${record.amendment} waits for approval`)
  if (amendment.state !== 'open') return refused('NOT_PERMITTED', `amendment ${amendment.id} is ${amendment.state}`)
  const { height: at, id: by } = ground
  const vote: AmendmentVote = { height: at, id: by, partner: author.id, reason: record.reason, yes: record.yes }
  const votes = [...amendment.votes.filter(({ partner }) => partner !== author.id), vote]
  const said: Amendment = { ...amendment, votes: votes.sort((a, b) => (a.partner < b.partner ? -1 : 1)) }
  if (author.id === amendment.author && !record.yes) return closed({ ...said, state: 'withdrawn' })
  // Within its bound it was when it was accepted.
  const read = checkRecord(ground.model, amendment.text, Number.MAX_SAFE_INTEGER)
  const { body, object, key } = read
  const amends = body?.amends
  const approval = object?.keeping?.amend?.approval ?? null
  if (amends === undefined || object === null || approval === null)
    return refused('NOT_PERMITTED', `records of ${body?.object ?? 'this kind'} are not amended any more`)
  const may = approvalProblem(ground, author, approval, amends.record)
  if (may !== null) return refused('NOT_PERMITTED', may)
  const outcome = outcomeOf(ground, approval, said)
  if (outcome !== 'approved') return closed({ ...said, state: outcome })
  if (read.refusal !== null || key === null)
    return { ok: false, refusal: read.refusal ?? { code: 'SCHEMA', message: '' } }
  const found = originalOf(ground.state, object, amends.record, key)
  if (!found.ok) return found
  const { height, time } = ground
  const amender = { id: amendment.author, role: amendment.role }
  const refusal = judgeContent(ground.state, amender, { height, time }, { record: read, original: found.original })
  if (refusal !== null) return { ok: false, refusal }
  const { id, role, text } = amendment
  const place = found.original.record.place
  const standing = { id, height: amendment.height, time: amendment.time, body: body!, place, role, text }
  const newcomer: Newcomer = { object, key, original: found.original, record: standing }
  return { ok: true, effect: { amendment: { ...said, state: 'approved' }, stand: newcomer } }
}

/** Why a partner's word on an amendment does not count, or null. */
function approvalProblem(
  { model: { network }, partners }: ApprovalGround,
  author: Partner,
  approval: AmendApproval,
  original: string
): string | null {
  if (approval === 'none') return null
  if (approval === 'own') {
    const owner = ownerOf(original)
    return owner === author.id ? null : `only ${owner}, who wrote ${original}, approves of its amendment`
  }
  if (approval === 'ballot') {
    const governs = governingIn(network, partners).some(({ id }) => id === author.id)
    return governs ? null : `role ${author.role} does not govern: ${author.id} may not vote on amendments`
  }
  return approval.includes(author.role)
    ? null
    : `role ${author.role} does not approve of amendments: ${approval.join(', ')} do`
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
