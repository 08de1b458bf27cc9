import type { Refusal } from '../base/errors.js'
import { parseRecordId } from '../base/ids.js'
import type { CompiledObject } from './model.js'
import type { AmendDefinition } from './network-definition.js'
import type { Partner } from './partner-set.js'

/** Why a partner may not amend a record, or null. */
export function amendProblem(object: CompiledObject, author: Partner, original: string): Refusal | null {
  const amend = object.keeping?.amend ?? null
  if (amend === null) {
    return notPermitted(`records of ${object.name} are not amended: its network file says nothing of amend`, {
      object: object.name
    })
  }
  const owner = ownerOf(original)
  if (amend.by === 'own') {
    if (owner === author.id) return null
    return notPermitted(`only ${owner}, who wrote ${original}, may amend it`, { record: original, by: 'own' })
  }
  if (amend.by.includes(author.role)) return null
  const roles = amend.by.join(', ')
  return notPermitted(`role ${author.role} may not amend ${object.name}, only ${roles}`, {
    role: author.role,
    by: amend.by
  })
}

/** Whether an amendment, once it is accepted, waits for the word of another. */
export function waitsForApproval({ approval }: AmendDefinition, author: Partner, original: string): boolean {
  if (approval === 'none') return false
  if (approval === 'own') return ownerOf(original) !== author.id
  return approval === 'ballot' || !approval.includes(author.role)
}

/** Partner that wrote a record. */
export function ownerOf(id: string): string {
  return parseRecordId(id)?.author ?? ''
}

function notPermitted(message: string, details: Refusal['details'] & object): Refusal {
  return { code: 'NOT_PERMITTED', message, details }
}
