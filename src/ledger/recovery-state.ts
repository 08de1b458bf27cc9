import { canonicalText } from '../base/canonical.js'
import type { Json } from '../base/json.js'
import { type PartnerSet, partnerSetText } from './partner-set.js'
import type { Recovery, RecoveryDocument } from './recovery.js'
import type { StateReader } from './state.js'

/** State keys of recoveries begin so; the epoch follows. */
export const RECOVERY_PREFIX = 'E:'

/** A recovery that the chain has carried out, and the set that it put in force. */
export interface KeptRecovery extends Recovery {
  readonly set: PartnerSet
}

export function recoveryKey(epoch: number): string {
  return `${RECOVERY_PREFIX}${epoch}`
}

/** What the first block of an epoch writes down for ever. */
export function recoveryEntry({ document, signatures }: Recovery, set: PartnerSet): string {
  return canonicalText({ document, set: JSON.parse(partnerSetText(set)), signatures } as unknown as Json)
}

/**
 * What of that is hashed: not the signatures, since a signer can make any number of good ones over one document, and who signed
 * which file differs from home to home.
 */
export function recoveryLine({ document }: Pick<Recovery, 'document'>, set: PartnerSet): string {
  return canonicalText({ document, set: JSON.parse(partnerSetText(set)) } as unknown as Json)
}

/** Of a value that this software wrote, and whose checksum held. */
export function keptRecovery(text: string): KeptRecovery {
  return JSON.parse(text) as KeptRecovery
}

/** All recoveries that a state knows of, oldest first. */
export function recoveriesIn(state: StateReader): readonly KeptRecovery[] {
  const found: KeptRecovery[] = []
  for (let epoch = 1; ; epoch++) {
    const entry = state.get(recoveryKey(epoch))
    if (entry === undefined) return found
    found.push(keptRecovery(entry.text))
  }
}

/** The epoch of a height: each document's begins behind its block. */
export function epochAt(documents: readonly Pick<RecoveryDocument, 'epoch' | 'height'>[], height: number): number {
  return documents.findLast((document) => document.height < height)?.epoch ?? 0
}
