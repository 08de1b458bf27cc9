import { assertInvariant } from '../base/errors.js'
import type { StateEntry, StateReader } from './state.js'

/**
 * The records of one key in their order: a B+ tree whose pages are state values, so that a record in the middle of many
 * costs one page, and neighbours are found in a few. What the pages hold follows from the entries and from the order in which
 * they came, the same on every machine.
 */

/** Entries of one page. */
export const PAGE_ENTRIES_MAX = 16

/** What a key index knows of a record. */
export interface IndexEntry {
  readonly sort: string
  readonly id: string
}

/** By sort text: of a leaf ids, of an inner page numbers of pages; the text is then a lower bound of what they hold. */
type Entries = readonly (readonly [sort: string, reference: string])[]

interface Page {
  readonly entries: Entries
  /** 0: a leaf. */
  readonly level: number
}

/** The first page, and what is known of the whole. */
export interface IndexRoot extends Page {
  /** Sorts before it are not known: what came before the index began. Empty where it has all. */
  readonly from: string
  /** Id of the record that stands under the key since the index was written last; empty where there is none. */
  readonly last: string
  /** Field that orders; empty where records are in the order in which they came. */
  readonly order: string
  /** Number of pages that were ever made. */
  readonly pages: number
}

export interface IndexState extends StateReader {
  write(key: string, entry: StateEntry, line: string): void
}

export function emptyRoot(order: string): IndexRoot {
  return { entries: [], from: '', last: '', level: 0, order, pages: 0 }
}

/** The root as it was written last; null where there is none. */
export function readRoot(state: StateReader, name: string): IndexRoot | null {
  const entry = state.get(name)
  return entry === undefined ? null : (decode(entry) as IndexRoot)
}

/** Writes the root; the pages below it were written with each change. */
export function writeRoot(state: IndexState, name: string, root: IndexRoot): void {
  const { entries, from, last, level, order, pages } = root
  state.write(name, entryOf({ entries, from, last, level, order, pages }), '')
}

/** The last entry that sorts before `sort`. */
export function entryBefore(state: StateReader, name: string, page: Page, sort: string): IndexEntry | null {
  for (let at = firstFrom(page.entries, sort) - 1; at >= 0; at--) {
    const [key, reference] = page.entries[at]!
    if (page.level === 0) return { sort: key, id: reference }
    const found = entryBefore(state, name, readPage(state, name, reference), sort)
    if (found !== null) return found
  }
  return null
}

/** The first entry that sorts after `sort`. */
export function entryAfter(state: StateReader, name: string, page: Page, sort: string): IndexEntry | null {
  const { entries, level } = page
  let at = firstFrom(entries, sort)
  // What a page holds may reach beyond its own lower bound.
  if (level > 0) at = Math.max(0, at - 1)
  for (; at < entries.length; at++) {
    const [key, reference] = entries[at]!
    if (level > 0) {
      const found = entryAfter(state, name, readPage(state, name, reference), sort)
      if (found !== null) return found
    } else if (key !== sort) return { sort: key, id: reference }
  }
  return null
}

/** Whether there is an entry of exactly this sort text. */
export function hasEntry(state: StateReader, name: string, page: Page, sort: string): boolean {
  const at = firstFrom(page.entries, sort)
  const isHere = page.entries[at]?.[0] === sort
  if (page.level === 0) return isHere
  const below = page.entries[isHere ? at : at - 1]
  return below !== undefined && hasEntry(state, name, readPage(state, name, below[1]), sort)
}

/** Puts an entry in its place. Its sort text is not there yet. Pages below the root are written. */
export function withEntry(state: IndexState, name: string, root: IndexRoot, { sort, id }: IndexEntry): IndexRoot {
  const tree: Tree = { state, name, pages: root.pages }
  const entries = insert(tree, root, sort, id)
  if (entries.length <= PAGE_ENTRIES_MAX) return { ...root, entries, pages: tree.pages }
  const halves = split(entries).map((half) => {
    const number = newPage(tree, { entries: half, level: root.level })
    return [half[0]![0], number] as const
  })
  return { ...root, entries: halves, level: root.level + 1, pages: tree.pages }
}

/** Takes an entry out, if it is there. Pages below the root are written. */
export function withoutEntry(state: IndexState, name: string, root: IndexRoot, sort: string): IndexRoot {
  const entries = remove({ state, name, pages: root.pages }, root, sort)
  return entries.length === 0 ? { ...root, entries, level: 0 } : { ...root, entries }
}

interface Tree {
  readonly state: IndexState
  readonly name: string
  pages: number
}

/** The entries of a page after an insertion: one too many when it is full. */
function insert(tree: Tree, page: Page, sort: string, id: string): Entries {
  const { entries, level } = page
  const at = firstFrom(entries, sort)
  if (level === 0) return entries.toSpliced(at, 0, [sort, id])
  const child = entries[at]?.[0] === sort ? at : Math.max(0, at - 1)
  const [bound, number] = entries[child]!
  const below = insert(tree, readPage(tree.state, tree.name, number), sort, id)
  const lower = sort < bound ? sort : bound
  if (below.length <= PAGE_ENTRIES_MAX) {
    writePage(tree, number, { entries: below, level: level - 1 })
    return lower === bound ? entries : entries.with(child, [lower, number])
  }
  const [left, right] = split(below)
  writePage(tree, number, { entries: left, level: level - 1 })
  const sibling = newPage(tree, { entries: right, level: level - 1 })
  return entries.toSpliced(child, 1, [lower, number], [right[0]![0], sibling])
}

/** The entries of a page after a removal; a page below that has none left is forgotten. */
function remove(tree: Tree, page: Page, sort: string): Entries {
  const { entries, level } = page
  const at = firstFrom(entries, sort)
  const isHere = entries[at]?.[0] === sort
  if (level === 0) return isHere ? entries.toSpliced(at, 1) : entries
  const child = isHere ? at : at - 1
  const number = entries[child]?.[1]
  if (number === undefined) return entries
  const below = remove(tree, readPage(tree.state, tree.name, number), sort)
  writePage(tree, number, { entries: below, level: level - 1 })
  return below.length === 0 ? entries.toSpliced(child, 1) : entries
}

function split(entries: Entries): [Entries, Entries] {
  const middle = Math.ceil(entries.length / 2)
  return [entries.slice(0, middle), entries.slice(middle)]
}

/** Position of the first entry that does not sort before `sort`. */
function firstFrom(entries: Entries, sort: string): number {
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (entries[middle]![0] < sort) low = middle + 1
    else high = middle
  }
  return low
}

function newPage(tree: Tree, page: Page): string {
  tree.pages += 1
  const number = String(tree.pages)
  writePage(tree, number, page)
  return number
}

function pageKey(name: string, number: string): string {
  return `${name}#${number}`
}

function readPage(state: StateReader, name: string, number: string): Page {
  const entry = state.get(pageKey(name, number))
  assertInvariant(entry !== undefined, 'a page of an index that is named is there')
  return decode(entry)
}

/** No result covers pages: they follow from the entries, which it does cover. */
function writePage({ state, name }: Tree, number: string, page: Page): void {
  const { entries, level } = page
  state.write(pageKey(name, number), entryOf({ entries, level }), '')
}

/** Of several versions of a page that one block makes only the last is stored, and only that one becomes text. */
function entryOf(page: Page & Partial<IndexRoot>): StateEntry {
  let text: string | undefined
  return {
    get text() {
      text ??= JSON.stringify(page)
      return text
    },
    memo: page
  }
}

function decode(entry: StateEntry): Page {
  entry.memo ??= JSON.parse(entry.text)
  return entry.memo as Page
}
