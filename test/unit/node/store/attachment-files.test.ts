import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../../src/base/errors.js'
import { type AttachmentFiles, openAttachmentFiles } from '../../../../src/node/store/attachment-files.js'
import { suite } from '../../../support/suite.js'

const test = suite('files of attachments')

const MAX = { bytesMax: 1_000_000 }

let home = ''

test.before.each(async () => {
  home = await mkdtemp(join(tmpdir(), 'ledger-attachments-'))
})
test.after.each(async () => {
  await rm(home, { recursive: true, force: true })
})

const folder = (): string => join(home, 'attachments')
const opened = (bytesMax = 10_000_000): Promise<AttachmentFiles> => openAttachmentFiles({ path: folder(), bytesMax })
const hashOf = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
const pathOf = (hash: string): string => join(folder(), hash.slice(0, 2), hash.slice(2, 4), hash)

async function* pieces(...texts: (string | Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    if (text instanceof Error) throw text
    yield Buffer.from(text)
  }
}

async function contentOf(files: AttachmentFiles, hash: string): Promise<string | null> {
  const file = await files.open(hash)
  if (file === null) return null
  const found: Uint8Array[] = []
  try {
    for await (const chunk of file.chunks()) found.push(chunk)
  } finally {
    await file.close()
  }
  assert.is(Buffer.concat(found).length, file.bytes)
  return Buffer.concat(found).toString()
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return error instanceof LedgerError ? error.code : String(error)
  }
  return 'done'
}

/** Every file below the folder, as paths within it. */
async function everything(): Promise<string[]> {
  const entries = await readdir(folder(), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder().length + 1))
    .sort()
}

test('what is put in is there under its hash, also after a start', async () => {
  const files = await opened()
  const hash = hashOf('a report')
  assert.equal(await files.put(pieces('a ', 'report'), MAX), { hash, bytes: 8 })
  assert.is(await contentOf(files, hash), 'a report')
  assert.equal(await everything(), [`${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`])
  assert.is((await stat(pathOf(hash))).mode & 0o077, 0)
  assert.is((await stat(folder())).mode & 0o077, 0)
  const again = await opened()
  assert.is(again.bytes, 8)
  assert.is(again.sizeOf(hash), 8)
  assert.is(await contentOf(again, hash), 'a report')
  await again.put(pieces('a report'), MAX)
  assert.is(again.bytes, 8)
})

test('an empty file, and one of many pieces', async () => {
  const files = await opened()
  const { hash } = await files.put(pieces(), MAX)
  assert.is(hash, hashOf(''))
  assert.is(await contentOf(files, hash), '')
  const large = Buffer.alloc(700_000, 'x')
  const put = await files.put(pieces(large), MAX)
  assert.is(await contentOf(files, put.hash), large.toString())
})

test('what does not come whole leaves nothing', async () => {
  const files = await opened()
  assert.is(await codeOf(files.put(pieces('half', new Error('cut')), MAX)), 'Error: cut')
  assert.is(await codeOf(files.put(pieces('12345', '6'), { bytesMax: 5 })), 'TOO_LARGE')
  assert.is(await codeOf(files.put(pieces('lie'), { ...MAX, hash: hashOf('truth') })), 'VERIFICATION_FAILED')
  const stop = new AbortController()
  async function* stopped(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('half')
    stop.abort(new LedgerError('CLOSED', 'stop'))
  }
  assert.is(await codeOf(files.put(stopped(), { ...MAX, signal: stop.signal })), 'CLOSED')
  assert.equal(await everything(), [])
  assert.is(files.bytes, 0)
})

test('all together stay within their limit, those that are on their way too', async () => {
  const files = await opened(10)
  await files.put(pieces('12345'), MAX)
  assert.is(await codeOf(files.put(pieces('123456'), MAX)), 'LIMIT_EXCEEDED')
  let isWaiting = (): void => {}
  const waiting = new Promise<void>((resolve) => (isWaiting = resolve))
  let goOn = (): void => {}
  const held = new Promise<void>((resolve) => (goOn = resolve))
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('abc')
    isWaiting()
    await held
  }
  const first = files.put(slow(), MAX)
  await waiting
  assert.is(await codeOf(files.put(pieces('xyz'), MAX)), 'LIMIT_EXCEEDED')
  goOn()
  await first
  await files.put(pieces('zz'), MAX)
  assert.is(files.bytes, 10)
})

