import { ADDRESSES_MAX } from '../ledger/system-record.js'
import { agreedBy, versionMark, withoutMarks } from '../ledger/version-agreement.js'
import type { Chain } from './chain.js'

/** The version that this node's operator agrees to while the network is at version 1, told among its addresses. */
export interface VersionWish {
  /** What is to be told: the addresses of this node, and the mark as long as it is wanted and says something. */
  withMark(addresses: readonly string[]): string[]
  /** 1 takes the agreement back. */
  set(version: number): void
}

/**
 * What stands on the chain is the operator's wish until another one is said: so it outlives a restart, and is gone once
 * software that knows no versions has told its addresses.
 */
export function createVersionWish(chain: Pick<Chain, 'rulebook' | 'store'>, self: string): VersionWish {
  let wished: number | null = null

  return {
    withMark(addresses) {
      const plain = withoutMarks(addresses)
      const version = wished ?? agreedBy(chain.store.state, self)
      if (chain.rulebook.version > 1 || version === 1) return plain
      return [...plain.slice(0, ADDRESSES_MAX - 1), versionMark(version)]
    },
    set(version) {
      wished = version
    }
  }
}
