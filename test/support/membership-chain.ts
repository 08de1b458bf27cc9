import { createHash } from 'node:crypto'
import { publicKeyOf, signer } from '../../src/base/crypto.js'
import { keyText } from '../../src/base/keys.js'
import type { Scope } from '../../src/base/tagged.js'
import { blockHash, headerText } from '../../src/ledger/block.js'
import { certificateText } from '../../src/ledger/certificate.js'
import type { MembershipStep } from '../../src/ledger/membership-proof.js'
import { type PartnerSet, partnerSetHash, partnerSetText } from '../../src/ledger/partner-set.js'
import { voteBytes } from '../../src/ledger/vote.js'

export function partnerSeed(name: string): Uint8Array {
  return createHash('sha256').update(name).digest()
}

/** A set of active voters of these names. */
export function setOf(...names: readonly string[]): PartnerSet {
  return {
    epoch: 0,
    partners: names.map((id) => ({
      id,
      incarnation: 0,
      key: keyText(publicKeyOf(partnerSeed(id))),
      role: 'garage',
      state: 'active',
      voter: true
    })),
    quorum: 'two-thirds'
  }
}

/** The step by which `signers` of a set bring another into force. */
export function stepOf(
  scope: Scope,
  height: number,
  before: PartnerSet,
  after: PartnerSet,
  signers: readonly string[] = before.partners.map(({ id }) => id)
): MembershipStep {
  const zero = '0'.repeat(64)
  const header = headerText({
    batches: { count: 0, root: zero },
    height,
    history: zero,
    model: zero,
    nextPartners: partnerSetHash(scope, after),
    originRound: 0,
    partners: partnerSetHash(scope, before),
    previous: zero,
    proposer: before.partners[0]!.id,
    result: zero,
    time: 1,
    verdicts: { count: 0, root: zero }
  })
  const block = blockHash(scope, header)
  const votes = [...signers].sort().map((voter) => {
    const body = { block, height, incarnation: 0, kind: 'precommit', round: 0, voter } as const
    return { incarnation: 0, signature: signer(partnerSeed(voter))(voteBytes(scope, body)), voter }
  })
  return {
    header,
    certificate: certificateText({ block, height, round: 0, votes }),
    set: partnerSetText(after)
  }
}
