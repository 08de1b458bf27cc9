import { signer } from '../../src/base/crypto.js'
import type { Scope } from '../../src/base/tagged.js'
import { type BatchHeader, batchBytes } from '../../src/ledger/batch.js'
import { evidenceData } from '../../src/ledger/evidence.js'
import { receiptText } from '../../src/ledger/receipt.js'
import type { Evidence, Signed } from '../../src/ledger/system-record.js'
import { evidenceSummary } from '../../src/ledger/verify-evidence.js'
import { type ProposalBody, proposalBytes, type VoteBody, voteBytes } from '../../src/ledger/vote.js'
import type { ListedEvidence } from '../../src/node/ledger-node.js'
import { seedOf, smallChain } from './small-chain.js'

/** Makes signed messages of a partner that an honest one never signs both. */
export function createLies(scope: Scope, partner: string) {
  const sign = signer(seedOf(partner))

  function vote(block: string | null, change: Partial<VoteBody> = {}): Signed<VoteBody> {
    const body = { block, height: 7, incarnation: 0, kind: 'prevote', round: 0, voter: partner, ...change } as const
    return { ...body, signature: sign(voteBytes(scope, body)) }
  }

  function proposal(block: string, change: Partial<ProposalBody> = {}): Signed<ProposalBody> {
    const body = { block, height: 7, incarnation: 0, proposer: partner, round: 0, validRound: -1, ...change }
    return { ...body, signature: sign(proposalBytes(scope, body)) }
  }

  function batch(root: string, change: Partial<BatchHeader> = {}): Signed<BatchHeader> {
    const body = { author: partner, bytes: 10, count: 1, incarnation: 0, root, sequence: 7, ...change }
    return { ...body, signature: sign(batchBytes(scope, body)) }
  }

  const A = 'ab'.repeat(32)
  const B = 'cd'.repeat(32)
  return {
    votes: (change: Partial<VoteBody> = {}): Evidence => {
      return { kind: 'vote', first: vote(A, change), second: vote(B, change) }
    },
    proposals: (change: Partial<ProposalBody> = {}): Evidence => {
      return { kind: 'proposal', first: proposal(A, change), second: proposal(B, change) }
    },
    batches: (change: Partial<BatchHeader> = {}): Evidence => {
      return { kind: 'batch', first: batch(A, change), second: batch(B, change) }
    }
  }
}

/** Every kind of lie of p4 on a chain of four partners, as a node lists them with their proofs. */
export function listedLies(): { readonly genesis: string; readonly items: readonly ListedEvidence[] } {
  const chain = smallChain(['p1', 'p2', 'p3', 'p4'])
  const make = createLies(chain.scope, 'p4')
  const all = [make.votes({ kind: 'precommit' }), make.proposals({ round: 2 }), make.batches()]
  for (const evidence of all) chain.commit([['p1', [chain.record('_evidence', evidenceData(evidence))]]])
  const items = all.map((evidence, at): ListedEvidence => {
    const { time } = chain.blocks[at]!.executed.header
    const summary = evidenceSummary(evidence, { id: `p1/${at}/0`, author: 'p1', height: at + 1, time })
    return { ...summary, receipt: JSON.parse(receiptText(chain.receipt(at + 1, 0, 0))), cursor: `${at + 1}.0.0` }
  })
  return { genesis: chain.genesis.text, items }
}
