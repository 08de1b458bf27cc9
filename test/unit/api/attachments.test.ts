import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as assert from 'uvu/assert'
import { startApi } from '../../../src/api/api.js'
import { type ApiClient, createClient } from '../../../src/api/client.js'
import { SCHEMAS } from '../../../src/api/schemas.js'
import { LedgerError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/node/log.js'
import { collect } from '../../support/api-fixture.js'
import { type AttachmentHome, attachmentHome, codeOf, hashOf, piecesOf } from '../../support/attachment-home.js'
import { createFakeNode } from '../../support/fake-node.js'
import { suite } from '../../support/suite.js'

const test = suite('attachments over HTTP')

interface Fixture {
  readonly socket: string
  readonly client: ApiClient
  readonly home: AttachmentHome
}

async function withFiles(work: (fixture: Fixture) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-api-'))
  const socket = join(folder, 'control.sock')
  const home = await attachmentHome({ bytesMax: 300_000_000 })
  const node = { ...createFakeNode(), attachments: home.attachments }
  const api = await startApi({ node, socket, version: '1.2.3', log: silentLogger })
  try {
    await work({ socket, client: createClient(socket), home })
  } finally {
    await api.close()
    await home.close()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** @param send writes the body, or a part of it */
function ask(
  socketPath: string,
  options: { method: string; path: string; headers?: Record<string, string> },
  send: (sent: ReturnType<typeof request>) => void = (sent) => sent.end()
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, socketPath, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.on('error', reject)
    send(sent)
  })
}

const BYTES = { 'content-type': 'application/octet-stream' }

test('a file goes in, is listed, comes back and is removed', async () => {
  await withFiles(async ({ client, socket }) => {
    const large = 'x'.repeat(3_000_000)
    const put = await client.putAttachment(piecesOf(large))
    assert.equal(put, { hash: hashOf(large), bytes: 3_000_000 })
    assert.is(Buffer.concat(await collect(client.attachment(put.hash, {}))).toString(), large)
    const [listed, ...others] = await collect(client.attachments())
    assert.equal(others, [])
    const ajv = new Ajv2020({ strict: false })
    assert.ok(ajv.compile(SCHEMAS.ListedAttachment as object)(listed))
    assert.ok(ajv.compile(SCHEMAS.Attachment as object)(await client.aboutAttachment(put.hash)))
    const { headers } = await ask(socket, { method: 'GET', path: `/v1/attachments/${put.hash}` })
    assert.is(headers['content-type'], 'application/octet-stream')
    assert.is(headers['content-length'], '3000000')
    assert.is(headers['x-content-type-options'], 'nosniff')
    assert.is(headers['content-disposition'], 'attachment')
    await client.removeAttachment(put.hash)
    assert.equal(await collect(client.attachments()), [])
    assert.is(await codeOf(collect(client.attachment(put.hash, {}))), 'NOT_FOUND')
  })
})

test('an empty file is one too', async () => {
  await withFiles(async ({ client }) => {
    const { hash } = await client.putAttachment(piecesOf())
    assert.is(Buffer.concat(await collect(client.attachment(hash, {}))).length, 0)
  })
})

test('mistakes are told with their code', async () => {
  await withFiles(async ({ socket, client }) => {
    const codes: [path: string, method: string, headers: Record<string, string>, status: number, code: string][] = [
      ['/v1/attachments/abc', 'GET', {}, 400, 'USAGE'],
      [`/v1/attachments/${hashOf('x')}`, 'GET', {}, 404, 'NOT_FOUND'],
      [`/v1/attachments/${hashOf('x')}`, 'DELETE', {}, 404, 'NOT_FOUND'],
      [`/v1/attachments/${hashOf('x')}/about`, 'GET', {}, 404, 'NOT_FOUND'],
      ['/v1/attachments', 'PUT', { 'content-type': 'application/pdf', 'content-length': '1' }, 400, 'USAGE'],
      ['/v1/attachments', 'PUT', { 'content-type': 'application/x-ndjson', 'content-length': '1' }, 400, 'USAGE'],
      ['/v1/attachments', 'PUT', { ...BYTES, 'content-length': '100000001' }, 413, 'TOO_LARGE']
    ]
    for (const [path, method, headers, status, code] of codes) {
      const answer = await ask(socket, { method, path, headers }, (sent) => {
        if (method === 'PUT') sent.write('x')
        else sent.end()
      })
      assert.is(answer.status, status, `${method} ${path}`)
      assert.is(JSON.parse(answer.body).error.code, code, `${method} ${path}`)
    }
    assert.is(await codeOf(client.aboutAttachment('../status')), 'USAGE')
  })
})

test('an upload that is cut leaves nothing', async () => {
  await withFiles(async ({ socket, home }) => {
    const failed = ask(socket, { method: 'PUT', path: '/v1/attachments', headers: BYTES }, (sent) => {
      sent.write('half of a')
      setTimeout(() => sent.destroy(), 100)
    })
    assert.match(await codeOf(failed), /socket hang up|ECONNRESET/)
    for (let left = 100; (await readdir(home.folder)).length > 1; left--) {
      assert.ok(left > 0, 'the half is still there')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    assert.equal(await home.attachments.list({}), [])
  })
})

test('an input that fails is told as such, and leaves nothing', async () => {
  await withFiles(async ({ client, home }) => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      throw new LedgerError('USAGE', 'cannot read it')
    }
    assert.is(await codeOf(client.putAttachment(failing())), 'USAGE')
    assert.equal(await home.attachments.list({}), [])
  })
})

test('more than 100 MB is refused while it comes', async () => {
  await withFiles(async ({ client, home }) => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (const piece = Buffer.alloc(1_000_000); ; ) yield piece
    }
    assert.is(await codeOf(client.putAttachment(endless())), 'TOO_LARGE')
    assert.equal(await readdir(home.folder), ['removed'])
  })
})

test('a damaged file is an error and no file', async () => {
  await withFiles(async ({ client, home }) => {
    const { hash } = await client.putAttachment(piecesOf('a report'))
    home.commit('p2', 'a report')
    await writeFile(join(home.folder, hash.slice(0, 2), hash.slice(2, 4), hash), 'b report')
    assert.is(await codeOf(collect(client.attachment(hash, {}))), 'STORE_DAMAGED')
    home.partners.set('p2', () => 'a report')
    assert.is(Buffer.concat(await collect(client.attachment(hash, {}))).toString(), 'a report')
  })
})

test('a file that changes while it is sent is cut', async () => {
  await withFiles(async ({ client, home }) => {
    const large = 'x'.repeat(30_000_000)
    const { hash } = await client.putAttachment(piecesOf(large))
    const path = join(home.folder, hash.slice(0, 2), hash.slice(2, 4), hash)
    let bytes = 0
    const reading = (async () => {
      for await (const chunk of client.attachment(hash, {})) {
        if (bytes === 0) await writeFile(path, `y${large.slice(1)}`)
        bytes += chunk.length
      }
    })()
    assert.is(await codeOf(reading), 'NODE_UNREACHABLE')
    assert.ok(bytes > 0 && bytes < large.length)
  })
})

test.run()
