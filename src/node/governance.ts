import { assertInvariant, LedgerError } from '../base/errors.js'
import { recordId } from '../base/ids.js'
import type { JsonObject } from '../base/json.js'
import {
  type AdmitChange,
  type Change,
  governingIn,
  type PartnerChange,
  type ProposedChange
} from '../ledger/governance-change.js'
import { type Decided, decidedAfter, decisionProblem } from '../ledger/governance-decided.js'
import { tallyOfBallots } from '../ledger/governance-settle.js'
import { changeIn, type GovernanceProposal, proposalIn, votedChangeIn } from '../ledger/governance-state.js'
import type { VersionChange } from '../ledger/governance-version.js'
import { networkDifference } from '../ledger/network-difference.js'
import { quorumOfSet, votersOf } from '../ledger/partner-set.js'
import { instantOfMillis, writeDateTime } from '../ledger/rfc3339.js'
import { awaitedProposal } from './awaited-proposal.js'
import type { Chain } from './chain.js'
import type { ListPage, ProposalOptions, ProposalView, ShownProposalState, VoteOptions } from './ledger-node.js'
import type { ModelHistory } from './model-history.js'
import { readDefinition, sizeProblem } from './network-proposal.js'
import { proposalPlaces } from './proposal-history.js'
import { listLimit } from './queries.js'
import type { Rehearsals } from './rehearsals.js'
import type { Replica } from './replica-types.js'
import type { SetHistory } from './set-history.js'
import { readSystemCursor, systemCursorText } from './system-cursor.js'
import type { SystemWriter } from './system-writer.js'
import type { Timers } from './timers.js'
import { createVersionAgreement } from './version-agreement.js'
import { assertSupport, supportOf } from './version-support.js'

export interface GovernanceDependencies {
  readonly replica: Pick<Replica, 'chain' | 'wish'>
  readonly self: string
  readonly sets: SetHistory
  readonly models: ModelHistory
  /** Partners that are connected. */
  readonly connected: () => readonly string[]
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Own addresses as they are told to others. */
  readonly addresses: () => readonly string[]
  readonly writer: SystemWriter
  readonly timers: Timers
  /** How the rehearsal of a proposal stands. */
  readonly rehearsalOf: Rehearsals['of']
}

interface Differences {
  readonly list: ProposalView['difference']
  readonly leftOut: number
}

