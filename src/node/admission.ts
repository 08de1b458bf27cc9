import { generateSeed } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import { isPartnerId } from '../base/ids.js'
import { type InvitationUse, isAdmittedAtOnce, readInvitationUse, roomProblem } from '../ledger/admission-ballot.js'
import { governingIn } from '../ledger/governance-change.js'
import { tallyOfBallots } from '../ledger/governance-settle.js'
import { proposalIn } from '../ledger/governance-state.js'
import { partnerOf } from '../ledger/partner-set.js'
import { invitationProblem } from '../ledger/system-judge.js'
import { invitationKey } from '../ledger/system-keys.js'
import type { Chain } from './chain.js'
import { systemRecord } from './duties.js'
import { createInvitation, readToken } from './invitation.js'
import type { InvitationList } from './invitation-list.js'
import type { InviteOptions } from './ledger-node.js'
import type { MadeInvitations } from './made-invitations.js'
import {
  BOOTSTRAP_MAX,
  type JoinAnswer,
  type JoinRequest,
  MESSAGE_CHARS_MAX,
  type PeerAddress
} from './network/join-messages.js'
import type { Replica, SystemOutcome } from './replica-types.js'
import type { SystemWriter } from './system-writer.js'

/** Milliseconds that a joiner waits for a block before it is told that its admission is under way. */
const ADMISSION_WAIT_MS = 20_000

/** Milliseconds that an invitation may be good for: a year. */
const EXPIRES_MS_MAX = 366 * 24 * 3_600_000

export interface AdmissionDependencies {
  readonly replica: Replica
  readonly writer: Pick<SystemWriter, 'write'>
  readonly self: string
  readonly sign: (bytes: string) => string
  readonly genesisText: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Own addresses and those known of the other partners. */
  readonly addresses: () => readonly PeerAddress[]
  /** Where invitations are remembered. */
  readonly made: Pick<MadeInvitations, 'add'>
  readonly list: Pick<InvitationList, 'isOver'>
}

