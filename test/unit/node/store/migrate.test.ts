import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import * as assert from 'uvu/assert'
import type { LedgerError } from '../../../../src/base/errors.js'
import { sealText } from '../../../../src/node/store/checked-value.js'
import { FORMAT_KEY } from '../../../../src/node/store/layout.js'
import { type LevelDatabase, openLevelDatabase } from '../../../../src/node/store/level-database.js'
import { type Migration, migrateStore, STORE_FORMAT } from '../../../../src/node/store/migrate.js'
import { openStore } from '../../../../src/node/store/store.js'
import { suite } from '../../../support/suite.js'
import { GENESIS, growTo, inDirectory } from './chain-maker.js'

const test = suite('store migration')

async function withDatabase(format: string, work: (database: LevelDatabase) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const database = await openLevelDatabase(join(directory, 'level'), { create: true })
    const batch = database.batch()
    batch.putText(FORMAT_KEY, format)
    // A made-up older format: numbers were words.
    for (const [name, value] of Object.entries({ a: 'one', b: 'two', c: 'three' })) batch.putText(`x${name}`, value)
    await batch.write()
    try {
      await work(database)
    } finally {
      await database.close()
    }
  })
}

const NUMBERS: Record<string, string> = { one: '1', two: '2', three: '3' }

/** From format 1 to 2: words become numbers. From 2 to 3: they get a new prefix. */
const STEPS: readonly Migration[] = [
  {
    from: 1,
    async run(database, batch) {
      for await (const page of database.pages({ gte: 'x', lt: 'y' })) {
        for (const [key, text] of page) batch.putText(key, NUMBERS[text] ?? text)
      }
    }
  },
  {
    from: 2,
    async run(database, batch) {
      for await (const page of database.pages({ gte: 'x', lt: 'y' })) {
        for (const [key, text] of page) {
          batch.putText(`z${key.slice(1)}`, text)
          batch.delete(key)
        }
      }
    }
  }
]

async function valuesOf(database: LevelDatabase): Promise<Record<string, string>> {
  const values: Record<string, string> = {}
  for await (const page of database.pages({})) for (const [key, text] of page) values[key] = text
  return values
}

async function errorOf(work: () => Promise<unknown>): Promise<LedgerError> {
  try {
    await work()
  } catch (error) {
    return error as LedgerError
  }
  throw new Error('nothing was thrown')
}

test('an older store is brought to the newest format, step by step', () =>
  withDatabase('1', async (database) => {
    await migrateStore(database, { format: 3, steps: STEPS })
    assert.equal(await valuesOf(database), { [FORMAT_KEY]: '3', za: '1', zb: '2', zc: '3' })
    await migrateStore(database, { format: 3, steps: STEPS })
  }))

test('a step that fails leaves the store at the format before it, and can be run again', () =>
  withDatabase('1', async (database) => {
    const failing: Migration = { from: 2, run: () => Promise.reject(new Error('the power failed')) }
    const error = await errorOf(() => migrateStore(database, { format: 3, steps: [STEPS[0]!, failing] }))
    assert.is(error.message, 'the power failed')
    assert.equal(await valuesOf(database), { [FORMAT_KEY]: '2', xa: '1', xb: '2', xc: '3' })
    await migrateStore(database, { format: 3, steps: STEPS })
    assert.equal(await valuesOf(database), { [FORMAT_KEY]: '3', za: '1', zb: '2', zc: '3' })
  }))

test('a newer store is refused with both numbers', () =>
  withDatabase('4', async (database) => {
    const error = await errorOf(() => migrateStore(database, { format: 3, steps: STEPS }))
    assert.is(error.code, 'STORE_FORMAT')
    assert.match(error.message, 'format 4, this version knows 3; install a newer ledger-node')
  }))

test('a store older than the oldest step is refused', () =>
  withDatabase('0', async (database) => {
    assert.is((await errorOf(() => migrateStore(database, { format: 3, steps: STEPS }))).code, 'STORE_FORMAT')
  }))

test('openStore refuses a newer store, and leaves it as it was', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'store')
    const store = await openStore({ path, genesis: GENESIS })
    await growTo(store, 2)
    await store.close()
    const journal = readFileSync(join(path, 'commits'))
    await setFormat(path, STORE_FORMAT + 1)
    assert.is((await errorOf(() => openStore({ path, genesis: GENESIS }))).code, 'STORE_FORMAT')
    assert.equal(readFileSync(join(path, 'commits')), journal)
    await setFormat(path, STORE_FORMAT)
    const again = await openStore({ path, genesis: GENESIS })
    assert.is(again.head?.height, 2)
    await again.close()
  }))

async function setFormat(path: string, format: number): Promise<void> {
  const level = new ClassicLevel(join(path, 'level'))
  await level.put(FORMAT_KEY, sealText(FORMAT_KEY, String(format)))
  await level.close()
}

test.run()
