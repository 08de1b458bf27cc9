import { generateSeed } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import { isPartnerId } from '../base/ids.js'
import { partnerOf } from '../ledger/partner-set.js'
import { invitationKey, invitationProblem } from '../ledger/system-judge.js'
import type { Chain } from './chain.js'
import { systemRecord } from './duties.js'
import { createInvitation } from './invitation.js'
import type { InviteOptions } from './ledger-node.js'
import { BOOTSTRAP_MAX, type JoinAnswer, type JoinRequest, type PeerAddress } from './network/join-messages.js'
import type { Replica, SystemOutcome } from './replica-types.js'

/** Milliseconds that a joiner waits for a block before it is told that its admission is under way. */
const ADMISSION_WAIT_MS = 20_000

/** Milliseconds that an invitation may be good for: a year. */
const EXPIRES_MS_MAX = 366 * 24 * 3_600_000

export interface AdmissionDependencies {
  readonly replica: Replica
  readonly self: string
  readonly sign: (bytes: string) => string
  readonly genesisText: string
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Own addresses and those known of the other partners. */
  readonly addresses: () => readonly PeerAddress[]
}

/** Inviting partners, and admitting those who come with an invitation. */
export function createAdmission({ replica, self, sign, genesisText, now, addresses }: AdmissionDependencies) {
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
    const problem = invitationProblem(
      { ...chain.rulebook, network: networkOf(chain) },
      invitation,
      request.invitationSignature
    )
    if (problem !== null) return refused(problem)
    const before = chain.store.state.get(invitationKey(invitation.key))?.text
    if (before === `used ${invitation.partner}`) {
      const joined = partnerOf(chain.rulebook.nextPartners, invitation.partner)
      return joined?.key === key ? welcome('admitted') : refused('the invitation was used')
    }
    if (before !== undefined) return refused('the invitation was revoked')
    return now() >= invitation.expires ? refused('the invitation has expired') : null
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
      return { token, addresses: addresses().find((peer) => peer.partner === self)?.addresses ?? [] }
    },
    async revoke(key: string): Promise<void> {
      const outcome = await replica.appendSystem(systemRecord(chain, '_revoke', { key }))
      if (!outcome.ok) throw new LedgerError(outcome.code, outcome.message, { key })
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
