import { verifySignature } from '../../src/base/crypto.js'
import { type BatchHeader, batchBytes } from '../../src/ledger/batch.js'
import { foundingSet, partnerSetHash } from '../../src/ledger/partner-set.js'
import { voteBytes } from '../../src/ledger/vote.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { StoreContent } from './virtual-store.js'
import type { Submission } from './workload.js'

/**
 * What must hold of a run, worked out from what lies on the disks and what the users were told, without the code that is
 * tested: only the format of what is signed is shared with it.
 */

/** A promise that was broken. */
export class BrokenPromise extends Error {
  constructor(
    readonly promise: string,
    message: string
  ) {
    super(`${promise}: ${message}`)
    this.name = 'BrokenPromise'
  }
}

export interface Ended {
  /** Whom evidence may name. */
  readonly liars: ReadonlySet<string>
  readonly founded: SimulatedGenesis
  /** Of honest partners. */
  readonly disks: ReadonlyMap<string, StoreContent>
  readonly submissions: readonly Submission[]
}

/**
 * Whatever has happened, and whenever one looks.
 * @param isOver before that, the only copy of a decided block may have been on a disk that was lost
 */
export function checkSafety(ended: Ended, isOver: boolean): void {
  const longest = checkAgreement(ended)
  checkCertificates(ended)
  checkAuthors(ended, longest)
  const records = replay(longest, ended.liars)
  checkAcknowledged(ended, records, isOver ? Number.POSITIVE_INFINITY : longest.blocks.length)
  checkResults(ended, longest)
}

/** Once all have caught up: what was given an id stands in a block, and who asked was told. */
export function checkNothingLost({ disks, submissions }: Ended): void {
  const [content] = disks.values()
  for (const { author, marker, durable } of submissions) {
    if (durable === null) continue
    const id = `${author}/${durable.sequence}`
    if (content?.locations.has(id) !== true) {
      throw new BrokenPromise('nothing durable is lost', `${marker} in batch ${id} is in no block`)
    }
  }
}

/** The same block everywhere at each height. Gives the longest copy. */
function checkAgreement({ disks }: Ended): StoreContent {
  const copies = [...disks.values()].sort((a, b) => b.blocks.length - a.blocks.length)
  const longest = copies[0]!
  for (const [id, { blocks }] of disks) {
    for (const [index, block] of blocks.entries()) {
      const other = longest.blocks[index]
      const same = block.height === index + 1 && block.hash === other?.hash && block.header === other.header
      if (!same) throw new BrokenPromise('agreement', `${id} has another block ${index + 1} than somebody else`)
    }
  }
  return longest
}

/** A quorum of different voters stands behind each block of each copy. */
function checkCertificates({ founded, disks }: Ended): void {
  const { voters, quorum, genesis } = founded
  const needed =
    Math.floor((quorum === 'majority' ? voters.length : 2 * voters.length) / (quorum === 'majority' ? 2 : 3)) + 1
  const scope = { genesis: genesis.hash, epoch: 0 }
  const sets = setsOf(founded)
  const verified = new Set<string>()
  for (const [id, { blocks }] of disks) {
    for (const { height, hash, header, certificate } of blocks) {
      const { partners } = JSON.parse(header) as { partners: string }
      const incarnations = sets.get(partners)
      if (incarnations === undefined) throw new BrokenPromise('certificates', `block ${height} names other partners`)
      const name = `${hash} ${certificate}`
      if (verified.has(name)) continue
      verified.add(name)
      const { block, round, votes } = JSON.parse(certificate) as Certificate
      const signers = new Set(votes.map(({ voter }) => voter))
      if (block !== hash) throw new BrokenPromise('certificates', `${id} has one for another block at ${height}`)
      if (signers.size < needed) throw new BrokenPromise('certificates', `${id} has ${signers.size} votes at ${height}`)
      for (const { voter, incarnation, signature } of votes) {
        const bytes = voteBytes(scope, { block, height, incarnation, kind: 'precommit', round, voter })
        const isCurrent = voters.includes(voter) && incarnation === incarnations.get(voter)
        if (!isCurrent || !verifySignature(founded.keyOf(voter), bytes, signature)) {
          throw new BrokenPromise('certificates', `${voter} did not sign block ${height} as ${id} has it`)
        }
      }
    }
  }
}

/** Most incarnations that a partner reaches in a run. */
const INCARNATIONS_MAX = 4

/** The partner sets there may be, by hash: that of the genesis, or one partner in it has come back after a wipe. */
function setsOf({ genesis }: SimulatedGenesis): Map<string, ReadonlyMap<string, number>> {
  const known = setsKnown.get(genesis.hash)
  if (known !== undefined) return known
  const scope = { genesis: genesis.hash, epoch: 0 }
  const founding = foundingSet(genesis.genesis)
  const sets = new Map<string, ReadonlyMap<string, number>>()
  for (const { id } of founding.partners) {
    for (let incarnation = 0; incarnation < INCARNATIONS_MAX; incarnation++) {
      const partners = founding.partners.map((partner) => (partner.id === id ? { ...partner, incarnation } : partner))
      const set = { ...founding, partners }
      sets.set(partnerSetHash(scope, set), new Map(partners.map((partner) => [partner.id, partner.incarnation])))
    }
  }
  setsKnown.set(genesis.hash, sets)
  return sets
}

