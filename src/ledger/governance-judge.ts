import type { Refusal } from '../base/errors.js'
import type { Json } from '../base/json.js'
import { closeAdmission, OPEN_MAX, OPEN_OF_ONE_MAX, openOf } from './admission-ballot.js'
import { compiledModel } from './compiled-models.js'
import { definitionVersion } from './definition-version.js'
import { type Change, governingIn, isOwnAffair, type ProposedChange } from './governance-change.js'
import { baseOfChange, type Decided, decisionProblem } from './governance-decided.js'
import {
  type Ballot,
  type GovernanceProposal,
  openProposalsIn,
  proposalIn,
  writeDefinition,
  writeOpenProposals,
  writeProposal
} from './governance-state.js'
import type { NetworkDefinition } from './network-definition.js'
import { type Partner, type PartnerSet, partnerOf } from './partner-set.js'
import type { SystemGround, SystemVerdict } from './system-judge.js'
import type { SystemRecord } from './system-record.js'

/**
 * Proposals of one partner in one block, refused ones too: each may hold a network file, which takes time to look at, and
 * one that is withdrawn makes room for the next.
 */
const PROPOSED_IN_BLOCK_MAX = 8

/** Milliseconds that a proposal may be open: a year. */
const OPEN_MS_MAX = 366 * 24 * 3_600_000

type Of<Name extends SystemRecord['object']> = Extract<SystemRecord, { readonly object: Name }>

/**
 * Judges a proposal. What follows from it and all ballots together is worked out at the end of the block, see
 * governance-settle.
 */
export function judgeProposal(ground: SystemGround, author: Partner, record: Of<'_proposal'>): SystemVerdict {
  const { state, time, height, id, proposedBefore } = ground
  const { expires, reason } = record
  if (proposedBefore >= PROPOSED_IN_BLOCK_MAX) {
    return refused('NOT_PERMITTED', `${author.id} made ${PROPOSED_IN_BLOCK_MAX} proposals in this block`)
  }
  const since = problemSince(ground, author)
  if (since !== null) return refused('NOT_PERMITTED', since)
  const governs = mayGovern(ground, author)
  const isOwn = isOwnAffair(author.id, record.change)
  if (!governs && !isOwn) return mayNot(author, 'propose this')
  if (expires <= time) return refused('NOT_PERMITTED', 'the proposal has expired')
  if (expires > time + OPEN_MS_MAX) return refused('NOT_PERMITTED', 'a proposal is open for up to 366 days')
  const open = openProposalsIn(state)
  // Others must not keep anybody from going, or from replacing a stolen key; that is decided with the block.
  if (open.length >= OPEN_MAX && !isOwn) return refused('NOT_PERMITTED', `${OPEN_MAX} proposals are open`)
  if (openOf(state, author.id) >= OPEN_OF_ONE_MAX && !isOwn)
    return refused('NOT_PERMITTED', `${author.id} has ${OPEN_OF_ONE_MAX} open proposals`)
  // Last, since a network definition costs the most to look at.
  const judged = judgeChange(ground, record.change)
  if (!judged.ok) return judged
  const { change } = judged
  const proposal: GovernanceProposal = {
    ballots: governs ? [{ height, partner: author.id, reason: '', yes: true }] : [],
    base: baseOfChange(decidedIn(ground), change),
    by: author.id,
    change: change.kind === 'model' ? { kind: 'model', model: change.model.hash } : change,
    closed: 0,
    effective: 0,
    expires,
    id,
    opened: height,
    reason,
    state: 'open'
  }
  const definition = change.kind === 'model' ? [writeDefinition(id, change.model)] : []
  return { ok: true, effect: { writes: [...definition, writeProposal(proposal), writeOpenProposals([...open, id])] } }
}

type ReadChange = { readonly ok: true; readonly change: Change } | { readonly ok: false; readonly refusal: Refusal }

type ChangeGround = Pick<SystemGround, 'latestModel' | 'latest' | 'latestVersion' | 'version'>

function decidedIn({ latestModel, latest, latestVersion }: ChangeGround): Decided {
  return { model: latestModel, partners: latest, version: latestVersion }
}

/** What is proposed, or why nobody can propose it as things stand. */
export function judgeChange(ground: ChangeGround, change: ProposedChange): ReadChange {
  const read = changeOfRecord(ground, change)
  if (!read.ok) return read
  const problem = decisionProblem(decidedIn(ground), read.change)
  return problem === null ? read : refused('NOT_PERMITTED', problem)
}