/** Inviting partners, and admitting those who come with an invitation. */
export function createAdmission(dependencies: AdmissionDependencies) {
  const { replica, writer, self, sign, genesisText, now, addresses, made, list } = dependencies
  const { chain } = replica
  const underWay = new Map<string, Promise<SystemOutcome>>()

  const bootstrap = (): readonly PeerAddress[] =>
    addresses()
      .filter((peer) => peer.addresses.length > 0)
      .slice(0, BOOTSTRAP_MAX)

  const welcome = (type: 'admitted' | 'pending'): JoinAnswer => ({ type, genesis: genesisText, bootstrap: bootstrap() })

  /** What the chain already decides: a refusal, or that the admission is there; null when neither. */
  function decided(request: JoinRequest): JoinAnswer | null {
    const { invitation, key } = request
    const use = readInvitationUse(chain.store.state.get(invitationKey(invitation.key))?.text)
    // What has been used is not asked about any more: its inviter may be gone or have another key since.
    if (use !== null) return answerOfUse(use, key)
    const problem = invitationProblem(
      { ...chain.rulebook, network: networkOf(chain) },
      invitation,
      request.invitationSignature
    )
    if (problem !== null) return refused(problem)
    if (now() >= invitation.expires) return refused('the invitation has expired')
    const needsBallot = !isAdmittedAtOnce(networkOf(chain), chain.rulebook.nextPartners, invitation.role)
    const full = needsBallot ? roomProblem(chain.store.state, invitation.inviter) : null
    return full === null ? null : { type: 'refused', code: 'BUSY', message: `no ballot can be opened now: ${full}` }
  }

  function answerOfUse(use: InvitationUse, key: string): JoinAnswer {
    switch (use.kind) {
      case 'revoked':
        return refused('the invitation was revoked')
      case 'used': {
        const joined = partnerOf(chain.rulebook.nextPartners, use.partner)
        return joined?.key === key ? welcome('admitted') : refused('the invitation was used')
      }
      default:
        return answerOfBallot(use, key)
    }
  }

  /** Whoever else comes with the invitation meanwhile is not told of the ballot. */
  function answerOfBallot(
    { kind, proposal: id }: InvitationUse & { readonly proposal: string },
    key: string
  ): JoinAnswer {
    const proposal = proposalIn(chain.store.state, id)
    if (proposal?.change.kind !== 'admit' || proposal.change.key !== key) return refused('the invitation was used')
    if (kind !== 'waiting') {
      const reasons = proposal.ballots.filter(({ yes, reason }) => !yes && reason !== '')
      const said = reasons.map(({ partner, reason }) => `; ${partner}: ${reason}`).join('')
      return refused(
        `the partners did not admit this node: proposal ${id} is ${kind}${said}`.slice(0, MESSAGE_CHARS_MAX)
      )
    }
    const latest = chain.rulebook.nextPartners
    const { yes, no, needed } = tallyOfBallots(networkOf(chain), latest, proposal, proposal.change)
    const voted = new Set(proposal.ballots.map(({ partner }) => partner))
    const waiting = governingIn(networkOf(chain), latest).filter((partner) => !voted.has(partner.id))
    const { expires } = proposal
    return { type: 'waiting', proposal: id, yes, no, needed, waiting: waiting.map((partner) => partner.id), expires }
  }

  /** Appends the admission once, however often it is asked for. */
  function admit(request: JoinRequest): Promise<SystemOutcome> {
    const { invitation, invitationSignature, key, keySignature, redeemSignature } = request
    const known = underWay.get(invitation.key)
    if (known !== undefined) return known
    const record = systemRecord(chain, '_admit', {
      addresses: [...request.addresses],
      invitation: { ...invitation },
      invitationSignature,
      key,
      keySignature,
      redeemSignature
    })
    const outcome = replica.appendSystem(record).finally(() => underWay.delete(invitation.key))
    underWay.set(invitation.key, outcome)
    return outcome
  }

  /** Before anybody has the token, so that none is out that this node does not know of. */
  async function remember(token: string): Promise<void> {
    const read = readToken(token)
    const signer = partnerOf(chain.rulebook.partners, self)?.key
    if (!read.ok || signer === undefined) throw new LedgerError('INVARIANT', 'a token that was made can be read')
    const { epoch, invitation } = read.value
    const { key, partner, role, name, expires } = invitation
    await made.add({ key, signer, epoch, partner, role, name, made: now(), expires }, list.isOver)
  }

  return {
    /** Answers somebody who comes with an invitation; the key it names is proven to be its own. */
    async join(request: JoinRequest): Promise<JoinAnswer> {
      const before = decided(request)
      if (before !== null) return before
      if (partnerOf(chain.rulebook.partners, self)?.state !== 'active') {
        return { type: 'refused', code: 'BUSY', message: `${self} is not active now: ask another partner` }
      }
      const outcome = await Promise.race([admit(request), after(ADMISSION_WAIT_MS)])
      if (outcome === null) return welcome('pending')
      // The chain has the last word: asked twice, here before a crash or at another partner, an admission stands there
      // once and the other time is refused; and two may have come with one invitation.
      const decision = decided(request)
      if (decision !== null) return decision
      return outcome.ok ? welcome('admitted') : { type: 'refused', code: outcome.code, message: outcome.message }
    },
    async invite({ partner, role, name, expiresMs }: InviteOptions) {
      const own = partnerOf(chain.rulebook.partners, self)
      const network = networkOf(chain)
      if (own?.state !== 'active' || network.roles[own.role]?.govern !== true) {
        throw new LedgerError('NOT_PERMITTED', `${self} may not invite: its role does not govern`, { role: own?.role })
      }
      if (!isPartnerId(partner)) {
        throw new LedgerError('USAGE', `"${partner}" is no partner id: use a-z, 0-9 and -, at most 32, a letter first`)
      }
      if (!Object.hasOwn(network.roles, role)) {
        const roles = Object.keys(network.roles).join(', ')
        throw new LedgerError('USAGE', `there is no role "${role}"; the network has ${roles}`, { role })
      }
      if (partnerOf(chain.rulebook.nextPartners, partner) !== undefined) {
        throw new LedgerError('DUPLICATE', `${partner} is a partner already`, { partner })
      }
      if (!Number.isSafeInteger(expiresMs) || expiresMs < 1 || expiresMs > EXPIRES_MS_MAX) {
        throw new LedgerError('USAGE', 'an invitation is good for up to 366 days', { expiresMs })
      }
      const token = createInvitation({
        scope: chain.scope,
        title: network.title,
        inviter: self,
        sign,
        partner,
        role,
        name: name ?? partner,
        expires: now() + expiresMs,
        bootstrap: bootstrap(),
        seed: generateSeed()
      })
      await remember(token)
      return { token, addresses: addresses().find((peer) => peer.partner === self)?.addresses ?? [] }
    },
    async revoke(key: string): Promise<void> {
      await writer.write('_revoke', { key })
    }
  }
}

function networkOf(chain: Chain) {
  return chain.rulebook.model.network
}

function refused(message: string): JoinAnswer {
  return { type: 'refused', code: 'NOT_PERMITTED', message }
}

function after(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, ms, null).unref())
}
