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

/** An amendment that needs another's word, and what was said of it. */
export type AmendmentView = RecordView & {
  readonly amendment: AmendmentState
  readonly votes: readonly AmendmentVoteView[]
}

export interface AmendmentVoteView {
  readonly height: number
  readonly partner: string
  readonly reason: string
  readonly vote: 'yes' | 'no'
}

export type ListedAmendment = AmendmentView & { readonly cursor: string }

export type AmendmentsOptions = ListPage & { readonly state?: AmendmentState }
