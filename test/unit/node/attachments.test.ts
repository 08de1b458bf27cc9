import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import type { AttachmentSettings } from '../../../src/node/attachment-types.js'
import { silentLogger } from '../../../src/node/log.js'
import { openAttachmentIndex } from '../../../src/node/store/attachment-index.js'
import {
  type AttachmentHome,
  attachmentHome,
  codeOf,
  contentOf,
  hashOf,
  piecesOf
} from '../../support/attachment-home.js'
import { suite } from '../../support/suite.js'

const test = suite('attachments of a node')

const REPORT = 'a report'
const HASH = hashOf(REPORT)
const NOT_HERE = new LedgerError('NOT_FOUND', 'it is not here')

const homes: AttachmentHome[] = []

test.after.each(async () => {
  for (const home of homes.splice(0)) await home.close()
})

async function opened(settings: Partial<AttachmentSettings> = {}): Promise<AttachmentHome> {
  const home = await attachmentHome(settings)
  homes.push(home)
  return home
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let left = 200; !holds(); left--) {
    assert.ok(left > 0, `never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort()
}

test('what was put in is read without asking anybody', async () => {
  const { attachments, partners, asked } = await opened()
  partners.set('p2', () => NOT_HERE)
  assert.equal(await attachments.put(piecesOf('a ', 'report'), {}), { hash: HASH, bytes: 8 })
  assert.is(await contentOf(await attachments.read(HASH, {})), REPORT)
  assert.equal(asked, [])
  const view = { hash: HASH, held: true, bytes: 8, removed: false, record: null, author: null }
  assert.equal(attachments.about(HASH), view)
  assert.equal(await attachments.list({}), [{ ...view, cursor: HASH }])
})

test('what no record has is asked of nobody', async () => {
  const { attachments, partners, asked } = await opened()
  partners.set('p2', () => REPORT)
  assert.is(await codeOf(attachments.read(HASH, {})), 'NOT_FOUND')
  assert.is(await codeOf((async () => attachments.about(HASH))()), 'NOT_FOUND')
  assert.is(await codeOf(attachments.remove(HASH)), 'NOT_FOUND')
  assert.equal(asked, [])
})

test("the record's author is asked first, then the others, and what comes is kept", async () => {
  const { attachments, partners, asked, commit, files } = await opened()
  for (const id of ['p1', 'p2', 'p3', 'p4']) partners.set(id, () => NOT_HERE)
  partners.set('p3', () => new LedgerError('NODE_UNREACHABLE', 'no answer'))
  partners.set('p4', (hash) => (hash === HASH ? REPORT : NOT_HERE))
  commit('p3', REPORT)
  assert.is(attachments.about(HASH).held, false)
  assert.is(attachments.about(HASH).bytes, 8)
  assert.is(await contentOf(await attachments.read(HASH, {})), REPORT)
  assert.is(asked[0], 'p3')
  assert.is(asked.at(-1), 'p4')
  assert.is(files.sizeOf(HASH), 8)
  const before = asked.length
  await (await attachments.read(HASH, {})).close()
  assert.is(asked.length, before)
})

test('a liar is disbelieved, told of, and the next is asked', async () => {
  const { attachments, partners, blamed, commit, folder, files } = await opened()
  partners.set('p2', () => 'b report')
  partners.set('p3', () => 'a longer report')
  partners.set('p4', () => REPORT)
  commit('p2', REPORT)
  assert.is(await contentOf(await attachments.read(HASH, {})), REPORT)
  assert.equal(blamed, ['p2'])
  assert.is(files.bytes, 8)
  assert.equal(await namesIn(folder), [HASH.slice(0, 2), 'removed'])
})

test('when nobody has it the error says who was asked', async () => {
  const { attachments, partners, commit } = await opened()
  partners.set('p2', () => NOT_HERE)
  partners.set('p3', () => new LedgerError('NODE_UNREACHABLE', 'no answer'))
  commit('p3', REPORT)
  try {
    await attachments.read(HASH, {})
    assert.unreachable()
  } catch (error) {
    assert.instance(error, LedgerError)
    const { code, message, details } = error as LedgerError
    assert.is(code, 'NOT_FOUND')
    assert.is(
      message,
      `nobody gave attachment ${HASH} of record p3/1/0; asked: p3 (it did not answer), p2 (it does not have it)`
    )
    assert.equal(details.asked, [
      { partner: 'p3', answer: 'it did not answer' },
      { partner: 'p2', answer: 'it does not have it' }
    ])
  }
  partners.clear()
  assert.is(await codeOf(attachments.read(HASH, {})), 'NOT_FOUND')
})

test('a record that says a wrong size does not keep the file out', async () => {
  const { attachments, partners, index } = await opened()
  partners.set('p2', () => REPORT)
  index.add({ height: 1, hash: 'block 1' }, [[HASH, { record: 'p9/0/0', author: 'p9', bytes: 3 }]], false)
  assert.is(await codeOf(attachments.read(HASH, {})), 'NOT_FOUND')
  index.add({ height: 2, hash: 'block 2' }, [[HASH, { record: 'p2/0/0', author: 'p2', bytes: 8 }]], false)
  assert.is(attachments.about(HASH).record, 'p9/0/0')
  assert.is(await contentOf(await attachments.read(HASH, {})), REPORT)
})

test('a damaged file is fetched again, and told of when nobody has another one', async () => {
  const { attachments, partners, commit, folder } = await opened()
  await attachments.put(piecesOf(REPORT), {})
  commit('p2', REPORT)
  const path = join(folder, HASH.slice(0, 2), HASH.slice(2, 4), HASH)
  await writeFile(path, 'b report')
  partners.set('p2', () => NOT_HERE)
  assert.is(await codeOf(attachments.read(HASH, {})), 'STORE_DAMAGED')
  assert.is(await attachments.serve('p2', HASH), null)
  partners.set('p2', () => REPORT)
  assert.is(await contentOf(await attachments.read(HASH, {})), REPORT)
  partners.clear()
  assert.is(await contentOf(await attachments.read(HASH, {})), REPORT)
})

test('partners get what an accepted record has, and nothing else', async () => {
  const { attachments, commit } = await opened()
  await attachments.put(piecesOf(REPORT), {})
  assert.is(await attachments.serve('p2', HASH), null)
  commit('p1', REPORT)
  const file = await attachments.serve('p2', HASH)
  assert.is(file === null ? '' : await contentOf(file), REPORT)
  await attachments.remove(HASH)
  assert.is(await attachments.serve('p2', HASH), null)
})

test('what was removed is not fetched again until somebody says so', async () => {
  const { attachments, partners, asked, commit } = await opened()
  partners.set('p2', () => REPORT)
  commit('p2', REPORT)
  await (await attachments.read(HASH, {})).close()
  asked.length = 0
  await attachments.remove(HASH)
  assert.equal(await attachments.list({}), [])
  assert.equal(attachments.about(HASH).removed, true)
  const refused = await attachments.read(HASH, {}).catch((thrown: unknown) => thrown)
  assert.ok(refused instanceof LedgerError && refused.code === 'NOT_FOUND')
  assert.match(String(refused.details.remedy), /--again$/)
  assert.equal(asked, [])
  assert.is(await contentOf(await attachments.read(HASH, { again: true })), REPORT)
  assert.is(attachments.about(HASH).removed, false)
})

test('a removal ends the fetch that is under way', async () => {
  const { attachments, partners, asked, commit, files } = await opened()
  let answer = (_: string): void => {}
  partners.set('p2', () => new Promise<string>((resolve) => (answer = resolve)))
  commit('p2', REPORT)
  const reading = codeOf(attachments.read(HASH, {}))
  await until('p2 was asked', () => asked.length === 1)
  await attachments.remove(HASH)
  answer(REPORT)
  assert.is(await reading, 'NOT_FOUND')
  assert.is(files.sizeOf(HASH), undefined)
  assert.ok(files.isRemoved(HASH))
})

test('a removal also ends a fetch of what had been removed before', async () => {
  const { attachments, partners, asked, commit, files } = await opened()
  let answer = (_: string): void => {}
  partners.set('p2', () => new Promise<string>((resolve) => (answer = resolve)))
  commit('p2', REPORT)
  await attachments.remove(HASH)
  const reading = codeOf(attachments.read(HASH, { again: true }))
  await until('p2 was asked', () => asked.length === 1)
  await attachments.remove(HASH)
  answer(REPORT)
  assert.is(await reading, 'NOT_FOUND')
  assert.is(files.sizeOf(HASH), undefined)
  assert.ok(files.isRemoved(HASH))
})

test('several who wait for one file share a fetch, and one who goes does not end it', async () => {
  const { attachments, partners, asked, commit } = await opened()
  let answer = (_: string): void => {}
  partners.set('p2', () => new Promise<string>((resolve) => (answer = resolve)))
  commit('p2', REPORT)
  const leaving = new AbortController()
  const first = codeOf(attachments.read(HASH, { signal: leaving.signal }))
  const second = attachments.read(HASH, {})
  await until('p2 was asked', () => asked.length === 1)
  leaving.abort(new LedgerError('CLOSED', 'gone'))
  assert.is(await first, 'CLOSED')
  answer(REPORT)
  assert.is(await contentOf(await second), REPORT)
  assert.equal(asked, ['p2'])
})

test('keep none: what is fetched is passed on and not kept', async () => {
  const { attachments, partners, commit, folder, files } = await opened({ keep: 'none' })
  partners.set('p2', () => REPORT)
  commit('p2', REPORT, 'other')
  await attachments.put(piecesOf('mine'), {})
  const file = await attachments.read(HASH, {})
  assert.equal(
    (await namesIn(folder)).filter((name) => name.startsWith('incoming')),
    ['incoming-1']
  )
  assert.is(await contentOf(file), REPORT)
  assert.equal(
    (await namesIn(folder)).filter((name) => name.startsWith('incoming')),
    []
  )
  assert.is(files.sizeOf(HASH), undefined)
  assert.is(await contentOf(await attachments.read(hashOf('mine'), {})), 'mine')
})

test('keep all: whatever is accepted is fetched, again and again until it is there', async () => {
  const { attachments, partners, asked, commit, files } = await opened({ keep: 'all' })
  const [first, second, third] = ['one', 'two', 'three'].map(hashOf) as [string, string, string]
  partners.set('p2', (hash) => (hash === first ? 'one' : NOT_HERE))
  commit('p2', 'one', 'two', 'three')
  await until('the first is here', () => files.sizeOf(first) === 3)
  await until('the others were asked for twice', () => asked.length >= 5)
  await attachments.remove(third)
  partners.set('p2', (hash) => (hash === second ? 'two' : 'three'))
  await until('the second is here', () => files.sizeOf(second) === 3)
  asked.length = 0
  await new Promise((resolve) => setTimeout(resolve, 120))
  assert.equal(asked, [])
  assert.is(files.sizeOf(third), undefined)
})

test('keep own: nothing is fetched that nobody asked for', async () => {
  const { partners, asked, commit } = await opened()
  partners.set('p2', () => REPORT)
  commit('p2', REPORT)
  await new Promise((resolve) => setTimeout(resolve, 60))
  assert.equal(asked, [])
})

test('without room here the others are not asked in vain', async () => {
  const { attachments, partners, asked, blamed, commit } = await opened({ bytesMax: 5 })
  partners.set('p2', () => REPORT)
  partners.set('p3', () => REPORT)
  commit('p2', REPORT)
  assert.is(await codeOf(attachments.read(HASH, {})), 'LIMIT_EXCEEDED')
  assert.equal(asked, ['p2'])
  assert.equal(blamed, [])
  // Of a partner it is only an answer.
  partners.set('p2', () => new LedgerError('LIMIT_EXCEEDED', 'no'))
  assert.is(await codeOf(attachments.read(HASH, {})), 'LIMIT_EXCEEDED')
  assert.equal(asked, ['p2', 'p2', 'p3'])
})

test('four are put in at one time, one more is told to wait', async () => {
  const { attachments } = await opened()
  let goOn = (): void => {}
  const held = new Promise<void>((resolve) => (goOn = resolve))
  async function* slow(): AsyncGenerator<Uint8Array> {
    await held
    yield Buffer.from('x')
  }
  const four = [0, 1, 2, 3].map(() => attachments.put(slow(), {}))
  assert.is(await codeOf(attachments.put(piecesOf('y'), {})), 'BUSY')
  goOn()
  await Promise.all(four)
  assert.is(await codeOf(attachments.put(piecesOf('y'), {})), 'done')
})

test('the index outlives a start, and is made anew for another chain or when it is damaged', async () => {
  const home = await opened()
  const path = join(home.folder, '..', 'other')
  const log = silentLogger
  let hashAt = (height: number): string | undefined => `block ${height}`
  const open = (genesis = 'g') => openAttachmentIndex({ path, genesis, hashAt: (height) => hashAt(height), log })
  const row = { record: 'p2/1/0', author: 'p2', bytes: 8 }
  const wanted = async (index: Awaited<ReturnType<typeof open>>): Promise<string[]> => {
    const found: string[] = []
    for await (const hash of index.wanted()) found.push(hash)
    return found
  }

  const first = await open()
  first.add({ height: 1, hash: 'block 1' }, [[HASH, row]], true)
  assert.equal(first.get(HASH), row)
  first.add({ height: 2, hash: 'block 2' }, [[HASH, { record: 'p3/1/0', author: 'p3', bytes: 9 }]], true)
  assert.equal(first.get(HASH), { ...row, bytes: 9 })
  assert.equal(await wanted(first), [HASH])
  first.add({ height: 3, hash: 'block 3' }, [], true)
  await first.close()

  const second = await open()
  assert.is(second.height, 3)
  assert.equal(second.get(HASH), { ...row, bytes: 9 })
  second.settle(HASH)
  assert.equal(await wanted(second), [])
  await second.close()

  hashAt = (height) => `another ${height}`
  const third = await open()
  assert.is(third.height, 0)
  assert.is(third.get(HASH), undefined)
  third.add({ height: 1, hash: 'another 1' }, [[HASH, row]], false)
  await third.close()
  const fourth = await open('another network')
  assert.is(fourth.get(HASH), undefined)
  await fourth.close()

  await rm(join(path, 'CURRENT'))
  await writeFile(join(path, 'CURRENT'), 'nonsense')
  const fifth = await open()
  assert.is(fifth.height, 0)
  await fifth.close()
})

test.run()
