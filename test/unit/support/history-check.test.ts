import * as assert from 'uvu/assert'
import { type Append, type Committed, checkHistory, type Read } from '../../support/misbehaving/history-check.js'
import { suite } from '../../support/suite.js'

const test = suite('the check of histories')

/** Three records: 1 and 2 in book a, 3 in book b, each acknowledged before the next was called for. */
const appends: readonly Append[] = [
  { at: 'p1', book: 'a', number: 1, calledAt: 0, acknowledged: { at: 10, copy: 0, id: 'p1/0/0', height: 1 } },
  { at: 'p2', book: 'a', number: 2, calledAt: 20, acknowledged: { at: 30, copy: 0, id: 'p2/0/0', height: 2 } },
  { at: 'p1', book: 'b', number: 3, calledAt: 40, acknowledged: { at: 50, copy: 0, id: 'p1/1/0', height: 3 } }
]
const chain: readonly Committed[] = [
  { id: 'p1/0/0', book: 'a', number: 1, height: 1 },
  { id: 'p2/0/0', book: 'a', number: 2, height: 2 },
  { id: 'p1/1/0', book: 'b', number: 3, height: 3 }
]

function read(at: string, calledAt: number, number: number | null, copy = 0): Read {
  return { at, copy, book: 'a', calledAt, answeredAt: calledAt + 1, number }
}

test('takes what is right: a node that is behind, one that nobody answered about, one that lost its copy', () => {
  checkHistory(appends, [read('p3', 60, null), read('p3', 70, 1), read('p3', 80, 2)], chain)
  checkHistory([...appends, { at: 'p4', book: 'a', number: 4, calledAt: 45, acknowledged: null }], [], chain)
  checkHistory([appends[0]!, appends[1]!, { ...appends[2]!, acknowledged: null }], [], chain)
  checkHistory(appends, [read('p1', 60, 2), read('p1', 70, null, 1)], chain)
})

interface Case {
  readonly name: string
  readonly appends?: readonly Append[]
  readonly reads?: readonly Read[]
  readonly chain?: readonly Committed[]
  readonly why: RegExp
}

const [first, second, third] = chain as [Committed, Committed, Committed]

const cases: readonly Case[] = [
  { name: 'an acknowledged record that is lost', chain: [first, third], why: /2 was acknowledged and does not stand/ },
  { name: 'one that stands elsewhere', chain: [first, { ...second, height: 4 }, third], why: /2 was acknowledged/ },
  { name: 'one that stands twice', chain: [...chain, { ...first, id: 'p1/2/0', height: 4 }], why: /1 stands twice/ },
  { name: 'one that nobody asked for', chain: [...chain, { ...third, id: 'p1/2/0', number: 9 }], why: /nobody asked/ },
  {
    name: 'an order against the time within a book',
    appends: [appends[0]!, { ...appends[1]!, acknowledged: null }],
    chain: [{ ...second, height: 1 }, first],
    why: /2 stands in block 1/
  },
  {
    name: 'an order against the time across books',
    appends: [appends[1]!, { ...appends[2]!, acknowledged: null }],
    chain: [second, { ...third, height: 2 }],
    why: /3 stands in block 2/
  },
  { name: 'a read of what does not stand', reads: [read('p3', 60, 8)], why: /showed 8 in a/ },
  { name: 'a read of what is to come', reads: [read('p3', 5, 2)], why: /2 was seen before/ },
  { name: 'a read that goes back', reads: [read('p3', 60, 2), read('p3', 70, 1)], why: /showed 2 and then 1/ },
  { name: 'a read without what this node acknowledged', reads: [read('p1', 60, null)], why: /p1 acknowledged 1/ }
]

for (const { name, why, ...given } of cases) {
  test(`finds ${name}`, () => {
    const all = { appends, reads: [], chain, ...given }
    assert.match(complaintOf(all), why)
  })
}

/** What the check says; not with assert.throws, which lets assertions through. */
function complaintOf({ appends, reads, chain }: Required<Pick<Case, 'appends' | 'reads' | 'chain'>>): string {
  try {
    checkHistory(appends, reads, chain)
  } catch (error) {
    return String(error)
  }
  return 'nothing'
}

test.run()
