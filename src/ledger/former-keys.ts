import { canonicalText } from '../base/canonical.js'
import type { PartnerSet } from './partner-set.js'
import { partnerOf } from './partner-set.js'
import type { StateReader } from './state.js'

/** An incarnation up to which a partner had a key. */
type FormerKey = readonly [incarnation: number, key: string]

/** State key of the keys that a partner had before, oldest first. */
export function formerKeysKey(partner: string): string {
  return `k:${partner}`
}

function formerKeysIn(state: StateReader, partner: string): readonly FormerKey[] {
  const entry = state.get(formerKeysKey(partner))
  return entry === undefined ? [] : (JSON.parse(entry.text) as FormerKey[])
}

/** What to write down when the key that a partner has in a set is replaced. */
export function formerKeyWrite(state: StateReader, set: PartnerSet, id: string): { key: string; text: string } | null {
  const partner = partnerOf(set, id)
  if (partner === undefined) return null
  const keys = [...formerKeysIn(state, id), [partner.incarnation, partner.key] as const]
  return { key: formerKeysKey(id), text: canonicalText(keys.map(([incarnation, key]) => [incarnation, key])) }
}

/** With which key a partner signed as an incarnation; `latest`: with every change decided so far. */
export function keyOfIncarnation(
  state: StateReader,
  latest: PartnerSet,
  id: string,
  incarnation: number
): string | undefined {
  const former = formerKeysIn(state, id).find(([last]) => incarnation <= last)
  return former?.[1] ?? partnerOf(latest, id)?.key
}