test('a changed byte is never given out as good, and a good copy takes its place', async () => {
  const files = await opened()
  const { hash } = await files.put(pieces('a report'), MAX)
  await writeFile(pathOf(hash), 'b report')
  assert.is(await codeOf(files.open(hash)), 'STORE_DAMAGED')
  await writeFile(pathOf(hash), 'a repor')
  assert.is(await codeOf(files.open(hash)), 'STORE_DAMAGED')
  await files.put(pieces('a report'), MAX)
  assert.is(await contentOf(files, hash), 'a report')
  assert.is(files.bytes, 8)
})

test('a byte that changes between check and reading keeps the last piece back', async () => {
  const files = await opened()
  const { hash } = await files.put(pieces('a report'), MAX)
  const file = await files.open(hash)
  await writeFile(pathOf(hash), 'b report')
  const found: Uint8Array[] = []
  const reading = (async () => {
    for await (const chunk of file!.chunks()) found.push(chunk)
  })()
  assert.is(await codeOf(reading), 'STORE_DAMAGED')
  assert.equal(found, [])
  await file?.close()
})

test('torn files are cleared at the start, others stay', async () => {
  const files = await opened()
  const { hash } = await files.put(pieces('a report'), MAX)
  await writeFile(join(folder(), 'incoming-7'), 'half of a')
  await mkdir(join(folder(), 'ab', 'cd'), { recursive: true })
  await writeFile(join(folder(), 'ab', 'cd', 'notes.txt'), 'somebody put it there')
  await writeFile(join(folder(), 'ab', 'cd', hash), 'in the wrong place')
  const again = await opened()
  assert.not.ok(existsSync(join(folder(), 'incoming-7')))
  assert.ok(existsSync(join(folder(), 'ab', 'cd', 'notes.txt')))
  assert.equal(again.held('', 10), [{ hash, bytes: 8 }])
})

test('what is removed is gone, remembered, and may be put in again', async () => {
  const files = await opened()
  const { hash } = await files.put(pieces('a report'), MAX)
  // Whoever still has the file open sees what becomes of its bytes.
  const reader = await files.open(hash)
  await files.remove(hash)
  assert.is(await codeOf(reader!.chunks().next()), 'STORE_DAMAGED')
  await reader?.close()
  assert.is(await files.open(hash), null)
  assert.is(files.bytes, 0)
  assert.equal(await everything(), [`removed/${hash}`])
  const again = await opened()
  assert.ok(again.isRemoved(hash))
  await again.remove(hash)
  await again.put(pieces('a report'), MAX)
  assert.not.ok(again.isRemoved(hash))
  assert.not.ok((await opened()).isRemoved(hash))
})

test('a copy made of links keeps its bytes', async () => {
  const files = await opened()
  const { hash } = await files.put(pieces('a report'), MAX)
  await link(pathOf(hash), join(home, 'copy'))
  await files.remove(hash)
  assert.is(await readFile(join(home, 'copy'), 'utf8'), 'a report')
})

test('a removal that a crash cut short ends at the start', async () => {
  const files = await opened()
  const { hash } = await files.put(pieces('a report'), MAX)
  await writeFile(join(folder(), 'removed', hash), '')
  const again = await opened()
  assert.is(await again.open(hash), null)
  assert.is(again.bytes, 0)
  assert.not.ok(existsSync(pathOf(hash)))
})

test('what is removed while it comes is not kept', async () => {
  const files = await opened()
  const hash = hashOf('a report')
  const isWanted = (): boolean => !files.isRemoved(hash)
  async function* removing(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a report')
    await files.remove(hash)
  }
  assert.is(await codeOf(files.put(removing(), { ...MAX, isWanted })), 'NOT_FOUND')
  assert.equal(await everything(), [`removed/${hash}`])
})

test('those held are listed a page at a time', async () => {
  const files = await opened()
  for (const text of ['a', 'b', 'c']) await files.put(pieces(text), MAX)
  const all = ['a', 'b', 'c'].map(hashOf).sort()
  const page = files.held('', 2).map(({ hash }) => hash)
  assert.equal(page, all.slice(0, 2))
  assert.equal(files.held(page[1]!, 2), [{ hash: all[2]!, bytes: 1 }])
  assert.equal(files.held(all[2]!, 2), [])
  await files.drop(all[0]!)
  assert.is(files.held('', 5).length, 2)
  assert.not.ok(files.isRemoved(all[0]!))
})

test.run()
