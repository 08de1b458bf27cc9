import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../src/base/errors.js'
import { silentLogger } from '../../src/node/log.js'
import { openNode, type RunningNode } from '../../src/node/node.js'
import { readHome } from '../../src/node/read-home.js'
import { openStore } from '../../src/node/store/store.js'
import { oldHomes, unpackOldHomes } from './old-homes.js'

/** Files of a home in which nothing is that a node relies on. */
const NOTHING_IN_IT = /(^|\/)(LOG|LOG\.old|LOCK)$|^lock\/|^control\.sock$|^refusals\.ndjson$/

/** Files that only the programs read, before they open the node. */
const OF_PROGRAMS = /^(config\.yaml|ports\.json)$/

/** Something done to one file of a home. */
export interface Damage {
  readonly file: string
  /** What, for people. */
  readonly what: string
  apply(path: string): void
}

export interface DamageCounts {
  readonly flips: number
  readonly cuts: number
}

/** The files of a home that a node opens, by their paths within it. */
function filesOf(home: string): string[] {
  return readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1))
    .filter((file) => !NOTHING_IN_IT.test(file) && !OF_PROGRAMS.test(file))
    .sort()
}

/** Each file gone, cut short and with a bit turned, at places spread over it. */
function damagesOf(home: string, { flips, cuts }: DamageCounts): Damage[] {
  return filesOf(home).flatMap((file) => {
    const { length } = readFileSync(join(home, file))
    const gone: Damage = { file, what: 'gone', apply: (path) => rmSync(path) }
    const cut = spread(length, cuts).map(
      (at): Damage => ({ file, what: `cut at byte ${at} of ${length}`, apply: (path) => truncateSync(path, at) })
    )
    const flipped = spread(length, flips).map(
      (at, index): Damage => ({
        file,
        what: `bit ${index % 8} turned in byte ${at} of ${length}`,
        apply(path) {
          const bytes = readFileSync(path)
          bytes[at]! ^= 1 << (index % 8)
          writeFileSync(path, bytes)
        }
      })
    )
    return [gone, ...cut, ...flipped]
  })
}

/** Places in a file: its ends, and others between them. */
function spread(length: number, count: number): number[] {
  const places = Array.from({ length: count }, (_, index) =>
    Math.floor((index * (length - 1)) / Math.max(1, count - 1))
  )
  return length === 0 ? [] : [...new Set(places)]
}

/** How a home was found: refused with an error, or everything that it served. */
type Found = { readonly refused: LedgerError } | { readonly served: string; readonly verified: boolean }

/** Opens the node of a home, and reads all that it would show to its users and send to its partners. */
async function lookAt(home: string): Promise<Found> {
  let node: RunningNode | null = null
  try {
    const sent = await sentToPartners(home)
    node = await openNode({ home, log: silentLogger })
    const served = JSON.stringify([sent, await shownBy(node)])
    const { ok } = await node.verify({})
    return { served, verified: ok }
  } catch (error) {
    if (error instanceof LedgerError) return { refused: error }
    throw error
  } finally {
    await node?.close()
  }
}

/** Blocks with certificates and bodies, as a partner that pulls them gets them. */
async function sentToPartners(home: string): Promise<unknown[]> {
  const content = await readHome(home)
  if (content === null) return []
  const store = await openStore({ path: join(home, 'store'), genesis: content.genesis.hash })
  try {
    const height = store.head?.height ?? 0
    return Array.from({ length: height }, (_, index) => {
      const block = store.block(index + 1)
      return [block, block?.batches.map(({ hash }) => store.readBatch(hash))]
    })
  } finally {
    await store.close()
  }
}

async function shownBy(node: RunningNode): Promise<unknown[]> {
  const { height, head, stateHash } = node.status()
  const shown: unknown[] = [node.partner, height, head, stateHash, node.genesis(), node.checkpoint(), node.model().hash]
  for (let at = 1; at <= height; at++) shown.push(node.block(at))
  for (const object of ['inspection', 'note']) {
    const records = await node.list(object, { history: true, limit: 1000 })
    shown.push(records, ...records.map(({ id }) => [node.show(id), node.receipt(id)]))
  }
  for (const vehicle of ['A', 'B']) {
    shown.push(node.get('inspection', [vehicle]), await node.history('inspection', [vehicle], { all: true }))
  }
  return shown
}

/** What came of a damage: a code, or `harmless`. */
export type Outcome = string

export interface TriedDamage {
  readonly damage: Damage
  readonly outcome: Outcome
}

/** Tries every damage on the home of a partner of old homes. */
export async function tryDamages(name: string, partner: string, counts: DamageCounts): Promise<TriedDamage[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-damage-'))
  try {
    const homes = oldHomes().find((each) => each.name === name)
    assert.ok(homes !== undefined, name)
    unpackOldHomes(homes, folder)
    const whole = join(folder, partner)
    // Opening sorts the log of the database into a table: then there is a file of each kind.
    await lookAt(whole)
    const first = await lookAt(whole)
    assert.ok('served' in first && first.verified)
    const tried: TriedDamage[] = []
    for (const damage of damagesOf(whole, counts)) {
      tried.push({ damage, outcome: await tryDamage(whole, join(folder, 'copy'), first.served, damage) })
    }
    return tried
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Codes, each once, of what was done to files whose path matches. */
export function outcomesOf(tried: readonly TriedDamage[], file: RegExp, what = /./): Outcome[] {
  const of = tried.filter(({ damage }) => file.test(damage.file) && what.test(damage.what))
  return [...new Set(of.map(({ outcome }) => outcome))].sort()
}

/**
 * Damages a copy of a home and opens it. Either it is refused by a code, naming the file or what stands in it, with what
 * to do; or all that is served is what was served before, and the copy verifies.
 */
async function tryDamage(whole: string, copy: string, served: string, damage: Damage): Promise<Outcome> {
  rmSync(copy, { recursive: true, force: true })
  cpSync(whole, copy, { recursive: true })
  damage.apply(join(copy, damage.file))
  const name = `${damage.file} ${damage.what}`
  const found = await lookAt(copy).catch((error: unknown) => {
    throw new Error(`${name}: ${error instanceof Error ? error.stack : error}`)
  })
  if ('refused' in found) {
    const { code, message, details } = found.refused
    const said = `${message} ${details.remedy ?? ''}`
    assert.ok(said.includes(placeOf(damage.file)), `${name}: ${code} does not name it: ${said}`)
    assert.match(
      said,
      /restore|--resync|put .* back|founded with|chmod|upgrade|install a newer build/,
      `${name}: ${code} says what to do`
    )
    return code
  }
  assert.is(found.served === served, true, `${name}: something else is served`)
  assert.is(found.verified, true, `${name}: it does not verify`)
  return 'harmless'
}

/** What an error must name: the file, or for those of the store at least the store. */
function placeOf(file: string): string {
  return file.startsWith('store/') ? 'store' : (file.split('/')[0] ?? file)
}
