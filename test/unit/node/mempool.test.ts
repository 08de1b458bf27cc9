import * as assert from 'uvu/assert'
import { sha256Hex } from '../../../src/base/crypto.js'
import { authorSequenceEntry, sequenceKey } from '../../../src/ledger/author-sequence.js'
import { batchBytes, batchHeader } from '../../../src/ledger/batch.js'
import type { CheckedBatch } from '../../../src/ledger/execution.js'
import { foundingSet, type PartnerSet } from '../../../src/ledger/partner-set.js'
import type { StateReader } from '../../../src/ledger/state.js'
import { EVERYTHING } from '../../../src/node/disputes.js'
import { createMempool } from '../../../src/node/mempool.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('the mempool')

const { genesis, hash: network } = genesisOf(['p1', 'p2', 'p3'])
const scope = { genesis: network, epoch: 0 }
const partners = foundingSet(genesis)
/** p2 has rejoined once. */
const rejoined: PartnerSet = {
  ...partners,
  partners: partners.partners.map((partner) => (partner.id === 'p2' ? { ...partner, incarnation: 1 } : partner))
}

let made = 0

/** A batch that nobody has signed; each call makes another one. */
function batchOf(author: string, sequence: number, incarnation = 0, size = 10): CheckedBatch {
  const header = batchHeader(author, incarnation, sequence, [String(made++).padStart(size, '0')])
  return { header, hash: sha256Hex(batchBytes(scope, header)), records: [] }
}

/** Next sequences by author; 0 for the others. */
function stateWith(next: Readonly<Record<string, number>>): StateReader {
  const entries = Object.entries(next).map(([author, sequence]) => {
    return [sequenceKey(author), authorSequenceEntry({ incarnation: 0, next: sequence })] as const
  })
  const map = new Map(entries)
  return { get: (key) => map.get(key) }
}

function mempoolOf(...batches: CheckedBatch[]) {
  const mempool = createMempool()
  for (const batch of batches) mempool.add(batch)
  return mempool
}

const ALL = { bytesMax: Number.POSITIVE_INFINITY, offer: EVERYTHING }
const admitsAll = (): boolean => true
const nothing = stateWith({})

test("each author's batches stand together, from the next sequence on and without a gap", () => {
  const [a1, a2, a4, b0] = [batchOf('p1', 1), batchOf('p1', 2), batchOf('p1', 4), batchOf('p2', 0)]
  const mempool = mempoolOf(a4, a2, b0, a1)
  assert.equal(mempool.candidates(partners, stateWith({ p1: 1 }), ALL), [a1, a2, b0])
  assert.equal(mempool.candidates(partners, stateWith({ p1: 3, p2: 1 }), ALL), [])
  assert.not.ok(mempool.hasCandidates(partners, stateWith({ p1: 3, p2: 1 }), admitsAll))
  assert.equal(mempool.gaps(partners, stateWith({ p1: 3 })), [{ author: 'p1', sequence: 3 }])
})

test('authors take turns to be first, and what does not fit waits, but for the first', () => {
  const large = [batchOf('p1', 0, 0, 500), batchOf('p2', 0, 0, 500)]
  const mempool = mempoolOf(...large)
  const turns = [1, 2].map(() => mempool.candidates(partners, nothing, { bytesMax: 600, offer: EVERYTHING }))
  assert.equal(
    turns
      .flat()
      .map(({ header }) => header.author)
      .sort(),
    ['p1', 'p2']
  )
  assert.is(mempool.candidates(partners, nothing, { bytesMax: 1, offer: EVERYTHING }).length, 1)
})

test('a batch of an older incarnation is no candidate, and is void once the new one is in force', () => {
  const [old, fresh] = [batchOf('p2', 0), batchOf('p2', 0, 1)]
  const mempool = mempoolOf(old)
  assert.ok(mempool.hasCandidates(partners, nothing, admitsAll))
  assert.not.ok(mempool.hasCandidates(rejoined, nothing, admitsAll))
  assert.equal(mempool.candidates(rejoined, nothing, ALL), [])
  mempool.add(fresh)
  assert.equal(mempool.candidates(rejoined, nothing, ALL), [fresh])
  assert.equal(mempool.settle([], rejoined, nothing), [old.hash])
  assert.equal(mempool.some(9), [fresh])
})

test('a commit takes away what it holds and what is past, and nothing that may still come', () => {
  const [a0, rival, a1, b0] = [batchOf('p1', 0), batchOf('p1', 0), batchOf('p1', 1), batchOf('p2', 0)]
  const stranger = batchOf('p9', 0)
  const mempool = mempoolOf(a0, rival, a1, b0, stranger)
  assert.equal(mempool.settle([a0], partners, stateWith({ p1: 1 })), [rival.hash])
  assert.equal(mempool.some(9), [a1, b0, stranger])
  assert.equal(mempool.size(), { batches: 3, records: 3 })
})

test('what an offer does not admit is left out, with all that comes after it', () => {
  const [a0, a1, b0] = [batchOf('p1', 0), batchOf('p1', 1), batchOf('p2', 0)]
  const mempool = mempoolOf(a0, a1, b0)
  const offer = { ...EVERYTHING, admits: (hash: string) => hash !== a0.hash }
  assert.equal(mempool.candidates(partners, nothing, { ...ALL, offer }), [b0])
  assert.is(mempool.candidates(partners, nothing, { ...ALL, offer: { ...EVERYTHING, batchesMax: 1 } }).length, 1)
})

test('the newest of an author is told by incarnation, then by sequence', () => {
  const [old, first, second] = [batchOf('p2', 7), batchOf('p2', 3, 1), batchOf('p2', 4, 1)]
  const mempool = mempoolOf(second, old, first)
  assert.is(mempool.newestOf('p2'), second)
  mempool.forget('p2')
  assert.is(mempool.newestOf('p2'), undefined)
  assert.is(mempool.bytesOf('p2'), 0)
})

test.run()
