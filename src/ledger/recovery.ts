import { canonicalText } from '../base/canonical.js'
import { verifySignature } from '../base/crypto.js'
import { accept, type Outcome, refuse } from '../base/errors.js'
import { isHash, isPartnerId, isSignature } from '../base/ids.js'
import type { Json } from '../base/json.js'
import { PARTNERS_MAX } from '../base/limits.js'
import { readJson } from '../base/strict-json.js'
import { type Scope, taggedBytes, taggedHash } from '../base/tagged.js'
import { asArray, asInteger, asText, membersOf, ShapeError } from './json-shape.js'
import {
  faultsOfSet,
  type Partner,
  type PartnerSet,
  partnerSetHash,
  quorumOfSet,
  takesPart,
  votersOf
} from './partner-set.js'

/** What all survivors sign when the quorum is lost for good: a new epoch begins behind block `height`. */
export interface RecoveryDocument {
  /** Hash of the set that the epoch before has in force at `height` + 1: who may sign follows from it. */
  readonly base: string
  /** The new epoch. */
  readonly epoch: number
  readonly format: 1
  readonly genesis: string
  /** Hash of the last block of the epoch before. */
  readonly head: string
  /** Height of that block. */
  readonly height: number
  /** Partners that are suspended by it, sorted. */
  readonly lost: readonly string[]
  /** Hash of the set in force from `height` + 1 on. */
  readonly partners: string
  /** All voters of the base that are not lost, sorted. */
  readonly signers: readonly string[]
}

export interface RecoverySignature {
  readonly signature: string
  readonly signer: string
}

/** A document with the signatures gathered so far, sorted by signer. It counts with those of all signers. */
export interface Recovery {
  readonly document: RecoveryDocument
  readonly signatures: readonly RecoverySignature[]
}

/** Where a document stands: the end of an epoch, and the sets that the chain has decided by then. */
export interface RecoveryGround {
  /** Of the epoch that ends. */
  readonly scope: Scope
  readonly height: number
  readonly head: string
  /** In force at `height` + 1. */
  readonly now: PartnerSet
  /** With every change that is decided. */
  readonly latest: PartnerSet
}

/** Longest recovery, characters: signers and lost of the largest network fit twice. */
export const RECOVERY_CHARS_MAX = 4096 + PARTNERS_MAX * 512

const EPOCH_MAX = 2 ** 31

function scopeOf({ genesis, epoch }: RecoveryDocument): Scope {
  return { genesis, epoch }
}

function documentText(document: RecoveryDocument): string {
  return canonicalText(document as unknown as Json)
}

/** Tagged bytes that every signer signs. */
export function recoveryBytes(document: RecoveryDocument): string {
  return taggedBytes('recovery', scopeOf(document), documentText(document))
}

/** The hash that operators compare and type: it names the document with all that it does. */
export function recoveryHash(document: RecoveryDocument): string {
  return taggedHash('recovery', scopeOf(document), documentText(document))
}

/** Canonical text of a recovery. */
export function recoveryText(recovery: Recovery): string {
  return canonicalText(recovery as unknown as Json)
}

/** Reads a recovery in any JSON layout: its shape alone. Refusal MALFORMED or TOO_LARGE. */
export function readRecovery(text: string): Outcome<Recovery> {
  if (text.length > 2 * RECOVERY_CHARS_MAX) return refuse('TOO_LARGE', 'a recovery is shorter')
  const json = readJson(text)
  if (!json.ok) return json
  try {
    return accept(shapeOfRecovery(json.value, ''))
  } catch (error) {
    if (error instanceof ShapeError) return refuse('MALFORMED', `recovery: ${error.message}`, { path: error.path })
    throw error
  }
}

