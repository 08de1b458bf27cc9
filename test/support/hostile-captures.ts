import { canonicalText } from '../../src/base/canonical.js'
import { publicKeyOf, signer } from '../../src/base/crypto.js'
import type { Json } from '../../src/base/json.js'
import { keyText } from '../../src/base/keys.js'
import { encodeBatch } from '../../src/ledger/batch.js'
import { certificateText } from '../../src/ledger/certificate.js'
import { partnerSetText } from '../../src/ledger/partner-set.js'
import { receiptText } from '../../src/ledger/receipt.js'
import { verifyEvidence } from '../../src/ledger/verify-evidence.js'
import { proposalBytes, voteBytes } from '../../src/ledger/vote.js'
import { createInvitation, readToken } from '../../src/node/invitation.js'
import { joinRequestOf } from '../../src/node/join.js'
import type { PullRequest } from '../../src/node/peers.js'
import { listedLies } from './contradictions.js'
import type { Captures } from './hostile-readers.js'
import { keyOf, seedOf, smallChain } from './small-chain.js'

const LOCAL = '/ip4/127.0.0.1/tcp/4001'

function listed(): Captures['evidence'] {
  const { genesis, items } = listedLies()
  const texts = items.map((item) => JSON.stringify(item))
  const proven = texts.map((text) => {
    const outcome = verifyEvidence(text, genesis)
    return JSON.stringify(outcome.ok ? outcome.value : outcome.refusal)
  })
  return { genesisText: genesis, items: texts, proven }
}

/** Real items of each format: of a chain of three partners, with an invitation and what nodes say to each other. */
export function hostileCaptures(): Captures {
  const chain = smallChain(['p1', 'p2', 'p3'])
  const { scope } = chain
  const records = [
    chain.record('inspection', { vehicle: 'VH-001', odometer: 10 }, 'visit-1'),
    chain.record('inspection', { vehicle: 'VH-001', odometer: 9 }),
    chain.record('note', { text: 'Ünïcode 😀 "quoted" \\ and \n more' }),
    'no record'
  ]
  const first = chain.commit([
    ['p1', records],
    ['p2', [chain.record('note', { text: 'seen', vehicle: 'VH-001' })]]
  ])
  const second = chain.commit([['p1', [chain.record('inspection', { vehicle: 'VH-001', odometer: 11 })]]])
  const blocks = [first, second]
  const block = first.executed.hash
  const voteOf = (voter: string, round: number, to: string | null) => {
    const body = { block: to, height: 1, incarnation: 0, kind: 'prevote', round, voter } as const
    return { ...body, signature: signer(seedOf(voter))(voteBytes(scope, body)) }
  }
  const proposalBody = { block, height: 1, incarnation: 0, proposer: 'p1', round: 2, validRound: 1 }
  const proposal = { ...proposalBody, signature: signer(seedOf('p1'))(proposalBytes(scope, proposalBody)) }
  const headers = blocks.map(({ executed }) => executed.text)
  const certificates = blocks.map(({ certificate }) => certificateText(certificate))
  const batches = blocks.flatMap(({ signed }) => signed.map((batch) => encodeBatch(scope, batch)))
  const hashes = first.signed.map(({ hash }) => hash)
  const held = [{ round: 0, prevotes: ['p1', 'p2'], precommits: ['p3'] }]
  const announced = { author: 'p1', hash: hashes[0]!, incarnation: 0, sequence: 0 }
  const proposalMessage = {
    type: 'proposal',
    proposal,
    header: headers[0]!,
    batches: hashes,
    prevotes: [voteOf('p1', 1, block), voteOf('p2', 1, block)]
  }
  const token = createInvitation({
    scope,
    title: 'Inspections',
    inviter: 'p1',
    sign: signer(seedOf('p1')),
    partner: 'eve',
    role: 'inspector',
    name: 'Eve & sons',
    expires: 2e12,
    bootstrap: [{ partner: 'p1', key: keyOf('p1'), addresses: [LOCAL] }],
    seed: seedOf('invitation')
  })
  const read = readToken(token)
  if (!read.ok) throw new Error(read.refusal.message)
  const joinRequest = joinRequestOf(read.value, seedOf('eve'), [LOCAL])
  const { header, ...evidence } = { header: headers[0]!, first: voteOf('p1', 0, block), second: voteOf('p1', 0, null) }
  const text = (value: unknown): string => canonicalText(value as Json)
  const blocksRequest: PullRequest = { type: 'blocks', from: 1, bytesMax: 1 << 20 }
  return {
    scope,
    genesisText: chain.genesis.text,
    limits: chain.genesis.genesis.limits,
    model: chain.model,
    set: chain.set,
    records,
    batches,
    headers,
    certificates,
    receipts: [0, 1, 3].map((index) => receiptText(chain.receipt(1, 0, index))).map((receipt) => `${receipt}\n`),
    checkpoint: text({ genesis: scope.genesis, hash: second.executed.hash, height: 2, set: chain.set }),
    tokens: [token],
    joinRequests: [JSON.stringify(joinRequest)],
    joinAnswers: [
      JSON.stringify({ type: 'admitted', genesis: chain.genesis.text, bootstrap: read.value.bootstrap }),
      JSON.stringify({ type: 'refused', code: 'NOT_PERMITTED', message: 'no' })
    ],
    messages: [
      proposalMessage,
      { type: 'vote', vote: voteOf('p2', 0, null), reason: 'the block is late' },
      { type: 'batch', ...announced },
      { type: 'status', height: 7, round: 1, votes: held, batches: [announced] },
      { type: 'status', height: 7, round: 1, votes: [], batches: [], connected: ['p1', 'p3'] }
    ].map((message) => JSON.stringify(message)),
    requests: [
      blocksRequest,
      { type: 'batches', hashes },
      { type: 'messages', height: 1, have: held },
      { type: 'proposal', height: 1, block },
      { type: 'rejoin', partner: 'p1', incarnation: 1, nonce: block, signature: proposal.signature }
    ].map((request) => JSON.stringify(request)),
    responses: [
      [
        blocksRequest,
        JSON.stringify({
          type: 'blocks',
          blocks: [{ header: headers[0], certificate: certificates[0], batches: batches.slice(0, 2) }]
        })
      ],
      [{ type: 'batches', hashes }, JSON.stringify({ type: 'batches', batches: batches.slice(0, 2) })],
      [{ type: 'messages', height: 1, have: [] }, JSON.stringify({ type: 'messages', messages: [proposalMessage] })],
      [{ type: 'proposal', height: 1, block }, JSON.stringify({ type: 'proposal', block: { header, batches: hashes } })]
    ],
    steps: [JSON.stringify({ header: headers[0], certificate: certificates[0], set: partnerSetText(chain.set) })],
    evidence: listed(),
    systemRecords: [
      ['_admit', text(joinRequest)],
      ['_ready', text({ height: 1, block })],
      ['_address', text({ addresses: [LOCAL] })],
      ['_present', text({ height: 1 })],
      ['_revoke', text({ key: keyText(publicKeyOf(seedOf('invitation'))) })],
      ['_evidence', text({ kind: 'vote', ...evidence })],
      ['_proposal', text({ change: { kind: 'role', partner: 'p2', role: 'reader' }, expires: 9, reason: 'why' })],
      ['_ballot', text({ proposal: 'p1/0/0', reason: 'why not', yes: false })],
      ['_withdraw', text({ proposal: 'p1/0/0' })],
      ['_rejoin', text({ incarnation: 1, nonce: block, partner: 'p1', signature: proposal.signature })]
    ]
  }
}
