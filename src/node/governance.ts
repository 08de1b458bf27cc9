import { LedgerError } from '../base/errors.js'
import { recordId } from '../base/ids.js'
import { applyChange, changeProblem, governingIn, type PartnerChange } from '../ledger/governance-change.js'
import { tallyOfBallots } from '../ledger/governance-settle.js'
import { type GovernanceProposal, proposalIn } from '../ledger/governance-state.js'
import { quorumOfSet, votersOf } from '../ledger/partner-set.js'
import { instantOfMillis, writeDateTime } from '../ledger/rfc3339.js'
import type { Chain } from './chain.js'
import type { ListPage, ProposalOptions, ProposalView, ShownProposalState, VoteOptions } from './ledger-node.js'
import { proposalPlaces } from './proposal-history.js'
import { listLimit } from './queries.js'
import type { Replica } from './replica-types.js'
import type { SetHistory } from './set-history.js'
import { readSystemCursor, systemCursorText } from './system-cursor.js'
import type { SystemWriter } from './system-writer.js'

export interface GovernanceDependencies {
  readonly replica: Pick<Replica, 'chain'>
  readonly self: string
  readonly sets: SetHistory
  /** Partners that are connected. */
  readonly connected: () => readonly string[]
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly writer: SystemWriter
}

/** Proposals and ballots: made here, and shown with what they would do, who has voted and what is still missing. */
export function createGovernance(dependencies: GovernanceDependencies) {
  const { replica, self, sets, connected, now, writer } = dependencies
  const { chain } = replica
  const network = () => chain.rulebook.model.network

  /** A change that leaves fewer voters connected than a quorum needs would stop the network: told with the arithmetic. */
  function assertAlive(change: PartnerChange, force: boolean): void {
    const latest = chain.rulebook.nextPartners
    if (force || changeProblem(network(), latest, change) !== null) return
    const after = applyChange(network(), latest, change)
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

  function find(id: string): GovernanceProposal {
    const proposal = proposalIn(chain.store.state, id)
    if (proposal === null) throw new LedgerError('NOT_FOUND', `there is no proposal ${id}`, { id })
    return proposal
  }

  function view(proposal: GovernanceProposal): ProposalView {
    const { id, by, change, ballots, reason, opened, closed, effective } = proposal
    const set = closed === 0 ? chain.rulebook.nextPartners : sets.at(closed + 1)
    const { yes, no, needed } = tallyOfBallots(network(), set, proposal)
    const voted = new Set(ballots.map(({ partner }) => partner))
    const state = stateOf(chain, proposal)
    const waiting = state === 'open' ? governingIn(network(), set).filter((partner) => !voted.has(partner.id)) : []
    return {
      id,
      kind: change.kind,
      state,
      by,
      change,
      difference: differenceOf(proposal),
      votes: ballots.map(({ partner, yes, reason, height }) => ({ partner, vote: yes ? 'yes' : 'no', reason, height })),
      yes,
      no,
      needed,
      waiting: waiting.map(({ id }) => id),
      effectiveHeight: effective === 0 ? null : effective,
      opened,
      closed: closed === 0 ? null : closed,
      expires: writeDateTime(instantOfMillis(proposal.expires)),
      reason
    }
  }

  /** Oldest first. */
  async function proposals({ state, after, ...page }: ListPage & { state?: ShownProposalState }) {
    const limit = listLimit(page.limit)
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
      assertAlive(change, force)
      const data = { change: { ...change }, expires: now() + expiresMs, reason }
      return view(find(await writer.write('_proposal', data)))
    },
    async vote(id: string, { yes, reason = '', force = false }: VoteOptions): Promise<ProposalView> {
      writer.assertHeard()
      if (yes) assertAlive(find(id).change, force)
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
function differenceOf({ change, base }: GovernanceProposal): ProposalView['difference'] {
  const [before = ''] = base.split(' ')
  switch (change.kind) {
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
        { member: 'partner', before: 'none', after: `${change.partner} (${change.name})` },
        { member: 'role', before: 'none', after: change.role },
        { member: 'key', before: 'none', after: change.key },
        { member: 'state', before: 'none', after: 'pending, then active' }
      ]
  }
}
