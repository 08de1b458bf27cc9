import type { InvitationView, ProposalView } from '../../src/node/ledger-node.js'

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
