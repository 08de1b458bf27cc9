import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../../src/base/errors.js'
import {
  type AppendFile,
  createAppendFile,
  openAppendFile,
  RECORD_BYTES_MAX
} from '../../../../src/node/store/append-file.js'
import { suite } from '../../../support/suite.js'
import { inDirectory } from './chain-maker.js'

const test = suite('append file', { timeoutMs: 30_000 })

/** Short, empty, multi-byte, and one longer than a disk sector. */
const RECORDS = ['first', '', 'zwölf 😀', 'x'.repeat(700), 'last']

async function makeFile(path: string, records: readonly string[] = RECORDS): Promise<Buffer> {
  const file = await createAppendFile(path)
  for (const record of records) file.append(record)
  await file.sync()
  await file.close()
  return readFileSync(path)
}

/** The records of a file, or the code of why it was refused. */
async function recordsOf(path: string): Promise<string[] | string> {
  try {
    const { file, records } = await openAppendFile(path)
    await file.close()
    return records.map((record) => Buffer.from(record).toString())
  } catch (error) {
    if (error instanceof LedgerError) return error.code
    throw error
  }
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    return (error as LedgerError).code
  }
  return 'nothing was thrown'
}

test('what was appended is read again, and more can be appended', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    await makeFile(path)
    const { file, records, bytesCut } = await openAppendFile(path)
    assert.equal(
      records.map((record) => Buffer.from(record).toString()),
      RECORDS
    )
    assert.is(bytesCut, 0)
    file.append(Buffer.from('more'))
    await file.close()
    assert.equal(await recordsOf(path), [...RECORDS, 'more'])
  }))

test('a file cut at any byte holds all whole records before, and can be written on', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const whole = await makeFile(path)
    const preamble = whole.indexOf('\n') + 1
    let ends = [preamble]
    for (const record of RECORDS) ends = [...ends, ends.at(-1)! + 12 + Buffer.byteLength(record)]
    assert.is(ends.at(-1), whole.length)
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length))
      const found = await recordsOf(path)
      if (length < preamble) {
        assert.is(found, 'LOG_DAMAGED')
        continue
      }
      const complete = ends.filter((end) => end <= length).length - 1
      assert.equal(found, RECORDS.slice(0, complete), `cut to ${length} bytes`)
      assert.is(statSync(path).size, ends[complete], 'the torn record is gone from the file')
    }
    const { file } = await openAppendFile(path)
    file.append('after')
    await file.close()
    assert.equal(await recordsOf(path), [...RECORDS.slice(0, -1), 'after'])
  }))

test('a bit turned anywhere, also in the last record, is damage and never taken for a torn record', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const whole = await makeFile(path, ['first', 'zwölf', 'last'])
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const bytes = Buffer.from(whole)
      bytes[bit >> 3]! ^= 1 << (bit & 7)
      writeFileSync(path, bytes)
      assert.is(await recordsOf(path), 'LOG_DAMAGED', `bit ${bit}`)
    }
  }))

test('the message names the file and the byte', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const bytes = await makeFile(path)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(path, bytes)
    const start = bytes.length - 'last'.length - 12
    try {
      await openAppendFile(path)
      assert.unreachable()
    } catch (error) {
      assert.ok(error instanceof LedgerError)
      assert.is(error.message, `${path} is damaged at byte ${start}: the checksum of a record does not hold`)
      assert.equal(error.details, { path, offset: start, why: 'the checksum of a record does not hold' })
    }
  }))

test('a tail of zeros, as a power failure leaves it, is cut off', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const whole = await makeFile(path)
    for (const zeros of [1, 4, 11, 12, 13, 512, 5000]) {
      writeFileSync(path, Buffer.concat([whole, Buffer.alloc(zeros)]))
      assert.equal(await recordsOf(path), RECORDS, `${zeros} zeros`)
      assert.is(statSync(path).size, whole.length)
    }
  }))

test('a last record of which the disk wrote only the first sectors is cut off', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const before = await makeFile(path, ['first'])
    const other = join(directory, 'other')
    const whole = await makeFile(other, ['first', 'x'.repeat(2000)])
    for (const boundary of [512, 1024, 1536]) {
      const bytes = Buffer.from(whole)
      bytes.fill(0, boundary)
      writeFileSync(path, bytes)
      assert.equal(await recordsOf(path), ['first'], `zero from ${boundary}`)
      assert.is(statSync(path).size, before.length)
    }
    const middle = Buffer.from(whole)
    middle.fill(0, 512, 1024)
    writeFileSync(path, middle)
    assert.is(await recordsOf(path), 'LOG_DAMAGED', 'zeros with content behind them')
  }))

test('a damaged last record is not taken for a torn one because it ends in zeros', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const whole = await makeFile(path, ['first', `last${'\0'.repeat(40)}`])
    const bytes = Buffer.from(whole)
    bytes[whole.indexOf('last')]! ^= 1
    writeFileSync(path, bytes)
    assert.is(await recordsOf(path), 'LOG_DAMAGED')
  }))

test('a record that stands at another place is damage', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const whole = await makeFile(path, ['one', 'two'])
    const start = whole.indexOf('\n') + 1
    const size = (whole.length - start) / 2
    const [head, one, two] = [
      whole.subarray(0, start),
      whole.subarray(start, start + size),
      whole.subarray(start + size)
    ]
    writeFileSync(path, Buffer.concat([head, two, one]))
    assert.is(await recordsOf(path), 'LOG_DAMAGED')
    writeFileSync(path, Buffer.concat([head, one, two, two]))
    assert.is(await recordsOf(path), 'LOG_DAMAGED')
  }))

test('many appends and syncs at once all come through', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const file = await createAppendFile(path)
    const order: number[] = []
    const syncs = Array.from({ length: 100 }, async (_, i) => {
      file.append(`record ${i}`)
      await file.sync()
      order.push(i)
    })
    await Promise.all(syncs)
    assert.is(order.length, 100)
    await file.sync()
    await file.close()
    assert.is((await recordsOf(path)).length, 100)
  }))

test('publishing gives a file its name, in place of the one before', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    await makeFile(path, ['old'])
    const file = await createAppendFile(join(directory, 'new'))
    file.append('new')
    await file.publish(path)
    assert.is(file.path, path)
    file.append('newer')
    await file.close()
    assert.not(existsSync(join(directory, 'new')))
    assert.equal(await recordsOf(path), ['new', 'newer'])
  }))

test('a record over the limit is refused before anything is written', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    const file = await createAppendFile(path)
    assert.is(await codeOf(() => file.append(new Uint8Array(RECORD_BYTES_MAX))), 'LIMIT_EXCEEDED')
    file.append('small')
    await file.close()
    assert.equal(await recordsOf(path), ['small'])
  }))

test('nothing is written after close', () =>
  inDirectory(async (directory) => {
    const file: AppendFile = await createAppendFile(join(directory, 'log'))
    await file.close()
    assert.is(await codeOf(() => file.append('late')), 'CLOSED')
    assert.is(await codeOf(() => file.sync()), 'CLOSED')
  }))

test('a file that is there is not created again, and one that is missing is not opened', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'log')
    await makeFile(path)
    assert.is(await codeOf(() => createAppendFile(path)), 'EEXIST')
    assert.is(await codeOf(() => openAppendFile(join(directory, 'none'))), 'ENOENT')
    assert.equal(await recordsOf(path), RECORDS)
  }))

test.run()