/** Checks the shape of a recovery. Throws ShapeError. */
export function shapeOfRecovery(json: Json | undefined, path: string): Recovery {
  const members = membersOf(json, path, ['document', 'signatures'])
  const at = `${path}/document`
  const names = ['base', 'epoch', 'format', 'genesis', 'head', 'height', 'lost', 'partners', 'signers']
  const document = membersOf(members.document, at, names)
  if (document.format !== 1) throw new ShapeError(`${at}/format`, 'is of a version this software does not know')
  const hash = (name: string): string => asText(document[name], `${at}/${name}`, isHash, 'a hash')
  let before = ''
  return {
    document: {
      base: hash('base'),
      epoch: asInteger(document.epoch, `${at}/epoch`, 1, EPOCH_MAX),
      format: 1,
      genesis: hash('genesis'),
      head: hash('head'),
      height: asInteger(document.height, `${at}/height`, 1, Number.MAX_SAFE_INTEGER - 2),
      lost: shapeOfIds(document.lost, `${at}/lost`),
      partners: hash('partners'),
      signers: shapeOfIds(document.signers, `${at}/signers`)
    },
    signatures: asArray(members.signatures, `${path}/signatures`, PARTNERS_MAX).map((item, index) => {
      const here = `${path}/signatures/${index}`
      const { signature, signer } = membersOf(item, here, ['signature', 'signer'])
      const isNext = (id: string): boolean => isPartnerId(id) && id > before
      before = asText(signer, `${here}/signer`, isNext, 'a partner id in sorted order')
      return { signature: asText(signature, `${here}/signature`, isSignature, 'a signature'), signer: before }
    })
  }
}

function shapeOfIds(json: Json | undefined, path: string): readonly string[] {
  let before = ''
  return asArray(json, path, PARTNERS_MAX).map((id, index) => {
    before = asText(
      id,
      `${path}/${index}`,
      (text) => isPartnerId(text) && text > before,
      'a partner id in sorted order'
    )
    return before
  })
}

/**
 * The set from the first block of the new epoch on: the lost are suspended and what they signed and no block has is void.
 * The incarnations of the others stay: what they signed in the epoch before is void by its epoch.
 */
function recoveredSet(latest: PartnerSet, epoch: number, lost: readonly string[]): PartnerSet {
  const partners = latest.partners.map((partner): Partner => {
    if (!lost.includes(partner.id) || !takesPart(partner)) return partner
    return { ...partner, incarnation: partner.incarnation + 1, state: 'suspended' }
  })
  return { ...latest, epoch, partners }
}

/**
 * The one document that suspends these partners behind this block.
 * @param lost ids in any order
 * @returns refusal NOT_PERMITTED with the reason, or NOT_FOUND for a lost one that is no partner
 */
export function composeRecovery(ground: RecoveryGround, lost: readonly string[]): Outcome<RecoveryDocument> {
  const { scope, height, head, now, latest } = ground
  const epoch = scope.epoch + 1
  if (height < 1) return refuse('NOT_PERMITTED', 'the chain has no block yet: found the network anew')
  const sorted = [...new Set(lost)].sort()
  const voters = votersOf(now).map(({ id }) => id)
  for (const id of sorted) {
    const isPart = voters.includes(id) || latest.partners.some((partner) => partner.id === id && takesPart(partner))
    if (!isPart) return refuse('NOT_FOUND', `${id} is neither a voter nor a partner that takes part`)
  }
  const signers = voters.filter((id) => !sorted.includes(id))
  const problem = arithmeticProblem(now, signers)
  if (problem !== null) return refuse('NOT_PERMITTED', problem)
  const set = recoveredSet(latest, epoch, sorted)
  if (votersOf(set).length === 0) return refuse('NOT_PERMITTED', 'no active voter would be left')
  return accept({
    base: partnerSetHash(scope, now),
    epoch,
    format: 1,
    genesis: scope.genesis,
    head,
    height,
    lost: sorted,
    partners: partnerSetHash({ ...scope, epoch }, set),
    signers
  })
}

