import { LedgerError } from '../base/errors.js'
import { readInvitationUse } from '../ledger/admission-ballot.js'
import { proposalIn } from '../ledger/governance-state.js'
import { partnerOf } from '../ledger/partner-set.js'
import { invitationKey } from '../ledger/system-keys.js'
import { readSystemRecord } from '../ledger/system-record.js'
import type { Chain } from './chain.js'
import type { InvitationState, InvitationView, ListPage } from './ledger-node.js'
import type { MadeInvitation, MadeInvitations } from './made-invitations.js'
import { listLimit } from './queries.js'
import type { RecordReader } from './record-reader.js'
import { timeText } from './record-view.js'
import type { HistoryCursor } from './store/store-types.js'
import { SYSTEM_KEY } from './system-cursor.js'

/** Records read from the history at a time. */
const PAGE = 256

export interface InvitationListDependencies {
  readonly chain: Chain
  readonly reader: RecordReader
  readonly made: MadeInvitations
  readonly self: string
  /** Milliseconds since 1970. */
  readonly now: () => number
}

type Standing = Pick<InvitationView, 'state' | 'by' | 'height' | 'proposal' | 'why'>

const NOTHING = { by: null, height: null, proposal: null, why: null }

/** The invitations that this node made, and what became of each, as the chain tells. */
export function createInvitationList({ chain, reader, made, self, now }: InvitationListDependencies) {
  /** Accepted admissions by the key of their invitation, as far as the history was read. */
  const admissions = new Map<string, { readonly height: number; readonly id: string }>()
  let read: HistoryCursor | undefined

  /** Admissions are at most as many as there ever were partners and ballots on them, so each is read once. */
  async function readAdmissions(): Promise<void> {
    for (;;) {
      const page = read === undefined ? { limit: PAGE } : { limit: PAGE, after: read }
      const entries = await chain.store.history('_admit', SYSTEM_KEY, page)
      for (const { height, batch, index } of entries) {
        read = { key: SYSTEM_KEY, height, batch, index }
        const record = reader.at(height, batch, index)
        const admit = record?.body == null ? null : readSystemRecord(record.body.object, record.body.data)
        if (record === null || admit?.ok !== true || admit.value.object !== '_admit') continue
        admissions.set(admit.value.invitation.key, { height, id: record.id })
      }
      if (entries.length < PAGE) return
    }
  }

  function standing(invitation: MadeInvitation): Standing {
    const { key, partner, expires } = invitation
    const use = readInvitationUse(chain.store.state.get(invitationKey(key))?.text)
    if (use?.kind === 'revoked') return { ...NOTHING, state: 'revoked' }
    if (use?.kind === 'used') return { ...NOTHING, state: 'used', by: use.partner, ...admittedIn(key) }
    if (use !== null) {
      const { proposal, kind } = use
      const { opened = null, closed = null } = proposalIn(chain.store.state, proposal) ?? {}
      if (kind === 'waiting') return { ...NOTHING, state: 'waiting', by: partner, height: opened, proposal }
      return { state: 'declined', by: partner, height: closed, proposal, why: `the proposal is ${kind}` }
    }
    if (Math.max(now(), chain.tip.time) >= expires) return { ...NOTHING, state: 'expired' }
    const why = voidReason(invitation)
    return why === null ? { ...NOTHING, state: 'open' } : { ...NOTHING, state: 'void', why }
  }

  function voidReason({ signer, epoch, partner, role }: MadeInvitation): string | null {
    const { model, nextPartners } = chain.rulebook
    if (epoch !== nextPartners.epoch) return `it was made in epoch ${epoch}, which is over`
    const own = partnerOf(nextPartners, self)
    if (own === undefined || own.state !== 'active') return `${self} is ${own?.state ?? 'no partner'}`
    if (own.key !== signer) return `${self} has another key now`
    if (model.network.roles[own.role]?.govern !== true) return `${self} may not invite any more`
    if (!Object.hasOwn(model.network.roles, role)) return `there is no role ${role} any more`
    return partnerOf(nextPartners, partner) === undefined ? null : `${partner} is a partner by another invitation`
  }

  /** Where there was a ballot its end counts, not the record that asked for it. */
  function admittedIn(key: string): Pick<Standing, 'height' | 'proposal'> {
    const admission = admissions.get(key)
    if (admission === undefined) return { height: null, proposal: null }
    const ballot = proposalIn(chain.store.state, admission.id)
    return ballot === null
      ? { height: admission.height, proposal: null }
      : { height: ballot.closed, proposal: ballot.id }
  }

  function view(invitation: MadeInvitation): InvitationView {
    const { key, partner, role, name, made, expires } = invitation
    return { id: key, partner, role, name, made: timeText(made), expires: timeText(expires), ...standing(invitation) }
  }

  return {
    /** Whether nobody can join with it any more. */
    isOver: (invitation: MadeInvitation): boolean => !['open', 'waiting'].includes(standing(invitation).state),
    /** Oldest first; the cursor is the invitation's id. */
    async list({ state, after, limit }: ListPage & { readonly state?: InvitationState }) {
      const most = listLimit(limit)
      await readAdmissions()
      const all = made.all()
      const before = after === undefined ? -1 : all.findIndex(({ key }) => key === after)
      if (after !== undefined && before < 0) {
        throw new LedgerError('USAGE', 'this is no cursor of an earlier answer', { cursor: after.slice(0, 100) })
      }
      const views = all.slice(before + 1).map(view)
      return views
        .filter((one) => state === undefined || one.state === state)
        .slice(0, most)
        .map((one) => ({ ...one, cursor: one.id }))
    }
  }
}

export type InvitationList = ReturnType<typeof createInvitationList>
