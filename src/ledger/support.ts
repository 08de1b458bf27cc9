import { canonicalText } from '../base/canonical.js'
import type { JsonObject } from '../base/json.js'
import { asInteger, asText, membersOf } from './json-shape.js'
import { VERSION_NUMBER_MAX } from './network-version.js'
import type { StateReader } from './state.js'

/** What a partner says of its node: whoever votes on a version wants to know (docs/governance.md, "Versions"). */
export interface Support {
  /** Name and version of the software, for people. */
  readonly software: string
  /** Newest version of a network that it can judge. */
  readonly version: number
}

/** Most characters of the name and version of a software. */
export const SOFTWARE_CHARS_MAX = 64

/** State key of what the software of a partner is and supports. */
export function supportKey(partner: string): string {
  return `v:${partner}`
}

/** Checks the shape of what a partner says. Throws ShapeError. */
export function shapeOfSupport(data: JsonObject): Support {
  const { software, version } = membersOf(data, '', ['software', 'version'])
  return {
    software: asText(software, '/software', isSoftware, `a text of 1 to ${SOFTWARE_CHARS_MAX} plain characters`),
    version: asInteger(version, '/version', 1, VERSION_NUMBER_MAX)
  }
}

/** Whether a text can be told as the name of a software: printable ASCII. */
export function isSoftware(text: string): boolean {
  return text.length >= 1 && text.length <= SOFTWARE_CHARS_MAX && /^[ -~]+$/.test(text)
}

export function supportText({ software, version }: Support): string {
  return canonicalText({ software, version })
}

/** What a partner has said last; null when it has said nothing. */
export function supportIn(state: StateReader, partner: string): Support | null {
  const entry = state.get(supportKey(partner))
  if (entry === undefined) return null
  entry.memo ??= JSON.parse(entry.text)
  return entry.memo as Support
}
