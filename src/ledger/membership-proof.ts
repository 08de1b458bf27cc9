import { readCanonical } from '../base/canonical.js'
import { accept, type Outcome, refuse } from '../base/errors.js'
import { isPartnerId } from '../base/ids.js'
import type { Json } from '../base/json.js'
import { keyFromText } from '../base/keys.js'
import { PARTNERS_MAX } from '../base/limits.js'
import type { Scope } from '../base/tagged.js'
import { blockHash, readHeader } from './block.js'
import { checkCertificate, readCertificate } from './certificate.js'
import { asArray, asInteger, asString, asText, membersOf, ShapeError } from './json-shape.js'
import { type ChainPartnerState, type PartnerSet, partnerSetHash } from './partner-set.js'
import { readRecovery, recoveryProblem } from './recovery.js'

/** A block after which another set is in force, exactly as its endorsers signed it. */
export interface MembershipStep {
  /** Canonical text of the header; its `nextPartners` differs from its `partners`. */
  readonly header: string
  /** Canonical text of its certificate. */
  readonly certificate: string
  /** The set that `nextPartners` names, as canonical text. */
  readonly set: string
}

/** Where an epoch ended without a block that says so: the recovery that all survivors signed. */
export interface RecoveryStep {
  /** Text of the recovery. */
  readonly recovery: string
  /** The set that it puts in force, as canonical text. */
  readonly set: string
}

/** A set, and the newest committed height that is known to lie before it is in force. */
export interface KnownSet {
  readonly height: number
  readonly set: PartnerSet
}

/** Most steps of one proof. */
export const MEMBERSHIP_STEPS_MAX = 256

const SET_BYTES_MAX = 256 + PARTNERS_MAX * 512
const STATES: readonly string[] = ['pending', 'active', 'suspended', 'removed']

/**
 * Follows changes of the partners from a set that is known: each step must be signed by a quorum of the set before it
 * (design: consensus, points 16 and 17). Blocks in between are not needed, as a header names the set in force.
 * @param known the set in force at the height after `known.height`
 * Where an epoch ended a recovery takes the place of the block: signed by all survivors of the set before it.
 * @returns the newest set; refusal VERIFICATION_FAILED, MALFORMED or TOO_LARGE
 */
export function followMembership(
  { genesis }: Scope,
  known: KnownSet,
  steps: readonly (MembershipStep | RecoveryStep)[]
): Outcome<KnownSet> {
  if (steps.length > MEMBERSHIP_STEPS_MAX) return refuse('TOO_LARGE', `more than ${MEMBERSHIP_STEPS_MAX} steps`)
  let at = known
  for (const step of steps) {
    const scope = { genesis, epoch: at.set.epoch }
    const next = 'recovery' in step ? followRecovery(scope, at, step) : followStep(scope, at, step)
    if (!next.ok) return next
    at = next.value
  }
  return accept(at)
}

function followRecovery(scope: Scope, at: KnownSet, step: RecoveryStep): Outcome<KnownSet> {
  const recovery = readRecovery(step.recovery)
  if (!recovery.ok) return recovery
  const { document } = recovery.value
  if (document.height < at.height) {
    return refuse('VERIFICATION_FAILED', `the recovery behind block ${document.height} is not after ${at.height}`)
  }
  const problem = recoveryProblem(scope, at.set, recovery.value)
  if (problem !== null) return refuse('VERIFICATION_FAILED', `the recovery behind block ${document.height}: ${problem}`)
  const set = readPartnerSet(step.set)
  if (!set.ok) return set
  if (partnerSetHash({ ...scope, epoch: document.epoch }, set.value) !== document.partners) {
    return refuse('VERIFICATION_FAILED', 'this is not the set that the recovery names')
  }
  return accept({ height: document.height, set: set.value })
}

function followStep(scope: Scope, at: KnownSet, step: MembershipStep): Outcome<KnownSet> {
  const header = readHeader(step.header)
  if (!header.ok) return header
  const { height, partners, nextPartners } = header.value
  if (height <= at.height) return refuse('VERIFICATION_FAILED', `height ${height} is not after ${at.height}`)
  if (partners !== partnerSetHash(scope, at.set)) {
    return refuse('VERIFICATION_FAILED', `other partners than those known are in force at height ${height}`)
  }
  const certificate = readCertificate(step.certificate)
  if (!certificate.ok) return certificate
  const expected = { height, block: blockHash(scope, step.header) }
  const problem = checkCertificate(scope, at.set, certificate.value, expected)
  if (problem !== null) return { ok: false, refusal: problem }
  const set = readPartnerSet(step.set)
  if (!set.ok) return set
  if (partnerSetHash(scope, set.value) !== nextPartners) {
    return refuse('VERIFICATION_FAILED', `this is not the set that the block of height ${height} names`)
  }
  return accept({ height, set: set.value })
}

/** Reads the canonical text of a set. Refusal MALFORMED or TOO_LARGE. */
export function readPartnerSet(text: string): Outcome<PartnerSet> {
  const json = readCanonical(text, SET_BYTES_MAX)
  if (!json.ok) return json
  try {
    return accept(shapeOfPartnerSet(json.value))
  } catch (error) {
    if (error instanceof ShapeError) return refuse('MALFORMED', `partner set: ${error.message}`)
    throw error
  }
}

function shapeOfPartnerSet(json: Json): PartnerSet {
  const { epoch, partners, quorum } = membersOf(json, '', ['epoch', 'partners', 'quorum'])
  if (quorum !== 'two-thirds' && quorum !== 'majority') throw new ShapeError('/quorum', 'is not a quorum rule')
  return {
    epoch: asInteger(epoch, '/epoch', 0, Number.MAX_SAFE_INTEGER),
    partners: asArray(partners, '/partners', 2 * PARTNERS_MAX).map((item, index) => {
      const path = `/partners/${index}`
      const partner = membersOf(item, path, ['id', 'incarnation', 'key', 'role', 'state', 'voter'])
      if (typeof partner.voter !== 'boolean') throw new ShapeError(`${path}/voter`, 'must be true or false')
      return {
        id: asText(partner.id, `${path}/id`, isPartnerId, 'a partner id'),
        incarnation: asInteger(partner.incarnation, `${path}/incarnation`, 0, 2 ** 31),
        key: asText(partner.key, `${path}/key`, (key) => keyFromText(key) !== null, 'a key'),
        role: asString(partner.role, `${path}/role`, 64),
        state: asText(
          partner.state,
          `${path}/state`,
          (state) => STATES.includes(state),
          'a state'
        ) as ChainPartnerState,
        voter: partner.voter
      }
    }),
    quorum
  }
}