/** Proposals and ballots: made here, and shown with what they would do, who has voted and what is still missing. */
export function createGovernance(dependencies: GovernanceDependencies) {
  const { replica, self, sets, models, connected, addresses, now, writer, timers, rehearsalOf } = dependencies
  const { chain } = replica
  const agreement = createVersionAgreement({ chain, wish: replica.wish, addresses, write: writer.write })

  /** What every further change is made to. */
  function decided(): Decided {
    const { models, nextPartners, nextVersion } = chain.rulebook
    return { model: models.next.model, partners: nextPartners, version: nextVersion }
  }

  /** A change that leaves fewer voters connected than a quorum needs would stop the network: told with the arithmetic. */
  function assertAlive(change: Change, force: boolean): void {
    if (change.kind === 'version') {
      assertSupport(chain, self, change.version, force)
      return
    }
    if (force || decisionProblem(decided(), change) !== null) return
    const after = decidedAfter(decided(), change).partners
    const alive = new Set([self, ...connected()])
    const voters = votersOf(after)
    const online = voters.filter(({ id }) => alive.has(id)).length
    const needed = quorumOfSet(after)
    if (online >= needed) return
    const away = voters.filter(({ id }) => !alive.has(id)).map(({ id }) => id)
    const message =
      `${voters.length} voters would be left, ${needed} of them are needed for a block, and ${online} are connected now ` +
      `(away: ${away.join(', ')}): nothing would be committed until enough are back; --force does it all the same`
    throw new LedgerError('TOO_FEW_ALIVE', message, { voters: voters.length, needed, online, away })
  }

  function find(id: string, proposal = proposalIn(chain.store.state, id)): GovernanceProposal {
    if (proposal === null) throw new LedgerError('NOT_FOUND', `there is no proposal ${id}`, { id })
    return proposal
  }

  function view(proposal: GovernanceProposal): ProposalView {
    const { id, by, change, ballots, reason, opened, closed, effective } = proposal
    const set = closed === 0 ? chain.rulebook.nextPartners : sets.at(closed + 1)
    const network = closed === 0 ? chain.rulebook.models.next.model.network : models.at(closed + 1)
    const { yes, no, needed } = tallyOfBallots(network, set, proposal, votedChangeIn(chain.store.state, proposal))
    const { list, leftOut } = differencesOf(proposal)
    const voted = new Set(ballots.map(({ partner }) => partner))
    const state = stateOf(chain, proposal)
    const rehearsal = rehearsalOf(id)
    const waiting = state === 'open' ? governingIn(network, set).filter((partner) => !voted.has(partner.id)) : []
    return {
      id,
      kind: change.kind,
      state,
      by,
      change,
      difference: list,
      differenceLeftOut: leftOut,
      votes: ballots.map(({ partner, yes, reason, height }) => ({ partner, vote: yes ? 'yes' : 'no', reason, height })),
      yes,
      no,
      needed,
      waiting: waiting.map(({ id }) => id),
      effectiveHeight: effective === 0 ? null : effective,
      opened,
      closed: closed === 0 ? null : closed,
      expires: writeDateTime(instantOfMillis(proposal.expires)),
      reason,
      ...(change.kind === 'version' ? { support: supportOf(chain) } : {}),
      ...(rehearsal === undefined ? {} : { rehearsal })
    }
  }

  function differencesOf(proposal: GovernanceProposal): Differences {
    const { base } = proposal
    const change = votedChangeIn(chain.store.state, proposal)
    if (change.kind !== 'model') return { list: differenceOf(change, base), leftOut: 0 }
    const before = models.of(base)
    assertInvariant(before !== undefined, 'the definition that a proposal rests on is kept')
    const { list, leftOut } = networkDifference(before, change.model.network)
    return { list: list.map(({ path, ...rest }) => ({ member: path, ...rest })), leftOut }
  }

  /** A network definition is written in full; every mistake in it is told. */
  function changeOf(change: ProposedChange): { readonly said: ProposedChange; readonly change: Change } {
    if (change.kind !== 'model') return { said: change, change }
    const { network, model } = readDefinition(change.network as unknown as JsonObject, decided().model.limits)
    return { said: { kind: 'model', network }, change: { kind: 'model', model } }
  }

  /** Oldest first. */
  async function proposals({ state, after, ...page }: ListPage & { state?: ShownProposalState }) {
    const limit = listLimit(page.limit)
    if (agreement.isFirst()) {
      const shown = after === undefined ? agreement.view() : null
      return shown === null || (state !== undefined && shown.state !== state) ? [] : [{ ...shown, cursor: '0' }]
    }
    const found: (ProposalView & { readonly cursor: string })[] = []
    const from = after === undefined ? undefined : readSystemCursor(after)
    for await (const place of proposalPlaces(chain.store, from)) {
      const position = chain.store.block(place.height)?.batches[place.batch]
      const id = position && recordId(position.author, position.sequence, place.index)
      const proposal = id === undefined ? null : proposalIn(chain.store.state, id)
      if (proposal === null) continue
      const shown = view(proposal)
      if (state === undefined || shown.state === state) found.push({ ...shown, cursor: systemCursorText(place) })
      if (found.length === limit) break
    }
    return found
  }

  return {
    proposals,
    proposal: (id: string): ProposalView => view(find(id)),
    async propose({ change, reason = '', expiresMs, force = false }: ProposalOptions): Promise<ProposalView> {
      writer.assertHeard()
      if (agreement.isFirst() && change.kind !== 'version') throw agreement.refuse()
      const read = changeOf(change)
      const data = { change: { ...read.said } as unknown as JsonObject, expires: now() + expiresMs, reason }
      const tooLarge = sizeProblem(chain, data)
      if (tooLarge !== null) throw new LedgerError(tooLarge.code, tooLarge.message, { ...tooLarge.details })
      assertAlive(read.change, force)
      if (agreement.isFirst() && change.kind === 'version') return await agreement.agree(change)
      return view(find(await writer.write('_proposal', data)))
    },
    async vote(id: string, { yes, reason = '', force = false }: VoteOptions): Promise<ProposalView> {
      writer.assertHeard()
      const proposal = find(id, await awaitedProposal(chain, timers, id))
      if (yes) assertAlive(changeIn(chain.store.state, decided().model.limits, proposal), force)
      await writer.write('_ballot', { proposal: id, reason, yes })
      return view(find(id))
    },
    async withdraw(id: string): Promise<ProposalView> {
      find(id)
      await writer.write('_withdraw', { proposal: id })
      return view(find(id))
    }
  }
}

/** As people see it: a change counts as enacted only once it is in force for the next block. */
function stateOf(chain: Chain, { state, effective, expires }: GovernanceProposal): ShownProposalState {
  if (state === 'passed') return chain.tip.height + 1 >= effective ? 'enacted' : 'passed'
  return state === 'open' && chain.tip.time >= expires ? 'expired' : state
}

/** What would be another one, before and after. */
function differenceOf(change: PartnerChange | AdmitChange | VersionChange, base: string): ProposalView['difference'] {
  const [before = ''] = base.split(' ')
  switch (change.kind) {
    case 'version':
      return [{ member: 'version', before, after: String(change.version) }]
    case 'suspend':
      return [{ member: 'state', before, after: 'suspended' }]
    case 'reinstate':
      return [{ member: 'state', before, after: 'pending, then active' }]
    case 'remove':
      return [{ member: 'state', before, after: 'removed' }]
    case 'role':
      return [{ member: 'role', before, after: change.role }]
    case 'key':
      return [{ member: 'key', before, after: change.key }]
    case 'admit':
      return [
        { member: 'partner', before: null, after: `${change.partner} (${change.name})` },
        { member: 'role', before: null, after: change.role },
        { member: 'key', before: null, after: change.key },
        { member: 'state', before: null, after: 'pending, then active' }
      ]
  }
}
