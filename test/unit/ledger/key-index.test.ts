import * as assert from 'uvu/assert'
import {
  emptyRoot,
  entryAfter,
  entryBefore,
  hasEntry,
  type IndexRoot,
  type IndexState,
  PAGE_ENTRIES_MAX,
  readRoot,
  withEntry,
  withoutEntry,
  writeRoot
} from '../../../src/ledger/key-index.js'
import type { StateEntry } from '../../../src/ledger/state.js'
import { seededRandom } from '../../simulation/virtual-clock.js'
import { suite } from '../../support/suite.js'

const test = suite('index of a key')

const NAME = 'o:visit["A"]'

/** A state that gives back texts only, as a disk does, or what was written, with its decoded form. */
function stateOf(remembers: boolean) {
  const entries = new Map<string, StateEntry>()
  const state: IndexState = {
    get: (key) => entries.get(key),
    write: (key, entry) => void entries.set(key, remembers ? entry : { text: entry.text })
  }
  return { entries, state }
}

/** The same among the sorted texts themselves. */
function naive(sorted: readonly string[]) {
  return {
    before: (sort: string) => sorted.findLast((text) => text < sort) ?? null,
    after: (sort: string) => sorted.find((text) => text > sort) ?? null
  }
}

const text = (number: number): string => String(number).padStart(6, '0')

for (const remembers of [true, false]) {
  test(`thousands of entries that come and go are found as in a list, ${remembers ? 'in memory' : 'from texts'}`, () => {
    const random = seededRandom(remembers ? 5 : 6)
    const { state } = stateOf(remembers)
    const list: string[] = []
    let root: IndexRoot = emptyRoot('day')
    let deepest = 0
    for (let step = 0; step < 2_500 || list.length > 0; step++) {
      // Later on more go than come, until none is left; at first in the order of time, as most records do.
      const goes = list.length > 0 && random() < (step < 2_500 ? 0.2 : 0.9)
      if (goes) {
        const [sort = ''] = list.splice(Math.floor(random() * list.length), 1)
        root = withoutEntry(state, NAME, root, sort)
      } else {
        const sort = step < 1_000 ? text(500_000 + step) : text(Math.floor(random() * 1_000_000))
        if (list.includes(sort)) continue
        root = withEntry(state, NAME, root, { sort, id: `id-${sort}` })
        list.push(sort)
        list.sort()
      }
      deepest = Math.max(deepest, root.level)
      writeRoot(state, NAME, root)
      if (step % 7 !== 0) continue
      const { before, after } = naive(list)
      const known = readRoot(state, NAME) as IndexRoot
      const asked =
        random() < 0.5 ? text(Math.floor(random() * 1_000_000)) : (list[Math.floor(random() * list.length)] ?? '')
      assert.is(entryBefore(state, NAME, known, asked)?.sort ?? null, before(asked), `before ${asked} in step ${step}`)
      assert.is(entryAfter(state, NAME, known, asked)?.sort ?? null, after(asked), `after ${asked} in step ${step}`)
      assert.is(hasEntry(state, NAME, known, asked), list.includes(asked))
      const found = entryAfter(state, NAME, known, asked)
      if (found !== null) assert.is(found.id, `id-${found.sort}`)
    }
    assert.ok(deepest >= 2, `it was ${deepest} deep`)
    assert.is(list.length, 0)
    assert.equal([root.entries.length, root.level], [0, 0])
  })
}

test('no page has more entries than it may, and one more record writes a few pages', () => {
  const { entries, state } = stateOf(true)
  let root = emptyRoot('')
  for (let count = 0; count < 5_000; count++) {
    let written = 0
    const counting: IndexState = {
      get: state.get,
      write(key, entry, line) {
        written += 1
        state.write(key, entry, line)
      }
    }
    root = withEntry(counting, NAME, root, { sort: text(count), id: 'x' })
    assert.ok(written <= 2 * (root.level + 1), `${written} pages written for entry ${count}`)
  }
  for (const { text: page } of entries.values()) {
    assert.ok((JSON.parse(page) as IndexRoot).entries.length <= PAGE_ENTRIES_MAX)
  }
  assert.ok(root.entries.length <= PAGE_ENTRIES_MAX)
})

test.run()
