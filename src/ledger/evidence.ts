import { canonicalText } from '../base/canonical.js'
import { verifySignature } from '../base/crypto.js'
import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import type { Scope } from '../base/tagged.js'
import { batchBytes, batchHash } from './batch.js'
import { keyOfIncarnation } from './former-keys.js'
import { type PartnerSet, partnerOf } from './partner-set.js'
import type { StateReader } from './state.js'
import type { Evidence } from './system-record.js'
import { proposalBytes, voteBytes } from './vote.js'

/**
 * Contradictions of one partner under one incarnation that are taken onto the chain: they prove no more with every
 * further one, and a liar must not fill the chain with its own.
 */
export const EVIDENCE_MAX = 16

/** State key of how many contradictions of a partner are known, of all its incarnations. */
export function evidenceCountKey(partner: string): string {
  return `e:${partner}`
}

/** State key of how many contradictions of one incarnation of a partner are known. */
export function incarnationCountKey(partner: string, incarnation: number): string {
  return `e:${partner}/${incarnation}`
}

/** State key that says a contradiction is known: by its place, whatever was signed there. */
export function evidenceKey(evidence: Evidence): string {
  return `e:${placeOf(evidence, 'first')}`
}

/** State key of the contradiction of two batches of one place. */
export function batchEvidenceKey(place: { author: string; incarnation: number; sequence: number }): string {
  return `e:${place.author}/${place.incarnation}/${place.sequence}/batch`
}

/** What was signed twice, and by whom: for people and programs. */
export interface EvidencePlace {
  /** Who signed both. */
  readonly partner: string
  readonly incarnation: number
  /** Of a vote or proposal. */
  readonly height?: number
  readonly round?: number
  /** `prevote` or `precommit` of a vote. */
  readonly step?: string
  /** Of a batch. */
  readonly sequence?: number
}

/** Where the two messages stand: no honest partner signs two different ones there. */
export function evidencePlace(evidence: Evidence): EvidencePlace {
  switch (evidence.kind) {
    case 'vote': {
      const { voter, incarnation, height, round, kind } = evidence.first
      return { partner: voter, incarnation, height, round, step: kind }
    }
    case 'proposal': {
      const { proposer, incarnation, height, round } = evidence.first
      return { partner: proposer, incarnation, height, round }
    }
    case 'batch': {
      const { author, incarnation, sequence } = evidence.first
      return { partner: author, incarnation, sequence }
    }
  }
}

/** The data of the record that puts it on the chain. */
export function evidenceData({ kind, first, second }: Evidence): JsonObject {
  return { kind, first: { ...first } as unknown as Json, second: { ...second } as unknown as Json }
}

/**
 * Why two messages do not prove that the holder of a key lied; null when they do: they stand at one place, differ in what
 * was signed, and the key signed both. Refusal SCHEMA or NOT_PERMITTED.
 */
export function contradictionProblem(scope: Scope, key: string, evidence: Evidence): Refusal | null {
  if (placeOf(evidence, 'first') !== placeOf(evidence, 'second')) {
    return { code: 'SCHEMA', message: 'they do not stand at one place' }
  }
  // The signed bytes, not the signatures: of one text there may be several.
  if (bytesOf(scope, evidence, 'first') === bytesOf(scope, evidence, 'second')) {
    return { code: 'SCHEMA', message: 'they are the same' }
  }
  for (const which of ['first', 'second'] as const) {
    if (!verifySignature(key, bytesOf(scope, evidence, which), evidence[which].signature)) {
      return { code: 'NOT_PERMITTED', message: `${evidencePlace(evidence).partner} did not sign the ${which}` }
    }
  }
  return null
}

/** What evidence is judged on. */
export interface EvidenceGround {
  readonly scope: Scope
  /** In force at this height. */
  readonly partners: PartnerSet
  /** With every change decided so far. */
  readonly latest: PartnerSet
  readonly state: StateReader
}

export type EvidenceVerdict =
  | { readonly ok: true; readonly effect: { readonly writes: readonly { key: string; text: string }[] } }
  | { readonly ok: false; readonly refusal: Refusal }

/**
 * Judges evidence: what execution says of the record. Refusals DUPLICATE when its place is known, LIMIT_EXCEEDED when
 * EVIDENCE_MAX of that incarnation are, SCHEMA or NOT_PERMITTED when it proves nothing.
 */
export function judgeEvidence({ scope, partners, latest, state }: EvidenceGround, evidence: Evidence): EvidenceVerdict {
  const { partner: id, incarnation } = evidencePlace(evidence)
  const partner = partnerOf(partners, id)
  if (partner === undefined) return refused('NOT_PERMITTED', `${id} is no partner`)
  const key = evidenceKey(evidence)
  if (state.get(key) !== undefined) return refused('DUPLICATE', 'this is known')
  // Each incarnation has its own limit, so one that never was must not have any.
  if (incarnation > Math.max(partner.incarnation, partnerOf(latest, id)?.incarnation ?? 0)) {
    return refused('NOT_PERMITTED', `${id} has not come to incarnation ${incarnation}`)
  }
  const counted = countIn(state, incarnationCountKey(id, incarnation))
  if (counted >= EVIDENCE_MAX) {
    return refused('LIMIT_EXCEEDED', `${EVIDENCE_MAX} contradictions of ${id} are known, and more prove no more`)
  }
  const signedBy = keyOfIncarnation(state, latest, id, incarnation) ?? partner.key
  const problem = contradictionProblem(scope, signedBy, evidence)
  if (problem !== null) return { ok: false, refusal: problem }
  const writes = [
    { key, text: canonicalText([nameOf(scope, evidence, 'first'), nameOf(scope, evidence, 'second')]) },
    { key: evidenceCountKey(id), text: String(countIn(state, evidenceCountKey(id)) + 1) },
    { key: incarnationCountKey(id, incarnation), text: String(counted + 1) }
  ]
  return { ok: true, effect: { writes } }
}

/** A count that stands in the state; 0 when none does. */
export function countIn(state: StateReader, key: string): number {
  return Number(state.get(key)?.text ?? 0)
}

function placeOf(evidence: Evidence, which: 'first' | 'second'): string {
  switch (evidence.kind) {
    case 'vote': {
      const { voter, incarnation, height, round, kind } = evidence[which]
      return `${voter}/${incarnation}/${height}/${round}/${kind}`
    }
    case 'proposal': {
      const { proposer, incarnation, height, round } = evidence[which]
      return `${proposer}/${incarnation}/${height}/${round}/proposal`
    }
    case 'batch': {
      const { author, incarnation, sequence } = evidence[which]
      return `${author}/${incarnation}/${sequence}/batch`
    }
  }
}

function bytesOf(scope: Scope, evidence: Evidence, which: 'first' | 'second'): string {
  switch (evidence.kind) {
    case 'vote':
      return voteBytes(scope, evidence[which])
    case 'proposal':
      return proposalBytes(scope, evidence[which])
    case 'batch':
      return batchBytes(scope, evidence[which])
  }
}

/** Hash of what was signed: the block or batch; null for a vote for none. */
function nameOf(scope: Scope, evidence: Evidence, which: 'first' | 'second'): string | null {
  return evidence.kind === 'batch' ? batchHash(scope, evidence[which]) : evidence[which].block
}

function refused(code: Refusal['code'], message: string): EvidenceVerdict {
  return { ok: false, refusal: { code, message } }
}
