import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { LedgerError } from '../../../../src/base/errors.js'
import { createWriteAheadLog, openWriteAheadLog } from '../../../../src/node/store/write-ahead-log.js'
import { suite } from '../../../support/suite.js'
import { GENESIS, inDirectory } from './chain-maker.js'

const test = suite('write-ahead log', { timeoutMs: 20_000 })

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    return (error as LedgerError).code
  }
  return 'nothing was thrown'
}

/** The entries from a height on, as `height text`; the log is closed again. */
async function entriesOf(path: string, fromHeight = 0, segmentBytes = 1000): Promise<string[]> {
  const { log, entries } = await openWriteAheadLog({ path, genesis: GENESIS, segmentBytes }, fromHeight)
  await log.close()
  return entries.map(({ height, text }) => `${height} ${text}`)
}

/** Writes `perHeight` entries for each height, and commits all heights but the last `open` ones. */
async function makeLog(path: string, heights: number, perHeight = 3, open = heights): Promise<string[]> {
  const log = await createWriteAheadLog({ path, genesis: GENESIS, segmentBytes: 1000 })
  const written: string[] = []
  for (let height = 1; height <= heights; height++) {
    for (let i = 0; i < perHeight; i++) {
      const text = `entry ${i} of height ${height}, with a space`
      log.append(height, text)
      written.push(`${height} ${text}`)
    }
    await log.sync()
    if (height <= heights - open) await log.committed(height)
  }
  await log.close()
  return written
}

test('entries come back in their order, from the height asked for', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const written = await makeLog(path, 40)
    assert.ok(readdirSync(path).length > 3, 'several segments')
    assert.equal(await entriesOf(path), written)
    assert.equal(await entriesOf(path, 38), written.slice(37 * 3))
    assert.equal(await entriesOf(path, 41), [])
  }))

test('it goes on where it ended', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const written = await makeLog(path, 10)
    for (let height = 11; height <= 60; height++) {
      const { log } = await openWriteAheadLog({ path, genesis: GENESIS, segmentBytes: 1000 }, height)
      log.append(height, 'later')
      written.push(`${height} later`)
      await log.sync()
      await log.close()
    }
    assert.equal(await entriesOf(path), written)
  }))

test('segments whose heights are all committed are deleted, others never', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const written = await makeLog(path, 100, 3, 5)
    assert.ok(readdirSync(path).length <= 4, readdirSync(path).join())
    assert.equal(await entriesOf(path, 96), written.slice(95 * 3))
    const { log } = await openWriteAheadLog({ path, genesis: GENESIS, segmentBytes: 1000 }, 96)
    await log.committed(1000)
    await log.close()
    assert.is(readdirSync(path).length, 1, 'the newest segment stays')
  }))

test('a segment stays until its highest height is committed, wherever in it that stands', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const log = await createWriteAheadLog({ path, genesis: GENESIS, segmentBytes: 700 })
    for (const height of [1, 2, 9, 3, 4, 5]) {
      log.append(height, 'x'.repeat(300))
      await log.sync()
    }
    assert.is(readdirSync(path).length, 4, 'two entries a segment, and an empty one')
    await log.committed(2)
    assert.is(readdirSync(path).length, 3)
    await log.committed(8)
    assert.is(readdirSync(path).length, 3)
    await log.close()
    assert.equal(await entriesOf(path, 6), [`9 ${'x'.repeat(300)}`])
    const opened = await openWriteAheadLog({ path, genesis: GENESIS, segmentBytes: 700 }, 0)
    await opened.log.committed(8)
    assert.is(readdirSync(path).length, 3)
    await opened.log.committed(9)
    assert.is(readdirSync(path).length, 1)
    await opened.log.close()
  }))

test('a torn last entry is left out; one cut in an older segment is damage', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const written = await makeLog(path, 40)
    const names = readdirSync(path).sort()
    const newest = join(path, names.at(-1)!)
    const bytes = readFileSync(newest)
    const isLast = (await entriesOf(path)).length
    writeFileSync(newest, bytes.subarray(0, bytes.length - 2))
    assert.equal(await entriesOf(path), written.slice(0, isLast - 1))
    const older = join(path, names[1]!)
    writeFileSync(older, readFileSync(older).subarray(0, 600))
    assert.is(await codeOf(() => entriesOf(path)), 'LOG_DAMAGED')
  }))

test('a bit turned anywhere in any segment is damage', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    await makeLog(path, 12)
    for (const name of readdirSync(path)) {
      const file = join(path, name)
      const whole = readFileSync(file)
      for (let byte = 0; byte < whole.length; byte += 3) {
        const bytes = Buffer.from(whole)
        bytes[byte]! ^= 1 << (byte % 8)
        writeFileSync(file, bytes)
        assert.is(await codeOf(() => entriesOf(path)), 'LOG_DAMAGED', `byte ${byte} of ${name}`)
      }
      writeFileSync(file, whole)
    }
    assert.is((await entriesOf(path)).length, 36)
  }))

test('a lost segment is damage, a lost log is missing', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    await makeLog(path, 40)
    rmSync(join(path, readdirSync(path).sort()[1]!))
    assert.is(await codeOf(() => entriesOf(path)), 'LOG_DAMAGED')
    rmSync(path, { recursive: true })
    assert.is(await codeOf(() => entriesOf(path)), 'LOG_DAMAGED')
  }))

test('a segment that never got its number is forgotten', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const written = await makeLog(path, 3)
    writeFileSync(join(path, 'unfinished.log'), 'anything')
    assert.equal(await entriesOf(path), written)
    assert.not(readdirSync(path).includes('unfinished.log'))
  }))

test('a log of another network is refused, and one that is there is not created again', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    await makeLog(path, 3)
    assert.is(await codeOf(() => openWriteAheadLog({ path, genesis: 'other' }, 0)), 'LOG_DAMAGED')
    assert.is(await codeOf(() => createWriteAheadLog({ path, genesis: GENESIS })), 'LOG_DAMAGED')
    assert.is((await entriesOf(path)).length, 9)
  }))

test('syncs that wait while a new segment begins resolve', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const log = await createWriteAheadLog({ path, genesis: GENESIS, segmentBytes: 500 })
    const syncs: Promise<unknown>[] = []
    for (let i = 0; i < 300; i++) {
      log.append(i, `entry ${i}`)
      syncs.push(log.sync(), log.sync())
      if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (i % 50 === 0) syncs.push(log.committed(i - 10))
    }
    await Promise.all(syncs)
    await log.close()
    assert.ok((await entriesOf(path, 290)).length === 10)
  }))

test('a sync tells from where to where it reaches, and nothing of what was appended since', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const options = { path, genesis: GENESIS, segmentBytes: 500 }
    const log = await createWriteAheadLog(options)
    let before = await log.sync()
    for (let height = 1; height <= 60; height++) {
      log.append(height, 'first')
      const told = log.stretch
      const syncing = log.sync()
      log.append(height, 'second')
      const reached = await syncing
      assert.equal(reached, told)
      assert.ok(reached.to > before.to && log.stretch.to > reached.to, `${height}`)
      assert.ok(reached.from >= before.from)
      before = reached
      await log.committed(height - 10)
    }
    const last = await log.sync()
    assert.ok(last.from > 0 && last.from < last.to, 'segments were deleted, and some were left')
    await log.close()
    const { log: again } = await openWriteAheadLog(options, 0)
    assert.equal(again.stretch, last)
    await again.close()
  }))

test.run()
