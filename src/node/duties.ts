import { canonicalText } from '../base/canonical.js'
import type { JsonObject } from '../base/json.js'
import { chargesIn } from '../ledger/charges.js'
import { partnerOf } from '../ledger/partner-set.js'
import type { CheckedRecord } from '../ledger/record.js'
import { checkRecord, encodeRecord } from '../ledger/record.js'
import { isUnknownObject } from '../ledger/record-version.js'
import { supportKey, supportText } from '../ledger/support.js'
import { addressKey } from '../ledger/system-keys.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { SystemOutcome } from './replica-types.js'
import type { VersionWish } from './version-wish.js'

export interface DutiesDependencies {
  readonly chain: Chain
  readonly self: string
  readonly log: Logger
  readonly syncing: () => boolean
  /** Own batches that no block has yet. */
  readonly ownWaiting: () => number
  /** Addresses to be known at; empty when not known yet. */
  readonly addresses: () => readonly string[]
  readonly wish: VersionWish
  /** Name and version of this software; null: not told. */
  readonly software: string | null
  readonly append: (record: CheckedRecord) => Promise<SystemOutcome>
}

/** A record of the network about itself, ready to be appended. */
export function systemRecord(chain: Chain, object: string, data: JsonObject): CheckedRecord {
  return checkRecord(chain.rulebook.model, encodeRecord({ object, data }), chain.limits.recordBytesMax)
}

/**
 * What a node has to say of itself without being asked: that it is ready to vote, where it is reached, and that it is
 * there although it missed its turn. Looked after whenever a block has been committed.
 */
export function createDuties(dependencies: DutiesDependencies) {
  const { chain, self, log, syncing, ownWaiting, addresses, wish, software, append } = dependencies
  const underWay = new Set<string>()

  /** Appends one record of a kind at a time; a refusal is logged, and the duty is looked at anew after the next block. */
  function say(duty: string, object: string, data: JsonObject): void {
    if (underWay.has(duty)) return
    underWay.add(duty)
    append(systemRecord(chain, object, data))
      .then((outcome) => {
        if (!outcome.ok) log.warn('an own record was refused', { object, ...outcome })
      })
      .catch((error: unknown) => log.debug('an own record was not appended', { object, error }))
      .finally(() => underWay.delete(duty))
  }

  function sayReady(): void {
    const own = partnerOf(chain.rulebook.partners, self)
    const decided = partnerOf(chain.rulebook.nextPartners, self)
    if (own?.state !== 'pending' || decided?.state !== 'pending' || syncing()) return
    say('ready', '_ready', { height: chain.tip.height, block: chain.tip.hash })
  }

  function sayAddresses(): void {
    if (chain.rulebook.partners.partners.length < 2) return
    const own = addresses()
    if (own.length === 0) return
    const known = wish.withMark(own)
    if (chain.store.state.get(addressKey(self))?.text === canonicalText([...known])) return
    say('address', '_address', { addresses: [...known] })
  }

  /** What this node runs and supports, where there is somebody to tell and records for it. */
  function saySupport(): void {
    const { version, partners } = chain.rulebook
    if (software === null || isUnknownObject(version, '_support') || partners.partners.length < 2) return
    const support = { software, version: chain.versionMax }
    if (chain.store.state.get(supportKey(self))?.text === supportText(support)) return
    say('support', '_support', support)
  }

  /** Rule 14: a charged voter proposes again in its turn once a batch of its own has committed. */
  function sayPresent(): void {
    if (ownWaiting() > 0 || !chargesIn(chain.store.state).includes(self)) return
    say('present', '_present', { height: chain.tip.height })
  }

  return {
    /** Looks after all of them; cheap when there is nothing to do. */
    attend(): void {
      const own = partnerOf(chain.rulebook.partners, self)
      if (own === undefined || syncing()) return
      sayReady()
      if (own.state !== 'active') return
      sayAddresses()
      saySupport()
      sayPresent()
    }
  }
}

export type Duties = ReturnType<typeof createDuties>
