import * as assert from 'uvu/assert'
import { signer } from '../../../src/base/crypto.js'
import { type BlockHeader, blockHash, headerText } from '../../../src/ledger/block.js'
import { type Certificate, certificateText } from '../../../src/ledger/certificate.js'
import { refusalsOf, type Verdict, verdictRoot } from '../../../src/ledger/verdict.js'
import { voteBytes } from '../../../src/ledger/vote.js'
import type { BlockCommit } from '../../../src/node/store/store-types.js'
import { encodeRefusals, isSameRefusals } from '../../../src/node/stored-refusals.js'
import { growingChain } from '../../support/growing-chain.js'
import { FOUNDED_AT, NETWORK, seedOf, smallChain } from '../../support/small-chain.js'
import { type Committed, type Forge, type Small, verifyStored } from '../../support/stored-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('verification of a copy')

function chainOfThree(ids: readonly string[] = ['p1'], network = NETWORK): Small {
  const chain = smallChain(ids, network)
  for (let i = 1; i <= 3; i++) {
    const texts = [10 * i, 10 * i - 9].map((odometer) =>
      chain.record('inspection', { vehicle: 'a', odometer }, `k${odometer}`)
    )
    chain.commit([['p1', texts]])
  }
  return chain
}

/** The header changed and signed again by everybody: all that a quorum of liars could do. */
function resigned(commit: BlockCommit, block: Committed, chain: Small, change: Partial<BlockHeader>): BlockCommit {
  const header = headerText({ ...block.executed.header, ...change })
  const hash = blockHash(chain.scope, header)
  const votes = block.certificate.votes.map(({ incarnation, voter }) => {
    const vote = { block: hash, height: commit.height, incarnation, kind: 'precommit', round: 0, voter } as const
    return { incarnation, signature: signer(seedOf(voter))(voteBytes(chain.scope, vote)), voter }
  })
  return {
    ...commit,
    header,
    hash,
    certificate: certificateText({ block: hash, height: commit.height, round: 0, votes })
  }
}

const WORDS = encodeRefusals([{ batch: 0, index: 1, refusal: { code: 'RULE_BROKEN', message: 'lower', path: '/a' } }])

test('a copy of a build that did not tell what would be right verifies', async () => {
  const report = await verifyStored(chainOfThree(), 2, (commit) => {
    const refusals = commit.refusals.replace(/"expected":"[^"]*",/g, '')
    assert.ok(refusals.length < commit.refusals.length)
    return { ...commit, refusals }
  })
  assert.ok(report.ok, JSON.stringify(report))
})

test('a copy of a build that had other words for what the network says nothing of verifies', async () => {
  const said = (refusals: string) => refusals.replace('RULE_BROKEN', 'SCHEMA')
  const code = await verifyStored(chainOfThree(), 2, (commit) => ({ ...commit, refusals: said(commit.refusals) }))
  assert.is(code.ok, false)
  assert.ok(isSameRefusals(said(WORDS), said(WORDS.replace('lower', 'higher'))))
  assert.not(isSameRefusals(WORDS, WORDS.replace('lower', 'higher')))
  assert.not(isSameRefusals(said(WORDS), said(WORDS).replace('/a', '/b')))
})

test('what a copy keeps of a refusal in several languages is held against what comes out, each of them', async () => {
  const network = NETWORK.replace('message: "odometer', 'message: { pl: nie, en: "odometer').replace(
    'than {previous.odometer}"',
    '$& }'
  )
  const verified = (forge: Forge) => verifyStored(chainOfThree(['p1'], network), 2, forge)
  const honest = await verified((commit) => {
    assert.match(
      commit.refusals,
      /"message":"odometer 11 is lower than 20","messages":\{"en":"odometer.*","pl":"nie"\}/
    )
    return commit
  })
  assert.ok(honest.ok, JSON.stringify(honest))
  const other = await verified((commit) => ({ ...commit, refusals: commit.refusals.replace('"nie"', '"tak"') }))
  assert.equal(other.failure, { height: 2, reason: 'its refusals are not what comes out when it is run again' })
})

test('an honest copy verifies', async () => {
  const report = await verifyStored(chainOfThree(), 0, (commit) => commit)
  assert.equal({ ok: report.ok, height: report.height, records: report.records }, { ok: true, height: 3, records: 6 })
})

test('a copy of a chain that grew through four files verifies, each record by the file of its time', async () => {
  const { chain } = growingChain()
  const report = await verifyStored(chain, 0, (commit) => commit)
  assert.equal(
    { ok: report.ok, height: report.height },
    { ok: true, height: chain.blocks.length },
    JSON.stringify(report)
  )
  const third = chain.blocks[9]!.executed.execution.verdicts
  // The first block by the fourth file, with the verdicts of the third.
  const forged = await verifyStored(chain, 11, (commit, block) => ({
    ...resigned(commit, block, chain, { verdicts: verdictRoot(third) }),
    refusals: encodeRefusals(refusalsOf(third))
  }))
  assert.equal(forged.failure?.height, 11)
})

