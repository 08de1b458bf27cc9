import { LedgerError } from '../base/errors.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'

/**
 * Whether this software knows the version of the network by which the next block is judged. Where it does not, it signs and
 * judges nothing from that height on: what it computes could be another result than that of those who know it.
 */
export function isVersionKnown({ rulebook, versionMax }: Pick<Chain, 'rulebook' | 'versionMax'>): boolean {
  return rulebook.version <= versionMax
}

/** What is thrown and answered by a node that does not know the version. */
export function unknownVersion({ rulebook, versionMax }: Pick<Chain, 'rulebook' | 'versionMax'>): LedgerError {
  const { version } = rulebook
  const message = `the network is at version ${version} and this software knows versions up to ${versionMax}; install a newer build`
  return new LedgerError('VERSION_UNKNOWN', message, { version, versionMax })
}

type VersionGround = Pick<Chain, 'tip' | 'rulebook' | 'versionMax'>

/** As the causes of a stall are told. */
interface VersionCause {
  readonly code: 'version'
  readonly why: string
  readonly todo: string
}

/** What `ledger status` says of it; null while the version is known. */
export function versionCause({ tip, rulebook, versionMax }: VersionGround): VersionCause | null {
  const { version } = rulebook
  if (version <= versionMax) return null
  return {
    code: 'version',
    why:
      `from block ${tip.height + 1} on the network is at version ${version}, and this software knows versions up to ` +
      `${versionMax}: it takes no further blocks, signs and appends nothing`,
    todo: 'install a newer build and start it on this home: it goes on by itself; what is here can be read and verified'
  }
}

/** Tells the log when a version is decided that this software does not know, and when it is in force. */
export function createVersionWatch(chain: VersionGround, log: Logger) {
  let told = 0

  return {
    /** To be called at the start and after each block. @returns whether the version in force is known */
    look(): boolean {
      const { tip, rulebook, versionMax } = chain
      const cause = versionCause(chain)
      const level = cause !== null ? 2 : rulebook.nextVersion > versionMax ? 1 : 0
      if (level <= told) return cause === null
      told = level
      const isDecided = 'a version of the network is decided that this software does not know: install a newer build'
      const message = cause === null ? isDecided : `this node stops taking part: ${cause.why}; ${cause.todo}`
      log.error(message, {
        version: rulebook.version,
        decided: rulebook.nextVersion,
        known: versionMax,
        height: tip.height
      })
      return cause === null
    }
  }
}
