import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../../src/base/errors.js'
import { keyName } from '../../../../src/node/store/layout.js'
import { openStore } from '../../../../src/node/store/store.js'
import type { Store } from '../../../../src/node/store/store-types.js'
import { suite } from '../../../support/suite.js'
import { bodyOf, GENESIS, growTo, inDirectory } from './chain-maker.js'

const test = suite('damaged store', { timeoutMs: 60_000 })

/** Tables hold blocks 1 to TABLES_TO, the log of the database the rest. */
const TABLES_TO = 30
const HEIGHT = 40

/** Bits turned in each kind of file: spread over it, never at the same place of a byte twice in a row. */
const FLIPS = 24

async function makeStore(path: string): Promise<void> {
  const first = await openStore({ path, genesis: GENESIS })
  await growTo(first, TABLES_TO, 20)
  await first.close()
  // Opening sorts the log into a table.
  const second = await openStore({ path, genesis: GENESIS })
  await growTo(second, HEIGHT, 20)
  await second.putBatches([{ ...bodyOf(HEIGHT + 1), own: HEIGHT }])
  await second.close()
}

/** Everything a node reads, as one text. */
async function readAll(store: Store): Promise<string> {
  const parts: unknown[] = [store.head, store.counts, store.outbox(), store.uncommitted()]
  for (let height = 1; height <= HEIGHT; height++) {
    parts.push(store.block(height), store.locate('p1', height - 1), store.treeNode(0, height - 1))
    parts.push(store.readBatch(bodyOf(height, 20).hash))
  }
  parts.push(store.readBatch(bodyOf(HEIGHT + 1).hash))
  for (let index = 0; index < 20; index++) parts.push(store.state.get(`r:visit["VH-${index}"]`)?.text)
  for await (const { key, entry } of store.states('')) parts.push(key, entry.text)
  parts.push(await store.history('visit', null, { limit: 10_000, includeRefused: true }))
  return JSON.stringify(parts)
}

/** What is wrong with the store; null when nothing is, and everything reads as `expected`. */
async function damageOf(path: string, expected: string | null): Promise<string | null> {
  let store: Store | null = null
  try {
    store = await openStore({ path, genesis: GENESIS })
    const problems: string[] = []
    if (expected === null) await store.checkWhole((what) => problems.push(what))
    else assert.is(await readAll(store), expected, 'damage that nobody noticed')
    return problems.length === 0 ? null : problems.join('; ')
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'STORE_DAMAGED') return error.message
    throw error
  } finally {
    await store?.close()
  }
}

/** Turns bits in `file`, one at a time. @returns how many were found, and what of */
async function flipBits(directory: string, file: string): Promise<{ tried: number; found: string[] }> {
  const whole = join(directory, 'whole')
  const path = join(directory, 'store')
  const original = readFileSync(join(whole, file))
  cpSync(whole, path, { recursive: true })
  const store = await openStore({ path, genesis: GENESIS })
  const expected = await readAll(store)
  await store.close()
  const found: string[] = []
  const step = Math.max(1, original.length / FLIPS)
  let tried = 0
  for (; Math.floor(tried * step) < original.length; tried++) {
    const at = Math.floor(tried * step)
    rmSync(path, { recursive: true, force: true })
    cpSync(whole, path, { recursive: true })
    const bytes = Buffer.from(original)
    bytes[at]! ^= 1 << (tried % 8)
    writeFileSync(join(path, file), bytes)
    const damage = await damageOf(path, expected).catch((error) => {
      error.message += ` (byte ${at} of ${file}, ${original.length} bytes)`
      throw error
    })
    if (damage !== null) found.push(damage)
  }
  return { tried, found }
}

const FILES: readonly [string, RegExp][] = [
  ['table', /^level\/.*\.ldb$/],
  ['log of the database', /^level\/.*\.log$/],
  ['manifest', /^level\/MANIFEST/],
  ['name of the manifest', /^level\/CURRENT$/],
  ['journal', /^commits$/]
]

for (const [name, pattern] of FILES) {
  test(`a bit turned in the ${name} is noticed before the store is used`, () =>
    inDirectory(async (directory) => {
      const whole = join(directory, 'whole')
      await makeStore(whole)
      const files = readdirSync(whole, { recursive: true, encoding: 'utf8' }).filter((file) => pattern.test(file))
      assert.is(files.length, 1, files.join())
      const { tried, found } = await flipBits(directory, files[0]!)
      assert.is(found.length, tried)
      assert.ok(
        found.every((what) => what.includes(join(directory, 'store', dirname(files[0]!)))),
        'by the name of the file'
      )
    }))
}

/** Changes one stored value, and says what its name is. */
type Tamper = (level: ClassicLevel<string, Buffer>, key: string, value: Buffer, next: Buffer) => Promise<void>

const TAMPERS: readonly [string, Tamper][] = [
  [
    'with a bit turned',
    async (level, key, value) => {
      const at = (key.length * 31) % value.length
      value[at]! ^= 1 << (at % 7)
      await level.put(key, value)
    }
  ],
  ['with its end cut off', (level, key, value) => level.put(key, value.subarray(0, value.length - 1))],
  ['replaced by that of another key', (level, key, _, next) => level.put(key, next)],
  ['emptied', (level, key) => level.put(key, Buffer.alloc(0))]
]

for (const [name, tamper] of TAMPERS) {
  test(`every single value ${name} is found by its name`, () =>
    inDirectory(async (directory) => {
      for (const [path, key] of await tampered(directory, tamper)) {
        const damage = await damageOf(path, null)
        assert.ok(damage?.includes(keyName(key)), `${keyName(key)}: ${damage}`)
      }
    }))
}

test('every single value that is gone is noticed', () =>
  inDirectory(async (directory) => {
    for (const [path, key] of await tampered(directory, (level, gone) => level.del(gone))) {
      // A batch that only this node knows is nothing that the chain could miss.
      if (key.startsWith('o') || key.startsWith('p')) continue
      assert.is.not(await damageOf(path, null), null, keyName(key))
    }
  }))

/** Stores in which one value each was tampered with, of every kind, and its key. */
async function tampered(directory: string, tamper: Tamper): Promise<[string, string][]> {
  const whole = join(directory, 'whole')
  const store = await openStore({ path: whole, genesis: GENESIS })
  await growTo(store, 2, 3)
  await store.putBatches([{ ...bodyOf(3), own: 2 }])
  await store.close()
  const level = new ClassicLevel<string, Buffer>(join(whole, 'level'), { valueEncoding: 'buffer' })
  const pairs = await level.iterator().all()
  await level.close()
  const made: [string, string][] = []
  for (const [position, [key, value]] of pairs.entries()) {
    const path = join(directory, `store ${position}`)
    cpSync(whole, path, { recursive: true })
    const copy = new ClassicLevel<string, Buffer>(join(path, 'level'), { valueEncoding: 'buffer' })
    const next = pairs[(position + 1) % pairs.length]![1]
    await tamper(copy, key, Buffer.from(value), next)
    await copy.close()
    made.push([path, key])
  }
  return made
}

test.run()
