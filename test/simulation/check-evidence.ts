import { verifySignature } from '../../src/base/crypto.js'
import type { Scope } from '../../src/base/tagged.js'
import { type BatchHeader, batchBytes } from '../../src/ledger/batch.js'
import { type ProposalBody, proposalBytes, type VoteBody, voteBytes } from '../../src/ledger/vote.js'
import { BrokenPromise } from './broken-promise.js'
import type { PartnerHistory } from './partner-history.js'

/** Data of a record of evidence. */
export interface EvidenceRecord {
  readonly kind: 'vote' | 'proposal' | 'batch'
  readonly first: SignedThing
  readonly second: SignedThing
}

/** A vote, a proposal or the header of a batch: what of it is looked at. */
interface SignedThing {
  readonly voter?: string
  readonly proposer?: string
  readonly author?: string
  readonly incarnation: number
  readonly height?: number
  readonly round?: number
  readonly kind?: string
  readonly sequence?: number
  readonly signature: string
}

export interface EvidenceOnChain {
  readonly partner: string
  readonly incarnation: number
  /** Where the two messages stand. */
  readonly place: string
}

/** Contradictions of one incarnation that are written down; more prove no more. */
export const EVIDENCE_MAX = 16

export function readEvidence({ first }: Pick<EvidenceRecord, 'first'>): EvidenceOnChain {
  const { voter, proposer, author, incarnation, height, round, kind, sequence } = first
  const partner = voter ?? proposer ?? author ?? ''
  const of = author === undefined ? `${height}/${round}/${kind ?? 'proposal'}` : `${sequence}/batch`
  return { partner, incarnation, place: `${partner}/${incarnation}/${of}` }
}

/**
 * Says whether a record of evidence proves something new: two different things at one place, both signed with the key of
 * that incarnation. Follows what does.
 */
export function createEvidenceJudge(scope: Scope, partners: PartnerHistory): (record: EvidenceRecord) => boolean {
  const known = new Set<string>()
  const counts = new Map<string, number>()

  function bytesOf(kind: EvidenceRecord['kind'], { signature: _, ...thing }: SignedThing): string {
    if (kind === 'vote') return voteBytes(scope, thing as VoteBody)
    return kind === 'proposal' ? proposalBytes(scope, thing as ProposalBody) : batchBytes(scope, thing as BatchHeader)
  }

  return ({ kind, first, second }) => {
    const { partner, incarnation, place } = readEvidence({ first })
    const key = partners.keyOf(partner, incarnation)
    const name = `${partner}/${incarnation}`
    if (partners.now(partner) === undefined || key === undefined || known.has(place)) return false
    if (readEvidence({ first: second }).place !== place || (counts.get(name) ?? 0) >= EVIDENCE_MAX) return false
    const [one, other] = [bytesOf(kind, first), bytesOf(kind, second)]
    if (one === other || !verifySignature(key, one, first.signature)) return false
    if (!verifySignature(key, other, second.signature)) return false
    known.add(place)
    counts.set(name, (counts.get(name) ?? 0) + 1)
    return true
  }
}

/**
 * Evidence names liars only, each place once and not without end; and every lie that an honest node could see is there.
 * @param excused places of partners whose disk was put back, and who could not know what they had signed there
 * @param seen places of lies that honest nodes were shown
 */
export function checkEvidence(
  evidence: readonly EvidenceOnChain[],
  {
    liars,
    excused,
    seen
  }: { readonly liars: ReadonlySet<string>; readonly excused: ReadonlySet<string>; readonly seen: ReadonlySet<string> }
): void {
  const places = new Set<string>()
  const counts = new Map<string, number>()
  for (const { partner, incarnation, place } of evidence) {
    if (!liars.has(partner) && !excused.has(place))
      throw new BrokenPromise('evidence names liars only', `it names ${partner} for ${place}`)
    if (places.has(place)) throw new BrokenPromise('evidence is committed once', `${place} stands there twice`)
    places.add(place)
    const name = `${partner}/${incarnation}`
    counts.set(name, (counts.get(name) ?? 0) + 1)
    if (counts.get(name)! > EVIDENCE_MAX)
      throw new BrokenPromise('evidence is bounded', `there is too much against ${name}`)
  }
  for (const place of seen) {
    const [partner, incarnation] = place.split('/')
    const isFull = (counts.get(`${partner}/${incarnation}`) ?? 0) >= EVIDENCE_MAX
    if (!places.has(place) && !isFull) throw new BrokenPromise('evidence names the guilty', `${place} is nowhere`)
  }
}
