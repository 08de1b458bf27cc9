import * as assert from 'uvu/assert'
import { sha256Hex, signer } from '../../../src/base/crypto.js'
import { batchBytes, batchHeader, encodeBatch } from '../../../src/ledger/batch.js'
import { evidenceKey } from '../../../src/ledger/evidence.js'
import type { Evidence } from '../../../src/ledger/system-record.js'
import { createBatchRivals } from '../../../src/node/batch-rivals.js'
import type { Chain } from '../../../src/node/chain.js'
import { seedOf, smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('rivals among batches')

const { scope, genesis } = smallChain(['p1', 'p4'])

function sealed(sequence: number, text: string, incarnation = 0, author = 'p4') {
  const header = batchHeader(author, incarnation, sequence, [text])
  const bytes = batchBytes(scope, header)
  const signature = signer(seedOf(author))(bytes)
  const batch = { header, hash: sha256Hex(bytes), signature, records: [text] }
  return { ...batch, stored: encodeBatch(scope, batch) }
}

type Sealed = ReturnType<typeof sealed>

/** Rivals of p1 with these batches waiting and these committed; `reported` are the keys of what is reported. */
function subject(waiting: readonly Sealed[], committed: readonly Sealed[], known: readonly string[] = []) {
  const reported: string[] = []
  const all = [...waiting, ...committed]
  const store = {
    locate: (author: string, sequence: number) => {
      const at = committed.findIndex(({ header }) => header.author === author && header.sequence === sequence)
      return at < 0 ? undefined : { height: at + 1, position: 0, hash: committed[at]!.hash }
    },
    block: (height: number) => ({ batches: [committed[height - 1]!.header] }),
    readBatch: (hash: string) => all.find((batch) => batch.hash === hash)?.stored
  }
  const rivals = createBatchRivals({
    chain: { scope, limits: genesis.genesis.limits, store } as unknown as Chain,
    mempool: {
      at: (author, sequence) =>
        waiting
          .filter(({ header }) => header.author === author && header.sequence === sequence)
          .map(({ header, hash }) => ({ header, hash, records: [] }))
    },
    self: 'p1',
    evidence: {
      lacks: (key) => !known.includes(key),
      report: (evidence: Evidence) => void reported.push(evidenceKey(evidence))
    }
  })
  return { rivals, reported }
}

const PLACE = 'e:p4/0/3/batch'

interface Case {
  readonly name: string
  readonly waiting?: readonly Sealed[]
  readonly committed?: readonly Sealed[]
  readonly known?: readonly string[]
  readonly seen: Sealed
  readonly reported: readonly string[]
}

const a = sealed(3, 'a')
const b = sealed(3, 'b')

const cases: readonly Case[] = [
  { name: 'another that waits', waiting: [a], seen: b, reported: [PLACE] },
  { name: 'another that is committed', committed: [a], seen: b, reported: [PLACE] },
  { name: 'the same once more', waiting: [a], seen: a, reported: [] },
  { name: 'the same that is committed', committed: [a], seen: a, reported: [] },
  {
    name: 'nothing else of this sequence',
    waiting: [sealed(4, 'a')],
    committed: [sealed(2, 'a')],
    seen: b,
    reported: []
  },
  { name: 'one of another incarnation waits', waiting: [a], seen: sealed(3, 'b', 1), reported: [] },
  { name: 'one of another incarnation is committed', committed: [a], seen: sealed(3, 'b', 1), reported: [] },
  { name: 'one of another author', waiting: [a], seen: sealed(3, 'b', 0, 'p2'), reported: [] },
  { name: 'a proof that is known', waiting: [a], known: [PLACE], seen: b, reported: [] },
  {
    name: 'two of this very node, which a copy of its key may have made',
    waiting: [sealed(3, 'a', 0, 'p1')],
    seen: sealed(3, 'b', 0, 'p1'),
    reported: []
  }
]

for (const { name, waiting = [], committed = [], known = [], seen, reported } of cases) {
  test(`a batch and ${name}`, () => {
    const kept = subject([...waiting, seen], committed, known)
    kept.rivals.seen(seen, null)
    assert.equal(kept.reported, reported)
    // Told the same when it is not kept.
    const { rivals, reported: told } = subject(waiting, committed, known)
    assert.is(rivals.isRival(seen.header, seen.hash), reported.length > 0)
    rivals.seen(seen, seen.signature)
    assert.equal(told, reported)
  })
}

test.run()
