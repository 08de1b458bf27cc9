import { LedgerError } from '../../src/base/errors.js'
import type { InvitationView, LedgerNode, ProposalView, RecordView } from '../../src/node/ledger-node.js'
import type { RehearsalOptions, RehearsalReport } from '../../src/node/rehearsal-types.js'

/** An invitation that nobody has used. */
export function fakeInvitation(partner: string, role: string, time: string): InvitationView {
  return {
    id: `key-of-${partner}`,
    partner,
    role,
    name: partner,
    made: time,
    expires: time,
    state: 'open',
    by: null,
    height: null,
    proposal: null,
    why: null
  }
}

/** A proposal that its maker alone has said yes to. */
export function fakeProposal(id: string, change: ProposalView['change'], reason: string, time: string): ProposalView {
  return {
    id,
    kind: change.kind,
    state: 'open',
    by: 'p1',
    change,
    difference: [{ member: 'state', before: 'active', after: 'suspended' }],
    differenceLeftOut: 0,
    votes: [{ partner: 'p1', vote: 'yes', reason: '', height: 1 }],
    yes: 1,
    no: 0,
    needed: 2,
    waiting: ['p2'],
    effectiveHeight: null,
    opened: 1,
    closed: null,
    expires: time,
    reason
  }
}

/** A rehearsal in which all records would be refused. */
export async function fakeRehearsal(
  records: readonly RecordView[],
  { onProgress, onDifference }: RehearsalOptions
): Promise<RehearsalReport> {
  for (const { id, object, author, height = 0, time = '', data } of records) {
    onProgress?.(height, records.length)
    const refusal = { code: 'RULE_BROKEN', rule: 'never', message: 'not this' } as const
    await onDifference?.({ id, object, author, height, time, data, verdict: 'refused', refusal })
  }
  const { length: count } = records
  const group = {
    verdict: 'refused',
    partner: 'p1',
    object: 'inspection',
    code: 'RULE_BROKEN',
    rule: 'never',
    count
  } as const
  return { height: count, records: count, refused: count, accepted: 0, groups: count === 0 ? [] : [group] }
}

/** Of a node without any. */
export const NO_AMENDMENTS: Pick<LedgerNode, 'amendments' | 'approve'> = {
  amendments: async () => [],
  async approve(id) {
    throw new LedgerError('NOT_FOUND', `there is no amendment ${id}`)
  }
}
