import { canonicalText, readCanonical } from '../base/canonical.js'
import { verifySignature } from '../base/crypto.js'
import { accept, type Outcome, type Refusal, refuse } from '../base/errors.js'
import { isHash, isPartnerId, isSignature } from '../base/ids.js'
import type { Json } from '../base/json.js'
import { PARTNERS_MAX } from '../base/limits.js'
import type { Scope } from '../base/tagged.js'
import { asArray, asInteger, asText, membersOf, ShapeError } from './json-shape.js'
import { type PartnerSet, quorumOfSet, votersOf } from './partner-set.js'
import { voteBytes } from './vote.js'

/** One precommit in a certificate. */
export interface CertificateVote {
  readonly incarnation: number
  readonly signature: string
  readonly voter: string
}

/** A quorum of precommits for one block in one round: the endorsements of a block. */
export interface Certificate {
  readonly block: string
  readonly height: number
  readonly round: number
  /** Sorted by voter, no voter twice. */
  readonly votes: readonly CertificateVote[]
}

const CERTIFICATE_BYTES_MAX = 256 + PARTNERS_MAX * 256

/** Canonical text of a certificate. */
export function certificateText(certificate: Certificate): string {
  return canonicalText(certificate as unknown as Json)
}

/** Reads a certificate's canonical text. Refusal MALFORMED. */
export function readCertificate(text: string): Outcome<Certificate> {
  const json = readCanonical(text, CERTIFICATE_BYTES_MAX)
  if (!json.ok) return json
  try {
    return accept(shapeOfCertificate(json.value))
  } catch (error) {
    if (error instanceof ShapeError) return refuse('MALFORMED', `certificate: ${error.message}`)
    throw error
  }
}

/** Checks the shape of a certificate. Throws ShapeError. */
export function shapeOfCertificate(json: Json | undefined): Certificate {
  const certificate = membersOf(json, '/certificate', ['block', 'height', 'round', 'votes'])
  asText(certificate.block, '/certificate/block', isHash, 'a hash')
  asInteger(certificate.height, '/certificate/height', 1, Number.MAX_SAFE_INTEGER - 1)
  asInteger(certificate.round, '/certificate/round', 0, 2 ** 31)
  const votes = asArray(certificate.votes, '/certificate/votes', PARTNERS_MAX)
  votes.forEach((json, index) => {
    const path = `/certificate/votes/${index}`
    const vote = membersOf(json, path, ['incarnation', 'signature', 'voter'])
    asInteger(vote.incarnation, `${path}/incarnation`, 0, 2 ** 31)
    asText(vote.signature, `${path}/signature`, isSignature, 'a signature')
    asText(vote.voter, `${path}/voter`, isPartnerId, 'a partner id')
  })
  return certificate as unknown as Certificate
}

/**
 * Whether a certificate proves that the quorum of this set committed this block (design: consensus, point 17).
 * @returns null when it does, else VERIFICATION_FAILED with the reason
 */
export function checkCertificate(
  scope: Scope,
  set: PartnerSet,
  certificate: Certificate,
  expected: { readonly height: number; readonly block: string }
): Refusal | null {
  const { block, height, round, votes } = certificate
  if (block !== expected.block) return failed('the certificate is for another block')
  if (height !== expected.height) return failed(`the certificate is for height ${height}`)
  const needed = quorumOfSet(set)
  if (votes.length < needed) return failed(`the certificate has ${votes.length} votes where ${needed} are needed`)
  const voters = new Map(votersOf(set).map((voter) => [voter.id, voter]))
  let before = ''
  for (const vote of votes) {
    if (vote.voter <= before) return failed(`the certificate's votes are not sorted, or name ${vote.voter} twice`)
    before = vote.voter
    const voter = voters.get(vote.voter)
    if (voter === undefined) return failed(`${vote.voter} signed the certificate and is no voter at height ${height}`)
    if (vote.incarnation !== voter.incarnation) return failed(`${vote.voter} signed as an older or newer incarnation`)
    const body = { block, height, incarnation: vote.incarnation, kind: 'precommit', round, voter: vote.voter } as const
    if (!verifySignature(voter.key, voteBytes(scope, body), vote.signature)) {
      return failed(`the signature of ${vote.voter} on the certificate is wrong`)
    }
  }
  return null
}

function failed(message: string): Refusal {
  return { code: 'VERIFICATION_FAILED', message }
}
