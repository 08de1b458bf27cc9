import { LedgerError } from '../base/errors.js'
import { quorumOfSet, votersOf } from '../ledger/partner-set.js'
import { supportIn } from '../ledger/support.js'
import type { Chain } from './chain.js'

/** What a partner's node runs, as it said on the chain. */
export interface SupportView {
  readonly partner: string
  /** Null while it has not said. */
  readonly software: string | null
  /** Newest version of a network that it can judge; null while it has not said. */
  readonly version: number | null
}

type SupportGround = Pick<Chain, 'rulebook' | 'store' | 'versionMax'>

/** What each active partner of the set with all changes decided says that it supports, sorted by partner. */
export function supportOf({ rulebook, store }: SupportGround): SupportView[] {
  const active = rulebook.nextPartners.partners.filter(({ state }) => state === 'active')
  return active.map(({ id }) => {
    const support = supportIn(store.state, id)
    return { partner: id, software: support?.software ?? null, version: support?.version ?? null }
  })
}

/**
 * Under a version that too few voters know no block would be committed: told with the arithmetic, unless it is forced. Of
 * a network of version 1 nobody says what it supports; there agreeing is what says it.
 * @throws LedgerError TOO_FEW_SUPPORT
 */
export function assertSupport(chain: SupportGround, self: string, version: number, force: boolean): void {
  if (force) return
  if (chain.versionMax < version) {
    const message = `this node's own software knows versions up to ${chain.versionMax}: install a build that knows ${version} first`
    throw new LedgerError('TOO_FEW_SUPPORT', `${message}; --force does it all the same`, {
      version,
      own: chain.versionMax
    })
  }
  if (chain.rulebook.version === 1) return
  const told = new Map(supportOf(chain).map((one) => [one.partner, one.version]))
  const knownBy = (id: string): number | null => (id === self ? chain.versionMax : (told.get(id) ?? null))
  const voters = votersOf(chain.rulebook.nextPartners)
  const lacking = voters.filter(({ id }) => (knownBy(id) ?? 0) < version).map(({ id }) => id)
  const needed = quorumOfSet(chain.rulebook.nextPartners)
  const ready = voters.length - lacking.length
  if (ready >= needed) return
  const names = lacking.map((id) => `${id} (${knownBy(id) === null ? 'has not said' : `knows up to ${knownBy(id)}`})`)
  const message =
    `${needed} of ${voters.length} voters are needed for a block, and ${ready} run software that supports version ${version} ` +
    `(not: ${names.join(', ')}): nothing would be committed until enough are upgraded; --force does it all the same`
  throw new LedgerError('TOO_FEW_SUPPORT', message, { version, voters: voters.length, needed, ready, lacking })
}
