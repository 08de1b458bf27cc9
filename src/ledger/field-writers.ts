import { canonicalText } from '../base/canonical.js'
import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { jsonPointer } from '../base/json-scan.js'
import { quote } from './finding.js'

/** A field that only some roles may set. */
export interface FieldWriters {
  readonly field: string
  /** Sorted. */
  readonly roles: readonly string[]
}

/**
 * NOT_PERMITTED when a field is another than in the record before, and the author's role may not set it. To leave it out
 * where the record before has it is a change too.
 * @param previous newest record under the same key; null when there is none, or the object has no key
 */
export function writersProblem(
  writers: readonly FieldWriters[],
  role: string,
  data: JsonObject,
  previous: JsonObject | null
): Refusal | null {
  for (const { field, roles } of writers) {
    if (roles.includes(role)) continue
    const [was, is] = [previous === null ? undefined : ownOf(previous, field), ownOf(data, field)]
    if (!isSame(was, is)) return notPermitted(field, roles, role, was, is)
  }
  return null
}

function ownOf(data: JsonObject, field: string): Json | undefined {
  return Object.hasOwn(data, field) ? data[field] : undefined
}

function isSame(was: Json | undefined, is: Json | undefined): boolean {
  if (was === undefined || is === undefined) return was === is
  return canonicalText(was) === canonicalText(is)
}

function notPermitted(
  field: string,
  roles: readonly string[],
  role: string,
  was: Json | undefined,
  is: Json | undefined
): Refusal {
  const change = was === undefined ? `set ${field}` : `change ${field} from ${quote(was)} to ${quote(is)}`
  const act = is === undefined ? `leave out ${field}, which is ${quote(was)}` : change
  return {
    code: 'NOT_PERMITTED',
    message: `role ${role} may not ${act}; who may: ${roles.join(', ')}`,
    path: jsonPointer([field]),
    details: { field, role, writers: roles }
  }
}
