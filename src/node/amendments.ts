import { LedgerError } from '../base/errors.js'
import { amendmentTally } from '../ledger/amendment-judge.js'
import { AMENDMENT_PREFIX, type Amendment, amendmentIn, readAmendment } from '../ledger/amendment-state.js'
import type { AmendmentView, AmendmentWords, ListedAmendment } from './amendment-types.js'
import type { Chain } from './chain.js'
import type { LedgerNode, RecordView } from './ledger-node.js'
import { listLimit } from './queries.js'
import type { SystemWriter } from './system-writer.js'

/** Amendments read between two breaths of the event loop. */
const SLICE = 200

export interface AmendmentsDependencies {
  readonly chain: Pick<Chain, 'store' | 'rulebook'>
  readonly writer: Pick<SystemWriter, 'write'>
  readonly show: (id: string) => RecordView | null
}

/** Amendments that need another's word: listed, and approved or not. */
export function createAmendments({ chain, writer, show }: AmendmentsDependencies) {
  const { store } = chain

  function view(amendment: Amendment): AmendmentView {
    const { id, state } = amendment
    const record = show(id)
    if (record === null) throw new LedgerError('STORE_DAMAGED', `record ${id} is in the state and not in the store`)
    return { ...record, amendment: state, ...wordsOf(amendment) }
  }

  function wordsOf(amendment: Amendment): AmendmentWords {
    const { model, partners } = chain.rulebook
    const votes = amendment.votes.map(({ height, partner, reason, yes }) => {
      return { height, partner, reason, vote: yes ? ('yes' as const) : ('no' as const) }
    })
    if (amendment.state !== 'open') return { votes }
    return { votes, tally: amendmentTally({ state: store.state, model, partners }, amendment) }
  }

  function find(id: string): Amendment {
    const found = amendmentIn(store.state, id)
    if (found !== null) return found
    throw new LedgerError('NOT_FOUND', `there is no amendment ${id} that needs, or needed, another's word`, { id })
  }

  const amendments: LedgerNode['amendments'] = async ({ state, after, limit }) => {
    const found: ListedAmendment[] = []
    const max = listLimit(limit)
    const from = after === undefined ? {} : { after: `${AMENDMENT_PREFIX}${after}` }
    let seen = 0
    for await (const { entry } of store.states(AMENDMENT_PREFIX, from)) {
      if (++seen % SLICE === 0) await new Promise((resolve) => setImmediate(resolve))
      const amendment = readAmendment(entry)
      if (state !== undefined && amendment.state !== state) continue
      found.push({ ...view(amendment), cursor: amendment.id })
      if (found.length === max) break
    }
    return found
  }

  const approve: LedgerNode['approve'] = async (id, { yes, reason = '' }) => {
    const amendment = find(id)
    await writer.write('_approve', { amendment: id, reason, yes }).catch((error: unknown) => {
      throw withRemedy(error, amendment)
    })
    return view(find(id))
  }

  return {
    amendments,
    approve,
    /** A record, and of an amendment also what was said of it. */
    show(id: string): RecordView | null {
      const record = show(id)
      return record?.amendment === undefined ? record : view(find(id))
    }
  }
}

/** It fitted its schema when it was accepted: the schema is another one by now, and what it says cannot be changed. */
function withRemedy(error: unknown, { id, author, record }: Amendment): unknown {
  if (!(error instanceof LedgerError) || error.code !== 'SCHEMA') return error
  const remedy =
    `the network file has changed since it was written: ${author} takes it back (ledger approve ${id} no) ` +
    `and amends anew (ledger amend ${record} ...)`
  return new LedgerError(error.code, error.message, { ...error.details, remedy }, error.cause, error.blame)
}
