import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../../src/base/errors.js'
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
async function damageOf(path: string, expected: string, checkFiles: boolean): Promise<string | null> {
  let store: Store | null = null
  try {
    store = await openStore({ path, genesis: GENESIS, checkFiles })
    const problems: string[] = []
    if (!checkFiles) await store.checkWhole((what) => problems.push(what))
    if (problems.length > 0) return problems.join('; ')
    assert.is(await readAll(store), expected, 'damage that nobody noticed')
    return null
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'STORE_DAMAGED') return error.message
    throw error
  } finally {
    await store?.close()
  }
}

/** Turns bits in `file`, one at a time, and hands what comes of each to `judge`. */
async function flipBits(directory: string, file: string, flips: number, checkFiles: boolean): Promise<string[]> {
  const whole = join(directory, 'whole')
  const path = join(directory, 'store')
  const original = readFileSync(join(whole, file))
  const store = await openStore({ path: `${whole}-read`, genesis: GENESIS })
  const expected = await readAll(store)
  await store.close()
  const found: string[] = []
  const step = Math.max(1, original.length / flips)
  for (let i = 0; Math.floor(i * step) < original.length; i++) {
    const at = Math.floor(i * step)
    rmSync(path, { recursive: true, force: true })
    cpSync(whole, path, { recursive: true })
    const bytes = Buffer.from(original)
    bytes[at]! ^= 1 << (i % 8)
    writeFileSync(join(path, file), bytes)
    const damage = await damageOf(path, expected, checkFiles).catch((error) => {
      error.message += ` (byte ${at} of ${file}, ${original.length} bytes)`
      throw error
    })
    if (damage !== null) found.push(damage)
  }
  return found
}

const FILES: readonly [string, RegExp][] = [
  ['table', /^level\/.*\.ldb$/],
  ['log of the database', /^level\/.*\.log$/],
  ['manifest', /^level\/MANIFEST/],
  ['name of the manifest', /^level\/CURRENT$/],
  ['journal', /^commits$/]
]

for (const [name, pattern] of FILES) {
  for (const checkFiles of [true, false]) {
    const how = checkFiles ? 'is noticed when the store is opened or read' : 'is found by the whole check'
    test(`a bit turned in the ${name} ${how}`, () =>
      inDirectory(async (directory) => {
        const whole = join(directory, 'whole')
        await makeStore(whole)
        cpSync(whole, `${whole}-read`, { recursive: true })
        const files = readdirSync(whole, { recursive: true, encoding: 'utf8' }).filter((file) => pattern.test(file))
        assert.is(files.length, 1, files.join())
        const found = await flipBits(directory, files[0]!, FLIPS, checkFiles)
        process.stderr.write(
          `${name} ${checkFiles} ${found.length}/${FLIPS} ${[...new Set(found)].slice(0, 4).join('\n   ')}\n`
        )
        assert.ok(found.length > 0)
      }))
  }
}

test.run()