/** A definition with mistakes is refused with the first of them. */
function changeOfRecord({ latestModel, version }: ChangeGround, change: ProposedChange): ReadChange {
  if (change.kind !== 'model') return { ok: true, change }
  const needed = definitionVersion(change.network as unknown as Json)
  if (needed > version) {
    const message = `the network file says what there is from version ${needed} on, and the network is at version ${version}`
    return { ok: false, refusal: { code: 'SCHEMA', message, path: '/change/network' } }
  }
  const compiled = compiledModel(change.network, latestModel.limits)
  if (compiled.ok) return { ok: true, change: { kind: 'model', model: compiled.value } }
  return { ok: false, refusal: { code: 'SCHEMA', message: compiled.refusal.message, path: '/change/network' } }
}

/** Judges one partner's say on an open proposal; a later one replaces it. */
export function judgeBallot(ground: SystemGround, author: Partner, record: Of<'_ballot'>): SystemVerdict {
  const since = problemSince(ground, author)
  if (since !== null) return refused('NOT_PERMITTED', since)
  if (!mayGovern(ground, author)) return mayNot(author, 'vote on this')
  const found = openProposal(ground, record.proposal)
  if (!found.ok) return found
  // Each writes the whole proposal anew.
  if (found.proposal.ballots.some(({ height, partner }) => partner === author.id && height === ground.height)) {
    return refused('NOT_PERMITTED', `${author.id} has voted on proposal ${record.proposal} in this block`)
  }
  const ballot: Ballot = { height: ground.height, partner: author.id, reason: record.reason, yes: record.yes }
  const others = found.proposal.ballots.filter(({ partner }) => partner !== author.id)
  const ballots = [...others, ballot].sort((a, b) => (a.partner < b.partner ? -1 : 1))
  return { ok: true, effect: { writes: [writeProposal({ ...found.proposal, ballots })] } }
}

/** Judges that a proposal is taken back by whoever made it. */
export function judgeWithdrawal(ground: SystemGround, author: Partner, id: string): SystemVerdict {
  const since = problemSince(ground, author)
  if (since !== null) return refused('NOT_PERMITTED', since)
  const found = openProposal(ground, id)
  if (!found.ok) return found
  if (found.proposal.by !== author.id) {
    return refused('NOT_PERMITTED', `${found.proposal.by} made proposal ${id}: only it may withdraw it`)
  }
  const proposal: GovernanceProposal = { ...found.proposal, closed: ground.height, state: 'withdrawn' }
  const open = openProposalsIn(ground.state).filter((other) => other !== id)
  const writes = [writeProposal(proposal), writeOpenProposals(open), ...closeAdmission(proposal, 'withdrawn')]
  return { ok: true, effect: { writes } }
}

type Found =
  | { readonly ok: true; readonly proposal: GovernanceProposal }
  | { readonly ok: false; readonly refusal: Refusal }

function openProposal({ state, time }: SystemGround, id: string): Found {
  const proposal = proposalIn(state, id)
  if (proposal === null) return refused('REFERENCE_MISSING', `there is no proposal ${id}`)
  if (proposal.state !== 'open') return refused('NOT_PERMITTED', `proposal ${id} is ${proposal.state}`)
  return time >= proposal.expires ? refused('NOT_PERMITTED', `proposal ${id} has expired`) : { ok: true, proposal }
}

/**
 * What was decided of the author and is not in force yet counts here at once: whoever holds a stolen key must not undo, in
 * the block in between, what took that key or that partner away.
 */
function problemSince({ latest }: SystemGround, author: Partner): string | null {
  const decided = partnerOf(latest, author.id)
  if (decided?.state !== 'active') return `partner ${author.id} is ${decided?.state ?? 'unknown'}`
  return decided.key === author.key ? null : `partner ${author.id} has another key`
}

/** Whose role is to change counts for nothing any more, although it still has it. */
function mayGovern({ network, partners, latest, latestModel }: SystemGround, author: Partner): boolean {
  const governs = (by: NetworkDefinition, set: PartnerSet): boolean => {
    return governingIn(by, set).some(({ id }) => id === author.id)
  }
  return governs(network, partners) && governs(latestModel.network, latest)
}

function mayNot(author: Partner, what: string): { readonly ok: false; readonly refusal: Refusal } {
  return refused('NOT_PERMITTED', `role ${author.role} does not govern: ${author.id} may not ${what}`)
}

function refused(code: Refusal['code'], message: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { code, message } }
}
