import { LedgerError } from '../base/errors.js'
import { AMENDMENT_PREFIX, type Amendment, amendmentIn, readAmendment } from '../ledger/amendment-state.js'
import type { AmendmentView, ListedAmendment } from './amendment-types.js'
import type { Chain } from './chain.js'
import type { LedgerNode, RecordView } from './ledger-node.js'
import { listLimit } from './queries.js'
import type { SystemWriter } from './system-writer.js'

/** Amendments read between two breaths of the event loop. */
const SLICE = 200

export interface AmendmentsDependencies {
  readonly chain: Pick<Chain, 'store'>
  readonly writer: Pick<SystemWriter, 'write'>
  readonly show: (id: string) => RecordView | null
}

/** Amendments that need another's word: listed, and approved or not. */
export function createAmendments({ chain, writer, show }: AmendmentsDependencies) {
  const { store } = chain

  function view({ id, state, votes }: Amendment): AmendmentView {
    const record = show(id)
    if (record === null) throw new LedgerError('STORE_DAMAGED', `record ${id} is in the state and not in the store`)
    return {
      ...record,
      amendment: state,
      votes: votes.map(({ height, partner, reason, yes }) => ({ height, partner, reason, vote: yes ? 'yes' : 'no' }))
    }
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
    find(id)
    await writer.write('_approve', { amendment: id, reason, yes })
    return view(find(id))
  }

  return { amendments, approve }
}
