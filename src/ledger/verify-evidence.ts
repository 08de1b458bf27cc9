import { canonicalText } from '../base/canonical.js'
import { accept, type Outcome, refuse } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { readJson } from '../base/strict-json.js'
import { contradictionProblem, type EvidencePlace, evidencePlace } from './evidence.js'
import { asObject, ShapeError } from './json-shape.js'
import { partnerOf } from './partner-set.js'
import { instantOfMillis, writeDateTime } from './rfc3339.js'
import { type Evidence, shapeOfEvidence } from './system-record.js'
import { verifyReceiptAndSet } from './verify-receipt.js'

/** What is told of a contradiction beside its proof; members of an item of `ledger evidence --json`. */
export interface EvidenceSummary extends EvidencePlace {
  /** Id of the record that put it on the chain. */
  readonly id: string
  readonly kind: Evidence['kind']
  readonly first: Evidence['first']
  readonly second: Evidence['second']
  /** Partner that wrote it down. */
  readonly by: string
  /** Height of the block that holds the record. */
  readonly block: number
  /** RFC 3339 UTC, of that block. */
  readonly time: string
}

/** What an item of evidence proves. */
export interface EvidenceStatement extends EvidenceSummary {
  /** Key text of the partner: both signatures are by it. */
  readonly key: string
  /** In plain words: whose honesty the statement rests on. */
  readonly trust: string
}

/**
 * The members of an item that its record gives.
 * @param record its id and author, the height and time (milliseconds since 1970) of its block
 */
export function evidenceSummary(
  evidence: Evidence,
  record: { readonly id: string; readonly author: string; readonly height: number; readonly time: number }
): EvidenceSummary {
  const { id, author, height } = record
  const { kind, first, second } = evidence
  const time = writeDateTime(instantOfMillis(record.time))
  return { id, kind, ...evidencePlace(evidence), first, second, by: author, block: height, time }
}

/**
 * Verifies an item of evidence offline: its receipt proves the record and, by the partner sets, which key the accused
 * had as that incarnation; that key signed both messages, they differ, and stand at one place. What the item says beside
 * is held against that.
 * @param itemText a line of `ledger evidence --json`, in any JSON layout
 * @param genesisText in any JSON layout
 * @param checkpointText as `ledger checkpoint` printed it
 * @returns refusal VERIFICATION_FAILED with the first thing that does not hold, or MALFORMED for another unreadable file
 */
export function verifyEvidence(
  itemText: string,
  genesisText: string,
  checkpointText?: string
): Outcome<EvidenceStatement> {
  const json = readJson(itemText)
  if (!json.ok) return failed(`it cannot be read: ${json.refusal.message}`)
  try {
    const { receipt, cursor: _, ...told } = asObject(json.value, '')
    const verified = verifyReceiptAndSet(canonicalText(asObject(receipt, '/receipt')), genesisText, checkpointText)
    if (!verified.ok) return verified
    const { statement, scope, set, sets } = verified.value
    if (statement.object !== '_evidence') return failed(`its record is no evidence, but of '${statement.object}'`)
    if (statement.status !== 'accepted') return failed(`its record was refused: ${statement.code}`)
    const evidence = shapeOfEvidence(statement.data)
    const { partner: accused, incarnation } = evidencePlace(evidence)
    const partner = partnerOf(set, accused)
    if (partner === undefined) return failed('who is accused was no partner then')
    // Its key may have been replaced since it signed: each incarnation has one.
    const key = sets.map((each) => partnerOf(each, accused)).find((each) => each?.incarnation === incarnation)?.key
    const signedBy = key ?? partner.key
    const problem = contradictionProblem(scope, signedBy, evidence)
    if (problem !== null) return failed(problem.message)
    const { recordId: id, author, height, time, trust } = statement
    const summary = evidenceSummary(evidence, { id, author, height, time })
    const other = difference(told, summary as unknown as JsonObject)
    if (other !== null) return failed(`its member '${other}' is not what its record says`)
    return accept({ ...summary, key: signedBy, trust })
  } catch (error) {
    if (error instanceof ShapeError) return failed(error.message)
    throw error
  }
}

/** Name of the first member in which two objects differ; null when they are the same. */
function difference(told: JsonObject, proven: JsonObject): string | null {
  const names = [...new Set([...Object.keys(told), ...Object.keys(proven)])].sort()
  const textOf = (object: JsonObject, name: string): string | null =>
    Object.hasOwn(object, name) ? canonicalText(object[name] as Json) : null
  return names.find((name) => textOf(told, name) !== textOf(proven, name)) ?? null
}

function failed(message: string): Outcome<never> {
  return refuse('VERIFICATION_FAILED', message)
}
