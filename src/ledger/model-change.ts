import type { Model } from './model.js'
import type { NetworkDefinition, Threshold } from './network-definition.js'
import type { Partner, PartnerSet } from './partner-set.js'
import { storedDataProblem } from './stored-data.js'
import { strictestOf, THRESHOLD_KINDS, thresholdOf } from './threshold.js'

/**
 * Why a model cannot follow another, or null; what is left of the partners is looked at apart. Of chain data only.
 * @param set with every change decided so far, as the version is
 */
export function modelProblem(before: Model, after: Model, set: PartnerSet, version: number): string | null {
  if (before.hash === after.hash) return 'it is the network file that is decided on already'
  const homeless = set.partners.find(({ role, state }) => state !== 'removed' && !hasRole(after.network, role))
  if (homeless !== undefined) return `there is no role ${homeless.role} any more, which ${homeless.id} has`
  return storedDataProblem(before, after, version)
}

/** Only own members: anybody may write "constructor" as a role too. */
export function hasRole(network: NetworkDefinition, role: string): boolean {
  return Object.hasOwn(network.roles, role)
}

/** The set as another network definition has it: whose vote counts follows from the roles. */
export function setUnder(network: NetworkDefinition, set: PartnerSet): PartnerSet {
  const partners = set.partners.map((partner) => partnerUnder(network, partner))
  const isSame = partners.every((partner, at) => partner === set.partners[at]) && set.quorum === network.quorum
  // The same object: a set that stays as it is is not decided anew.
  return isSame ? set : { ...set, partners, quorum: network.quorum }
}

function partnerUnder({ roles }: NetworkDefinition, partner: Partner): Partner {
  // The role of one who was removed may be gone with it.
  if (partner.state === 'removed') return partner
  const voter = roles[partner.role]?.vote === true
  return voter === partner.voter ? partner : { ...partner, voter }
}

/**
 * The threshold of a change of the network file: the strictest of all that the file touches, so that nobody gets by a
 * change of the file what a vote on the thing itself would not give.
 */
export function modelThreshold(before: NetworkDefinition, after: NetworkDefinition): Threshold {
  const thresholds = [thresholdOf(before, 'model')]
  for (const kind of THRESHOLD_KINDS) {
    const [was, is] = [thresholdOf(before, kind), thresholdOf(after, kind)]
    if (was !== is) thresholds.push(was, is)
  }
  if (changesRights(before, after)) thresholds.push(thresholdOf(before, 'role'))
  return strictestOf(thresholds)
}

/** Whether a role that stays governs, or votes on blocks, and did not before, or the other way round. */
function changesRights(before: NetworkDefinition, after: NetworkDefinition): boolean {
  return Object.entries(before.roles).some(([name, { govern, vote }]) => {
    const other = hasRole(after, name) ? after.roles[name] : undefined
    return other !== undefined && (other.govern !== govern || other.vote !== vote)
  })
}
