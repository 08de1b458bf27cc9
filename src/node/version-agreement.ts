import { LedgerError, type Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import type { VersionChange } from '../ledger/governance-version.js'
import { agreedBy } from '../ledger/version-agreement.js'
import type { Chain } from './chain.js'
import type { ProposalView } from './ledger-node.js'
import type { VersionWish } from './version-wish.js'

/** What is said of any other change to a network of version 1. */
export const NO_PROPOSALS = {
  code: 'VERSION_TOO_LOW',
  message:
    'the network is at version 1, which has no proposals, so that builds of before them take part; when all partners ' +
    'run a build that has them, the operator of each says: ledger propose version 2',
  details: { version: 1 }
} as const satisfies Refusal

export interface VersionAgreementDependencies {
  readonly chain: Chain
  readonly wish: VersionWish
  /** Own addresses as they are told to others. */
  readonly addresses: () => readonly string[]
  /** Appends a record and waits for the block that decides it. */
  readonly write: (object: string, data: JsonObject) => Promise<unknown>
}

/**
 * How a network of version 1, which has no proposals, goes to a later one: each active partner adds a mark to its addresses,
 * and with the last of them it is decided (docs/decisions/0008). Shown in the shape of a proposal.
 */
export function createVersionAgreement({ chain, wish, addresses, write }: VersionAgreementDependencies) {
  const isFirst = (): boolean => chain.rulebook.version === 1

  function active(): string[] {
    return chain.rulebook.nextPartners.partners.filter(({ state }) => state === 'active').map(({ id }) => id)
  }

  /** What stands between this network and a later version; null where nobody has said anything. */
  function view(): ProposalView | null {
    const { nextVersion } = chain.rulebook
    const isDecided = nextVersion > 1
    const said = active().map((id) => ({ id, version: agreedBy(chain.store.state, id) }))
    const agreeing = said.filter(({ version }) => version > 1)
    if (!isDecided && agreeing.length === 0) return null
    const version = isDecided ? nextVersion : Math.min(...agreeing.map((one) => one.version))
    const { height, time } = { height: chain.tip.height, time: '9999-12-31T23:59:59Z' }
    return {
      id: `version-${version}`,
      kind: 'version',
      state: isDecided ? 'passed' : 'open',
      by: agreeing[0]?.id ?? '',
      change: { kind: 'version', version },
      difference: [{ member: 'version', before: '1', after: String(version) }],
      differenceLeftOut: 0,
      votes: agreeing.map(({ id }) => ({ partner: id, vote: 'yes', reason: '', height })),
      yes: agreeing.length,
      no: 0,
      needed: said.length,
      waiting: said.filter((one) => one.version === 1).map(({ id }) => id),
      effectiveHeight: isDecided ? height + 2 : null,
      opened: height,
      closed: isDecided ? height : null,
      expires: time,
      reason: ''
    }
  }

  return {
    /** Whether the network is at version 1: only this is to be proposed, and to be seen. */
    isFirst,
    view,
    /** Says for this node's operator that it agrees to a version, or with 1 that it does not any more. */
    async agree({ version }: VersionChange): Promise<ProposalView> {
      const { nextVersion } = chain.rulebook
      if (nextVersion > 1) {
        throw new LedgerError('NOT_PERMITTED', `version ${nextVersion} is decided, and in force two blocks later`)
      }
      wish.set(version)
      const known = addresses()
      await write('_address', { addresses: wish.withMark(known) })
      return view() ?? nothing(chain)
    },
    refuse: () => new LedgerError(NO_PROPOSALS.code, NO_PROPOSALS.message, NO_PROPOSALS.details)
  }
}

/** Nobody agrees any more. */
function nothing({ tip }: Pick<Chain, 'tip'>): ProposalView {
  return {
    id: 'version-1',
    kind: 'version',
    state: 'withdrawn',
    by: '',
    change: { kind: 'version', version: 1 },
    difference: [],
    differenceLeftOut: 0,
    votes: [],
    yes: 0,
    no: 0,
    needed: 0,
    waiting: [],
    effectiveHeight: null,
    opened: tip.height,
    closed: tip.height,
    expires: '9999-12-31T23:59:59Z',
    reason: ''
  }
}

export type VersionAgreement = ReturnType<typeof createVersionAgreement>
