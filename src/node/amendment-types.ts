import type { AmendmentTally } from '../ledger/amendment-judge.js'
import type { AmendmentState } from '../ledger/amendment-state.js'
import type { ListPage, RecordView } from './ledger-node.js'

export const AMENDMENT_STATES = [
  'open',
  'approved',
  'rejected',
  'withdrawn'
] as const satisfies readonly AmendmentState[]

/** A partner's word on an amendment. */
export interface ApprovalOptions {
  readonly yes: boolean
  readonly reason?: string
}

/** What was said of an amendment. */
export interface AmendmentWords {
  /** The newest word of each partner. */
  readonly votes: readonly AmendmentVoteView[]
  /** While it waits: what is still missing. */
  readonly tally?: AmendmentTally
}

/** An amendment that needs another's word, and what was said of it. */
export type AmendmentView = RecordView & AmendmentWords & { readonly amendment: AmendmentState }

export interface AmendmentVoteView {
  readonly height: number
  readonly partner: string
  readonly reason: string
  readonly vote: 'yes' | 'no'
}

export type ListedAmendment = AmendmentView & { readonly cursor: string }

export type AmendmentsOptions = ListPage & { readonly state?: AmendmentState }

export interface Amendments {
  /** Amendments that need, or needed, another's word, in the order of their ids. */
  amendments(options: AmendmentsOptions): Promise<readonly ListedAmendment[]>
  /**
   * Says yes or no to an amendment; resolves once a block has it.
   * @throws LedgerError NOT_FOUND; NOT_PERMITTED; what now refuses the amendment itself; NO_QUORUM
   */
  approve(id: string, options: ApprovalOptions): Promise<AmendmentView>
}
