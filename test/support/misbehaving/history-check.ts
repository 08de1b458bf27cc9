import * as assert from 'uvu/assert'

/** One record that a client wanted in, from its first try until it knew what became of it. Times in milliseconds. */
export interface Append {
  readonly at: string
  readonly book: string
  /** Used once in a run, so it names the record. */
  readonly number: number
  readonly calledAt: number
  /** Null while nobody said what became of it: then it may be in, now or later, once. */
  readonly acknowledged: Acknowledgement | null
}

export interface Acknowledgement {
  readonly at: number
  /** The node's; see {@link Read}. */
  readonly copy: number
  readonly id: string
  readonly height: number
}

/** What a node gave as the newest record of a book. */
export interface Read {
  readonly at: string
  /** Grows each time the node loses its copy: what it says may then be older than what it said before. */
  readonly copy: number
  readonly book: string
  readonly calledAt: number
  readonly answeredAt: number
  readonly number: number | null
}

/** A record as a copy holds it; a copy lists those of one book in the order of the chain. */
export interface Committed {
  readonly id: string
  readonly book: string
  readonly number: number
  readonly height: number
}

/**
 * Holds what clients were told against what the chain holds.
 *
 * Appends are linearizable: they stand in one order, and a record acknowledged before another was called for stands
 * before it. Reads are not: a node answers from its own copy, which may be behind. What a read promises is one prefix of
 * that order, never an older one than the same node showed before (to anybody), and with everything in it that this node
 * had acknowledged before the read was called for.
 */
export function checkHistory(appends: readonly Append[], reads: readonly Read[], chain: readonly Committed[]): void {
  const places = new Map<number, Committed & { readonly place: number }>()
  const booked = new Map<string, number>()
  for (const record of chain) {
    assert.not.ok(places.has(record.number), `${record.number} stands twice: at ${record.id} too`)
    const place = booked.get(record.book) ?? 0
    booked.set(record.book, place + 1)
    places.set(record.number, { ...record, place })
  }
  const asked = new Map(appends.map((append) => [append.number, append]))
  for (const { number, book, id } of chain) {
    assert.is(asked.get(number)?.book, book, `${id} holds ${number}, which nobody asked for in ${book}`)
  }
  for (const { number, acknowledged } of appends) {
    if (acknowledged === null) continue
    const { id, height } = places.get(number) ?? { id: 'nowhere', height: 0 }
    const { id: toldId, height: toldHeight } = acknowledged
    assert.equal([id, height], [toldId, toldHeight], `${number} was acknowledged and does not stand there`)
  }
  checkOrder(appends, places)
  checkReads(appends, reads, places)
}

type Places = ReadonlyMap<number, Committed & { readonly place: number }>

/** Whoever was acknowledged before another was called for stands in a lower block, and before it in its book. */
function checkOrder(appends: readonly Append[], places: Places): void {
  const told = appends.filter(({ acknowledged }) => acknowledged !== null)
  const byAnswer = told.toSorted((a, b) => a.acknowledged!.at - b.acknowledged!.at)
  const byCall = appends.filter(({ number }) => places.has(number)).toSorted((a, b) => a.calledAt - b.calledAt)
  const newest = new Map<string, number>()
  let height = 0
  let next = 0
  for (const { number, book, calledAt } of byCall) {
    for (let done = byAnswer[next]; done !== undefined && done.acknowledged!.at < calledAt; done = byAnswer[++next]) {
      height = Math.max(height, done.acknowledged!.height)
      newest.set(done.book, Math.max(newest.get(done.book) ?? -1, places.get(done.number)!.place))
    }
    const { place, height: at } = places.get(number)!
    assert.ok(at > height, `${number} stands in block ${at}, and ${height} was there before it was called for`)
    assert.ok(place > (newest.get(book) ?? -1), `${number} stands before one acknowledged before it was called for`)
  }
}

function checkReads(appends: readonly Append[], reads: readonly Read[], places: Places): void {
  for (const read of reads) {
    const { at, book, number, calledAt, answeredAt } = read
    const seen = number === null ? undefined : places.get(number)
    if (number !== null) {
      assert.is(seen?.book, book, `${at} showed ${number} in ${book}, where it does not stand`)
      const asked = appends.find((append) => append.number === number)
      assert.ok(asked !== undefined && asked.calledAt <= answeredAt, `${number} was seen before it was called for`)
    }
    const shown = seen?.place ?? -1
    const before = reads.filter((other) => other.at === at && other.book === book && other.copy === read.copy)
    for (const other of before) {
      if (other.answeredAt >= calledAt || other.number === null) continue
      assert.ok(shown >= places.get(other.number)!.place, `${at} showed ${other.number} and then ${number}`)
    }
    for (const append of appends) {
      const told = append.acknowledged
      if (append.at !== at || append.book !== book || told === null) continue
      if (told.copy !== read.copy || told.at >= calledAt) continue
      const { place } = places.get(append.number)!
      assert.ok(shown >= place, `${at} acknowledged ${append.number} and then showed ${number}`)
    }
  }
}