const setsKnown = new Map<string, Map<string, ReadonlyMap<string, number>>>()

/** Each batch is of whom it says: the author's key signed its header. */
function checkAuthors({ founded }: Ended, { blocks, bodies }: StoreContent): void {
  const scope = { genesis: founded.genesis.hash, epoch: 0 }
  for (const { author, sequence, hash } of blocks.flatMap((block) => block.batches)) {
    const { header, signature } = JSON.parse(bodies.get(hash)?.split('\n')[0] ?? 'null') as SignedBatch
    const isOwn = header.author === author && header.sequence === sequence
    if (!isOwn || !verifySignature(founded.keyOf(author), batchBytes(scope, header), signature)) {
      throw new BrokenPromise('authors', `${author} did not sign the batch ${author}/${sequence}`)
    }
  }
}

interface SignedBatch {
  readonly header: BatchHeader
  readonly signature: string
}

interface Certificate {
  readonly block: string
  readonly round: number
  readonly votes: readonly { readonly voter: string; readonly incarnation: number; readonly signature: string }[]
}

/** A record as it stands in the chain. */
interface Placed {
  readonly height: number
  readonly marker: string
  readonly refusal: string | null
}

/** Goes through the chain with the rule in plain words: an odometer never goes back, and no marker counts twice. */
function replay({ blocks, bodies }: StoreContent, liars: ReadonlySet<string>): Map<string, Placed> {
  const odometers = new Map<string, number>()
  const used = new Set<string>()
  const placed = new Map<string, Placed>()
  const sequences = new Map<string, number>()
  for (const { height, batches, refusals } of blocks) {
    const refused = new Map(
      (JSON.parse(refusals) as Refused[]).map(([batch, index, { code }]) => [`${batch}/${index}`, code])
    )
    for (const [position, { author, sequence, hash, count }] of batches.entries()) {
      const next = sequences.get(author) ?? 0
      if (sequence !== next) throw new BrokenPromise('order', `${author}/${sequence} stands where ${next} is due`)
      sequences.set(author, next + 1)
      const lines = bodies.get(hash)?.trimEnd().split('\n').slice(1) ?? []
      if (lines.length !== count) throw new BrokenPromise('bodies', `batch ${author}/${sequence} is not whole`)
      for (const [index, line] of lines.entries()) {
        const { object, data } = JSON.parse(line) as RecordLine
        if (object === '_evidence') checkEvidence(data as unknown as EvidenceData, liars)
        if (object !== 'inspection') continue
        const refusal = refused.get(`${position}/${index}`) ?? null
        const { marker, vehicle, odometer } = data
        const isNew = !used.has(`${author} ${marker}`)
        const isGood = odometer >= (odometers.get(vehicle) ?? 0)
        if ((refusal === null) !== (isNew && isGood)) {
          throw new BrokenPromise(
            'validity',
            `${marker} in block ${height} must ${isNew && isGood ? '' : 'not '}be accepted`
          )
        }
        used.add(`${author} ${marker}`)
        if (refusal === null) odometers.set(vehicle, odometer)
        placed.set(`${author}/${sequence}/${index}`, { height, marker, refusal })
      }
    }
  }
  return placed
}

interface EvidenceData {
  readonly first: { readonly voter?: string; readonly proposer?: string }
}

function checkEvidence({ first }: EvidenceData, liars: ReadonlySet<string>): void {
  const named = first.voter ?? first.proposer ?? ''
  if (!liars.has(named)) throw new BrokenPromise('evidence names liars only', `it names ${named}`)
}

type Refused = readonly [batch: number, index: number, refusal: { readonly code: string }]

interface RecordLine {
  readonly object: string
  readonly data: { readonly marker: string; readonly vehicle: string; readonly odometer: number }
}

/** What was acknowledged is there, once, and with the verdict that was told. */
function checkAcknowledged({ submissions }: Ended, placed: ReadonlyMap<string, Placed>, heightMax: number): void {
  for (const { author, marker, durable, decided } of submissions) {
    if (decided === null || decided.height > heightMax) continue
    const id = durable === null ? '' : `${author}/${durable.sequence}/${durable.index}`
    const there = placed.get(id)
    if (there === undefined || there.marker !== marker) {
      throw new BrokenPromise(
        'nothing acknowledged is lost',
        `${marker}, told to be in block ${decided.height} as ${id}`
      )
    }
    if (there.height !== decided.height || there.refusal !== decided.refusal) {
      const told = `${decided.height} ${decided.refusal}`
      throw new BrokenPromise('answers are true', `${marker} was told ${told}, and is ${there.height} ${there.refusal}`)
    }
  }
  const accepted = new Set<string>()
  for (const { marker, refusal } of placed.values()) {
    if (refusal !== null) continue
    if (accepted.has(marker)) throw new BrokenPromise('nothing is doubled', marker)
    accepted.add(marker)
  }
}

/** Copies that are equally long have the same state. */
function checkResults({ disks }: Ended, longest: StoreContent): void {
  for (const [id, { blocks, state }] of disks) {
    if (blocks.length !== longest.blocks.length) continue
    const differs =
      state.size !== longest.state.size || [...state].some(([key, { text }]) => longest.state.get(key)?.text !== text)
    if (differs) throw new BrokenPromise('results are equal', `${id} has another state at ${blocks.length}`)
  }
}
