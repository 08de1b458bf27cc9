import { BrokenPromise } from './broken-promise.js'

/** Data of a record of evidence. */
export interface EvidenceRecord {
  readonly first: {
    readonly voter?: string
    readonly proposer?: string
    readonly author?: string
    readonly incarnation: number
    readonly height?: number
    readonly round?: number
    readonly kind?: string
    readonly sequence?: number
  }
}

export interface EvidenceOnChain {
  readonly partner: string
  readonly incarnation: number
  /** Where the two messages stand. */
  readonly place: string
}

/** Contradictions of one incarnation that are written down; more prove no more. */
export const EVIDENCE_MAX = 16

export function readEvidence({ first }: EvidenceRecord): EvidenceOnChain {
  const { voter, proposer, author, incarnation, height, round, kind, sequence } = first
  const partner = voter ?? proposer ?? author ?? ''
  const of = author === undefined ? `${height}/${round}/${kind ?? 'proposal'}` : `${sequence}/batch`
  return { partner, incarnation, place: `${partner}/${incarnation}/${of}` }
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
