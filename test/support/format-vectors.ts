import { signer } from '../../src/base/crypto.js'
import { bytesToHex } from '../../src/base/hex.js'
import { batchBytes, encodeBatch } from '../../src/ledger/batch.js'
import { certificateText } from '../../src/ledger/certificate.js'
import type { GenesisFormat } from '../../src/ledger/genesis.js'
import { partnerSetHash, partnerSetText } from '../../src/ledger/partner-set.js'
import { receiptText } from '../../src/ledger/receipt.js'
import { verdictLeaves } from '../../src/ledger/verdict.js'
import { proposalBytes, voteBytes } from '../../src/ledger/vote.js'
import { keyOf, seedOf, smallChain } from './small-chain.js'

/** One of each format, with the bytes that go in and the hashes and signatures that come out. */
export function formatVectors(format: GenesisFormat = 1) {
  const chain = smallChain(['p1', 'p2'], undefined, format)
  const records = [
    chain.record('inspection', { vehicle: 'VH-001', odometer: 10 }, 'visit-1'),
    chain.record('inspection', { vehicle: 'VH-001', odometer: 9 }),
    chain.record('note', { text: 'Ünïcode 😀' }),
    'no record'
  ]
  const first = chain.commit([
    ['p1', records],
    ['p2', [chain.record('note', { text: 'seen', vehicle: 'VH-001' })]]
  ])
  chain.commit([['p1', [chain.record('inspection', { vehicle: 'VH-001', odometer: 11 })]]])
  const { scope } = chain
  const { executed, signed, certificate, set } = first
  const batch = signed[0]!
  const block = executed.hash
  const vote = { block, height: 1, incarnation: 0, kind: 'prevote', round: 2, voter: 'p1' } as const
  const proposal = { block, height: 1, incarnation: 0, proposer: 'p1', round: 2, validRound: 1 }
  const sign = signer(seedOf('p1'))
  return {
    key: { seed: bytesToHex(seedOf('p1')), text: keyOf('p1') },
    genesis: { text: chain.genesis.text, hash: chain.genesis.hash, model: chain.model.hash },
    partners: { text: partnerSetText(set), hash: partnerSetHash(scope, set) },
    batch: {
      bytes: batchBytes(scope, batch.header),
      hash: batch.hash,
      signature: batch.signature,
      encoded: encodeBatch(scope, batch)
    },
    block: { header: executed.text, hash: executed.hash, certificate: certificateText(certificate) },
    verdicts: { leaves: verdictLeaves(executed.execution.verdicts), ...executed.execution.verdictRoot },
    result: executed.execution.resultHash,
    nilVote: { bytes: voteBytes(scope, { ...vote, block: null }) },
    vote: { bytes: voteBytes(scope, vote), signature: sign(voteBytes(scope, vote)) },
    proposal: { bytes: proposalBytes(scope, proposal), signature: sign(proposalBytes(scope, proposal)) },
    receipt: receiptText(chain.receipt(1, 0, 1))
  }
}
