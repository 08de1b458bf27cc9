import type { Refusal } from '../base/errors.js'
import type { CompiledObject } from './model.js'
import type { AmendDefinition } from './network-definition.js'
import type { Partner } from './partner-set.js'
import type { StandingRecord } from './standing-record.js'

/** Why a partner may not amend records of an object, whichever they are; null when it may amend some. */
export function amendProblem(object: CompiledObject, author: Partner): Refusal | null {
  const amend = object.keeping?.amend ?? null
  if (amend === null) {
    const message = `records of ${object.name} are not amended: its network file says nothing of amend`
    return notPermitted(message, { object: object.name })
  }
  if (amend.by === 'own' || amend.by.includes(author.role)) return null
  const message = `role ${author.role} may not amend ${object.name}, only ${amend.by.join(', ')}`
  return notPermitted(message, { role: author.role, by: amend.by })
}

/** Why a partner may not amend this record, or null. */
export function ownerProblem(object: CompiledObject, author: Partner, { id, owner }: StandingRecord): Refusal | null {
  if (object.keeping?.amend?.by !== 'own' || owner === author.id) return null
  return notPermitted(`only ${owner}, who wrote ${id}, may amend it`, { record: id, by: 'own' })
}

/** Whether an amendment, once it is accepted, waits for the word of another. */
export function waitsForApproval({ approval }: AmendDefinition, author: Partner, { owner }: StandingRecord): boolean {
  if (approval === 'none') return false
  if (approval === 'own') return owner !== author.id
  return approval === 'ballot' || !approval.includes(author.role)
}

function notPermitted(message: string, details: Refusal['details'] & object): Refusal {
  return { code: 'NOT_PERMITTED', message, details }
}