test('a forged verdict with valid signatures fails, because the rules are run again', async () => {
  const accepted: Verdict[][] = [[null, null]]
  const report = await verifyStored(chainOfThree(), 3, (commit, block, chain) => ({
    ...resigned(commit, block, chain, { verdicts: verdictRoot(accepted) }),
    refusals: '[]'
  }))
  assert.equal(report.failure?.height, 3)
  assert.match(report.failure?.reason ?? '', /its verdicts is not what comes out when it is run again/)
})

const HEADER_FORGERIES: readonly [string, Partial<BlockHeader>][] = [
  ['result', { result: 'ab'.repeat(32) }],
  ['history', { history: 'ab'.repeat(32) }],
  ['previous', { previous: 'ab'.repeat(32) }],
  ['model', { model: 'ab'.repeat(32) }],
  ['partners', { partners: 'ab'.repeat(32) }],
  ['nextPartners', { nextPartners: 'ab'.repeat(32) }],
  ['batches', { batches: { count: 1, root: 'ab'.repeat(32) } }],
  ['time', { time: FOUNDED_AT }]
]

for (const [name, change] of HEADER_FORGERIES) {
  test(`a header with another ${name}, signed by all, fails`, async () => {
    const report = await verifyStored(chainOfThree(), 3, (commit, block, chain) =>
      resigned(commit, block, chain, change)
    )
    assert.equal(report.failure?.height, 3, JSON.stringify(report))
  })
}

const STORE_FORGERIES: readonly [string, number | null, Forge][] = [
  ['a certificate with too few votes', 2, withCertificate((c) => ({ ...c, votes: c.votes.slice(0, 2) }))],
  [
    'a certificate with a vote twice',
    2,
    withCertificate((c) => ({ ...c, votes: [c.votes[0]!, ...c.votes.slice(0, 2)] }))
  ],
  ['a certificate of another round', 2, withCertificate((c) => ({ ...c, round: 1 }))],
  ['a certificate with a wrong signature', 2, withCertificate((c) => ({ ...c, votes: c.votes.map(otherSignature) }))],
  [
    'refusals with another message',
    2,
    (commit) => ({ ...commit, refusals: commit.refusals.replace('lower', 'higher') })
  ],
  ['a tree node of its own', 2, (commit) => ({ ...commit, treeNodes: commit.treeNodes.map(otherHash) })],
  [
    'a batch listed with another count',
    2,
    (commit) => ({ ...commit, batches: commit.batches.map((b) => ({ ...b, count: 1 })) })
  ]
]

for (const [name, height, forge] of STORE_FORGERIES) {
  test(`${name} fails`, async () => {
    const chain = chainOfThree(['p1', 'p2', 'p3', 'p4'])
    const report = await verifyStored(chain, 2, forge)
    assert.is(report.ok, false)
    assert.is(report.failure?.height, height, JSON.stringify(report.failure))
  })
}

test('a state value of its own fails', async () => {
  const changed = withWrite((text) => text.replace('"odometer":30', '"odometer":29'))
  assert.match(
    (await verifyStored(chainOfThree(), 3, changed)).failure?.reason ?? '',
    /the state of r:inspection\["a"\]/
  )
})

test('a state that lacks a value, or has one too many, fails', async () => {
  const without = await verifyStored(chainOfThree(), 1, (commit) => {
    return { ...commit, writes: commit.writes.filter(({ key }) => key !== 'u:p1/inspection/"k10"') }
  })
  assert.match(without.failure?.reason ?? '', /state/)
  const more = await verifyStored(chainOfThree(), 1, (commit) => {
    return { ...commit, writes: [...commit.writes, { key: 'u:zz', entry: { text: 'x' } }] }
  })
  assert.match(more.failure?.reason ?? '', /u:zz, which no block wrote/)
})

test('a history that lacks a record, or points to a wrong one, fails', async () => {
  const without = await verifyStored(chainOfThree(), 2, (commit) => ({ ...commit, entries: commit.entries.slice(1) }))
  assert.is(without.ok, false)
  const turned = await verifyStored(chainOfThree(), 2, (commit) => {
    return { ...commit, entries: commit.entries.map((entry) => ({ ...entry, accepted: true })) }
  })
  assert.is(turned.ok, false)
})

function withCertificate(change: (certificate: Certificate) => Certificate): Forge {
  return (commit, { certificate }) => ({ ...commit, certificate: certificateText(change(certificate)) })
}

function withWrite(change: (text: string) => string): Forge {
  return (commit) => {
    return { ...commit, writes: commit.writes.map(({ key, entry }) => ({ key, entry: { text: change(entry.text) } })) }
  }
}

function otherSignature<T extends { signature: string }>(vote: T): T {
  return { ...vote, signature: `00${vote.signature.slice(2)}` }
}

function otherHash<T extends { hash: string }>(node: T): T {
  return { ...node, hash: 'ab'.repeat(32) }
}

test.run()
