import { LedgerError } from '../../src/base/errors.js'
import { type GovernanceProposal, openProposalsIn, proposalIn } from '../../src/ledger/governance-state.js'
import type { StateReader } from '../../src/ledger/state.js'

/** The open proposals as somebody reads them at a node: what is damaged there is an error to the reader, who looks again later. */
export function openProposalsAt(state: StateReader): GovernanceProposal[] {
  try {
    return openProposalsIn(state).flatMap((id) => proposalIn(state, id) ?? [])
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'STORE_DAMAGED') return []
    throw error
  }
}