/**
 * At least f + 1 survivors: then every quorum of the epoch before has one of them in it, and none comes together without
 * them. Fewer than a quorum: those who are one need no recovery.
 */
function arithmeticProblem(base: PartnerSet, signers: readonly string[]): string | null {
  const least = faultsOfSet(base) + 1
  if (signers.length < least) {
    return `${signers.length} survivors are too few: with fewer than ${least} of ${votersOf(base).length} voters the others could still agree on blocks`
  }
  if (signers.length < quorumOfSet(base)) return null
  return `${signers.length} survivors are a quorum: suspend the others with a proposal, nothing has to be recovered`
}

/**
 * Why a recovery does not hold for whoever knows the set that was to be in force at its height + 1; null when it does. What
 * came of later decisions of the last block is not asked: all signers have signed for the hash of the new set.
 * @param scope of the epoch before
 */
export function recoveryProblem(scope: Scope, base: PartnerSet, recovery: Recovery): string | null {
  const { document, signatures } = recovery
  if (document.genesis !== scope.genesis) return 'it is for another network'
  if (document.epoch !== scope.epoch + 1) return `it begins epoch ${document.epoch}, and ${scope.epoch + 1} is next`
  if (document.base !== partnerSetHash(scope, base)) return 'it rests on other partners than those in force'
  const survivors = votersOf(base).filter(({ id }) => !document.lost.includes(id))
  if (survivors.map(({ id }) => id).join() !== document.signers.join()) return 'its signers are not all survivors'
  const arithmetic = arithmeticProblem(base, document.signers)
  if (arithmetic !== null) return arithmetic
  return signaturesProblem(survivors, document, signatures)
}

function signaturesProblem(
  signers: readonly Partner[],
  document: RecoveryDocument,
  signatures: readonly RecoverySignature[]
): string | null {
  const missing = signers.filter(({ id }) => !signatures.some(({ signer }) => signer === id))
  if (missing.length > 0) return `the signatures of ${missing.map(({ id }) => id).join(', ')} are missing`
  if (signatures.length > signers.length) return 'it is signed by others than its signers'
  return wrongSignature(signers, document, signatures)
}

/** The first signature that does not hold, in words; null when all do that are there. */
export function wrongSignature(
  partners: readonly Partner[],
  document: RecoveryDocument,
  signatures: readonly RecoverySignature[]
): string | null {
  const bytes = recoveryBytes(document)
  for (const { signer, signature } of signatures) {
    const key = document.signers.includes(signer) ? partners.find(({ id }) => id === signer)?.key : undefined
    if (key === undefined) return `${signer} is none of its signers`
    if (!verifySignature(key, bytes, signature)) return `the signature of ${signer} is wrong`
  }
  return null
}

/** Why a document is not what comes out at this place of the chain; null when it is. Signatures are not asked for. */
export function documentProblem(ground: RecoveryGround, document: RecoveryDocument): string | null {
  if (document.genesis !== ground.scope.genesis) return 'it is for another network'
  if (document.height !== ground.height)
    return `it stands at block ${document.height}, and the chain here at ${ground.height}`
  if (document.head !== ground.head) return `its block ${document.height} is another one than here`
  const composed = composeRecovery(ground, document.lost)
  if (!composed.ok) return composed.refusal.message
  return documentText(composed.value) === documentText(document) ? null : 'it is not what comes out of the chain here'
}

/** Why a recovery does not begin an epoch at this place of the chain; null when it does. */
export function recoveryProblemAt(ground: RecoveryGround, recovery: Recovery): string | null {
  return documentProblem(ground, recovery.document) ?? recoveryProblem(ground.scope, ground.now, recovery)
}

/** The set that a document puts in force; `latest` as in its ground. */
export function setOfRecovery(latest: PartnerSet, { epoch, lost }: RecoveryDocument): PartnerSet {
  return recoveredSet(latest, epoch, lost)
}
