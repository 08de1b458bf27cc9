import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import * as assert from 'uvu/assert'
import type { LedgerError } from '../../../../src/base/errors.js'
import { checkLogs, checkTables } from '../../../../src/node/store/level-check.js'
import { readLevelLog } from '../../../../src/node/store/level-log.js'
import { readLiveTables } from '../../../../src/node/store/level-manifest.js'
import { suite } from '../../../support/suite.js'
import { inDirectory } from './chain-maker.js'

const test = suite('LevelDB file checks', { timeoutMs: 30_000 })

const LOG_BLOCK = 32 * 1024

/** Values that Snappy can and cannot compress, small and larger than a block of a log. */
function contentOf(i: number): Buffer {
  const size = i % 25 === 0 ? 70_000 : 100 + (i % 300)
  const value = Buffer.alloc(size, `value ${i} `)
  let random = i + 1
  for (let at = 0; i % 2 === 1 && at < size; at++) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0
    value[at] = random >>> 24
  }
  return value
}

async function makeDatabase(path: string, values: number, sorted = true): Promise<void> {
  const level = new ClassicLevel<string, Buffer>(path, { valueEncoding: 'buffer', writeBufferSize: 256 * 1024 })
  for (let i = 0; i < values; i++) await level.put(`key ${(i * 7919) % 3001}`, contentOf(i))
  // Closed in the middle of sorting, LevelDB leaves a half table, which the next opening removes.
  if (sorted) await level.compactRange('', 'z')
  await level.close()
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    return (error as LedgerError).code
  }
  return 'whole'
}

async function checkAll(path: string): Promise<void> {
  await checkLogs(path)
  const rest = await checkTables(await readLiveTables(path), { bytesMax: Number.POSITIVE_INFINITY, open: false })
  assert.equal(rest, [])
}

test('files that LevelDB wrote and sorted are whole', () =>
  inDirectory(async (path) => {
    await makeDatabase(path, 3000)
    assert.ok((await readLiveTables(path)).length > 1, 'several tables')
    assert.ok(readdirSync(path).some((name) => name.endsWith('.log')))
    await checkAll(path)
  }))

test('whatever closing interrupted, the tables of the manifest are whole', () =>
  inDirectory(async (path) => {
    for (let round = 0; round < 5; round++) {
      await makeDatabase(path, 400 + 200 * round, false)
      await checkAll(path)
    }
  }))

test('the manifest names the tables that LevelDB itself lists', () =>
  inDirectory(async (path) => {
    for (let round = 0; round < 4; round++) {
      await makeDatabase(path, 1000, round % 2 === 0)
      const named = (await readLiveTables(path)).map((table) => basename(table.path))
      const level = new ClassicLevel(path)
      await level.open()
      const listed = [...level.getProperty('leveldb.sstables').matchAll(/^ (\d+):(\d+)/gm)]
      await level.close()
      assert.ok(named.every((name) => readdirSync(path).includes(name) || round % 2 === 1))
      if (round % 2 === 0) {
        // Opening moves the log into one more table.
        const numbers = listed.map(([, number]) => `${number!.padStart(6, '0')}.ldb`)
        assert.ok(
          named.every((name) => numbers.includes(name)),
          `${named} / ${numbers}`
        )
        assert.ok(numbers.length - named.length <= 1)
      }
    }
  }))

test('a table that is missing or has another size is damage while the database is closed', () =>
  inDirectory(async (path) => {
    await makeDatabase(path, 1500)
    const tables = await readLiveTables(path)
    const whole = readFileSync(tables[0]!.path)
    writeFileSync(tables[0]!.path, Buffer.concat([whole, whole.subarray(0, 1)]))
    assert.is(await codeOf(() => checkAll(path)), 'STORE_DAMAGED')
    rmSync(tables[0]!.path)
    assert.is(await codeOf(() => checkAll(path)), 'STORE_DAMAGED')
    const rest = await checkTables(tables, { bytesMax: Number.POSITIVE_INFINITY, open: true })
    assert.equal(rest, [], 'while it is open LevelDB may have replaced it')
  }))

test('a bit turned in any block, index or checksum of a table is found', () =>
  inDirectory(async (path) => {
    await makeDatabase(path, 1500)
    const [table] = await readLiveTables(path)
    const whole = readFileSync(table!.path)
    const footer = whole.length - 48
    // The footer holds two block handles, then padding that means nothing, then eight bytes of magic.
    const places = Array.from({ length: 150 }, (_, i) => Math.floor((i * footer) / 150))
    for (const at of [...places, footer - 1, footer, footer + 1, whole.length - 8, whole.length - 1]) {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 1 << (at % 8)
      writeFileSync(table!.path, bytes)
      assert.is(await codeOf(() => checkAll(path)), 'STORE_DAMAGED', `byte ${at} of ${whole.length}`)
    }
    writeFileSync(table!.path, whole)
    await checkAll(path)
  }))

test('only so many bytes of tables are checked at once', () =>
  inDirectory(async (path) => {
    await makeDatabase(path, 3000)
    const tables = await readLiveTables(path)
    assert.equal(await checkTables(tables, { bytesMax: 0, open: false }), tables)
    assert.equal(await checkTables(tables, { bytesMax: tables[0]!.bytes, open: false }), tables.slice(1))
    const signal = AbortSignal.abort()
    assert.equal(await checkTables(tables, { bytesMax: 1e9, open: false, signal }), tables)
  }))

test('a bit turned anywhere in a log is found, a torn end is not damage', () =>
  inDirectory(async (path) => {
    const level = new ClassicLevel<string, Buffer>(path, { valueEncoding: 'buffer' })
    for (let i = 1; i < 120; i++) await level.put(`key ${i}`, contentOf(i))
    await level.close()
    const log = join(path, readdirSync(path).find((name) => name.endsWith('.log'))!)
    const whole = readFileSync(log)
    assert.ok(whole.length > 2 * LOG_BLOCK)
    const places = Array.from({ length: 150 }, (_, i) => Math.floor((i * whole.length) / 150))
    for (const at of [...places, whole.length - 1]) {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 1 << (at % 8)
      writeFileSync(log, bytes)
      assert.is(await codeOf(() => checkLogs(path)), 'STORE_DAMAGED', `byte ${at} of ${whole.length}`)
      writeFileSync(log, whole.subarray(0, at))
      assert.is(await codeOf(() => checkLogs(path)), 'whole', `cut to ${at} bytes`)
    }
    writeFileSync(log, Buffer.concat([whole, Buffer.alloc(1000)]))
    await checkLogs(path)
  }))

test('records that end just before a block of the log are read over its last bytes', () =>
  inDirectory(async (path) => {
    for (let left = 0; left < 10; left++) {
      const directory = join(path, String(left))
      const level = new ClassicLevel<string, Buffer>(directory, { valueEncoding: 'buffer' })
      // A fragment has 7 bytes before it; a batch with one such value has 18 beside the value.
      await level.put('a', Buffer.alloc(LOG_BLOCK - 7 - 18 - left, 'v'))
      await level.put('b', Buffer.alloc(100, 'w'))
      await level.close()
      const log = readLevelLog(readFileSync(join(directory, '000003.log')))
      if (log.damagedAt !== undefined) throw new Error(`${left} bytes left: ${log.why}`)
      const ends = log.records.map((record) => record.toString('latin1').slice(-1))
      assert.equal(ends, ['v', 'w'])
    }
  }))

test.run()
