import { chmod, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { startApi } from '../../../src/api/api.js'
import { createClient } from '../../../src/api/client.js'
import { LedgerError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/node/log.js'
import { collect, withApi } from '../../support/api-fixture.js'
import { createFakeNode } from '../../support/fake-node.js'
import { suite } from '../../support/suite.js'

const test = suite('api reads')

interface Answer {
  status: number
  headers: Record<string, unknown>
  body: string
}

function fetchFrom(
  target: { socketPath: string } | { host: string; port: number },
  path: string,
  headers: Record<string, string> = {},
  post?: { type: string; body: string | Buffer }
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const method = post === undefined ? 'GET' : 'POST'
    const sent = request({ ...target, path, method, agent: false, headers }, (response) => {
      const pieces: string[] = []
      response.setEncoding('utf8')
      response.on('data', (piece: string) => pieces.push(piece))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: pieces.join('') })
      )
    })
    sent.on('error', reject)
    if (post !== undefined) sent.setHeader('content-type', post.type)
    sent.end(post?.body)
  })
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return error instanceof LedgerError ? error.code : `not a LedgerError: ${error}`
  }
  return 'no error'
}

test('gives every read through the client as the node gives it', async () => {
  await withApi(async ({ client, node }) => {
    node.seed([
      { vehicle: 'A/B?é', odometer: 1 },
      { vehicle: 'A/B?é', odometer: 2 },
      { vehicle: 'C', odometer: 3 }
    ])
    assert.equal(await client.status(), JSON.parse(JSON.stringify(node.status())))
    assert.is((await client.partners())[0]?.id, 'p1')
    assert.is((await client.model()).network.title, 'Inspections')
    assert.is((await client.checkpoint()).height, 3)
    assert.is((await client.block(2)).height, 2)
    assert.equal((await client.show('p1/1/0')).data, { vehicle: 'A/B?é', odometer: 2 })
    assert.is(await client.receipt('p1/1/0'), '{"format":1,"id":"p1/1/0"}\n')
    assert.equal((await client.get('inspection', ['A/B?é'])).data, { vehicle: 'A/B?é', odometer: 2 })
    const history = await collect(client.history('inspection', ['A/B?é'], {}))
    assert.equal(
      history.map((record) => record.data.odometer),
      [1, 2]
    )
    assert.equal(
      (await collect(client.list('inspection', {}))).map((record) => record.data.odometer),
      [2, 3]
    )
    assert.equal((await collect(client.list('inspection', { history: true, limit: 2 }))).length, 2)
    const first = await collect(client.list('inspection', { history: true, limit: 1 }))
    const next = await collect(client.list('inspection', { history: true, limit: 1, after: first[0]?.cursor ?? '' }))
    assert.is(next[0]?.data.odometer, 2)
    const filtered = await collect(
      client.list('inspection', { history: true, where: { vehicle: 'A/B?é', odometer: '1' } })
    )
    assert.is(filtered.length, 1)
  })
})

test('an answer that is kept says that it depends on the language of its reader', async () => {
  await withApi(async ({ socket, node }) => {
    node.seed([{ vehicle: 'A', odometer: 1 }])
    for (const path of ['/v1/records/p1/0/0', '/v1/blocks/1']) {
      const { status, headers } = await fetchFrom({ socketPath: socket }, path)
      assert.equal([status, headers.vary], [200, 'Accept-Language'], path)
    }
  })
})

test('gives the genesis as canonical text', async () => {
  await withApi(async ({ client }) => {
    const text = await client.genesis()
    assert.ok(text.startsWith('{"format":1,"limits":{"ruleCostMax":10000},"network":{"format":1,'))
    assert.ok(text.endsWith(',"time":1740830400000}\n'))
  })
})

test('lists more records than one page holds, as NDJSON and as one document', async () => {
  await withApi(async ({ client, node, socket }) => {
    node.seed(Array.from({ length: 1234 }, (_, odometer) => ({ vehicle: 'A', odometer })))
    const all = await collect(client.list('inspection', { history: true, limit: 1000 }))
    assert.equal(
      all.map((record) => record.data.odometer),
      Array.from({ length: 1000 }, (_, index) => index)
    )
    const { body } = await fetchFrom({ socketPath: socket }, '/v1/objects/inspection/records?history&limit=100000')
    assert.is(JSON.parse(body).items.length, 1234)
    const empty = await fetchFrom({ socketPath: socket }, '/v1/objects/note/records')
    assert.is(empty.body, '{"items":[]}\n')
    const history = await collect(client.history('inspection', ['A'], { all: true }))
    assert.is(history.length, 1234)
  })
})

test('answers mistakes with their code and status', async () => {
  await withApi(async ({ client, socket, node }) => {
    assert.is(await codeOf(client.get('inspection', ['nobody'])), 'NOT_FOUND')
    assert.is(await codeOf(client.get('nothing', ['x'])), 'UNKNOWN_OBJECT')
    assert.is(await codeOf(client.get('__proto__', ['x'])), 'UNKNOWN_OBJECT')
    assert.is(await codeOf(client.get('inspection', ['a', 'b'])), 'USAGE')
    assert.is(await codeOf(client.get('note', [])), 'USAGE')
    assert.is(await codeOf(client.block(99)), 'NOT_FOUND')
    assert.is(await codeOf(client.show('p1/99/0')), 'NOT_FOUND')
    assert.is(await codeOf(client.show('../../status')), 'USAGE')
    assert.is(await codeOf(client.receipt('p1/99/0')), 'NOT_FOUND')
    const at = (path: string) => fetchFrom({ socketPath: socket }, path)
    const cases: [path: string, status: number, code: string][] = [
      ['/v1/nothing', 404, 'NOT_FOUND'],
      ['/v1/blocks/0', 400, 'USAGE'],
      ['/v1/blocks/1.5', 400, 'USAGE'],
      ['/v1/objects/inspection/records?limit=0', 400, 'USAGE'],
      ['/v1/objects/inspection/records?limit=100001', 400, 'USAGE'],
      ['/v1/objects/inspection/records?limits=5', 400, 'USAGE'],
      ['/v1/objects/inspection/records?where=vehicle', 400, 'USAGE'],
      ['/v1/objects/inspection/records?where=a%3D1&where=a%3D2', 400, 'USAGE'],
      ['/v1/objects/inspection/keys/%5B%7B%7D%5D', 400, 'USAGE'],
      ['/v1/objects/inspection/keys/x', 400, 'USAGE'],
      ['/v1/objects/inspection/keys/%E0%A4%A', 400, 'USAGE'],
      ['/v1/changes?since=yesterday', 400, 'USAGE'],
      ['/v1/changes?object=nothing', 404, 'UNKNOWN_OBJECT']
    ]
    for (const [path, status, code] of cases) {
      const answer = await at(path)
      assert.is(answer.status, status, path)
      assert.is(JSON.parse(answer.body).error.code, code, path)
    }
    node.fail(new LedgerError('STORE_DAMAGED', 'block 3 header: checksum', { height: 3 }))
    const damaged = await at('/v1/status')
    assert.is(damaged.status, 500)
    assert.equal(JSON.parse(damaged.body), {
      error: { code: 'STORE_DAMAGED', message: 'block 3 header: checksum', details: { height: 3 } }
    })
    node.fail(new Error('secret path'))
    const unforeseen = await at('/v1/status')
    assert.is(unforeseen.status, 500)
    assert.not.match(unforeseen.body, 'secret')
    node.fail(new LedgerError('STORE_DAMAGED', 'x'))
    assert.is((await at('/v1/objects/inspection/records')).status, 500)
  })
})

test('takes keys as long as they may be', async () => {
  await withApi(async ({ client, node }) => {
    const vehicle = '€'.repeat(1000)
    node.seed([{ vehicle, odometer: 1 }])
    assert.is((await client.get('inspection', [vehicle])).data.vehicle, vehicle)
  })
})

test('tells whether it is ready', async () => {
  await withApi(async ({ socket }) => {
    assert.is((await fetchFrom({ socketPath: socket }, '/health/live')).body, '{"ok":true}\n')
    assert.is((await fetchFrom({ socketPath: socket }, '/health/ready')).status, 200)
  })
})

test('answers only open operations on TCP', async () => {
  await withApi(
    async ({ api }) => {
      const [host, port] = (api.http ?? '').split(':')
      const target = { host: host ?? '', port: Number(port) }
      for (const path of ['/health/live', '/health/ready', '/openapi.json']) {
        assert.is((await fetchFrom(target, path)).status, 200, path)
      }
      for (const path of ['/v1/status', '/v1/objects/inspection/records', '/v1/changes', '/nothing', '/%zz']) {
        const answer = await fetchFrom(target, path)
        assert.ok([400, 401].includes(answer.status), path)
        if (answer.status === 401) assert.is(JSON.parse(answer.body).error.code, 'NOT_PERMITTED', path)
      }
      const post = { type: 'application/json', body: '{}' }
      assert.is((await fetchFrom(target, '/v1/objects/inspection/check', {}, post)).status, 401)
      assert.is((await fetchFrom(target, '/v1/verify', {}, post)).status, 401)
    },
    { http: { host: '127.0.0.1', port: 0 } }
  )
})

test('checks a record without appending it', async () => {
  await withApi(async ({ client, node, socket }) => {
    node.seed([{ vehicle: 'A', odometer: 5 }])
    assert.is(await client.check('inspection', '{"vehicle":"A","odometer":6}'), null)
    assert.is((await client.check('inspection', '{"vehicle":"A","odometer":4}'))?.code, 'RULE_BROKEN')
    assert.is(node.status().height, 1)
    const post = { type: 'application/json', body: Buffer.from([0x7b, 0xff, 0x7d]) }
    const broken = await fetchFrom({ socketPath: socket }, '/v1/objects/inspection/check', {}, post)
    assert.is(JSON.parse(broken.body).refusal.code, 'MALFORMED')
    const huge = { type: 'application/json', body: ' '.repeat(1024 * 1024 + 1) }
    const large = await fetchFrom({ socketPath: socket }, '/v1/objects/inspection/check', {}, huge)
    assert.is(large.status, 413)
    assert.is(JSON.parse(large.body).error.code, 'TOO_LARGE')
    const odd = { type: 'text/plain', body: '{}' }
    assert.is((await fetchFrom({ socketPath: socket }, '/v1/objects/inspection/check', {}, odd)).status, 400)
  })
})

test('opens the control socket to its owner only', async () => {
  await withApi(async ({ socket }) => {
    assert.is((await stat(socket)).mode & 0o777, 0o600)
  })
})

test('removes a socket that was left behind, and only such a one', async () => {
  await withApi(async ({ home, socket }) => {
    const node = createFakeNode()
    const options = { node, version: '1', log: silentLogger }
    assert.is(await codeOf(startApi({ ...options, socket })), 'HOME_LOCKED')
    assert.is((await createClient(socket).status()).height, 0)

    const { createServer } = await import('node:net')
    const { rename } = await import('node:fs/promises')
    const stale = join(home, 'stale.sock')
    const server = createServer().listen(join(home, 'other.sock'))
    await new Promise((resolve) => server.once('listening', resolve))
    await rename(join(home, 'other.sock'), stale)
    await new Promise((resolve) => server.close(resolve))
    const api = await startApi({ ...options, socket: stale })
    assert.is((await createClient(stale).status()).height, 0)
    await api.close()
    assert.is(await codeOf(createClient(stale).status()), 'NODE_UNREACHABLE')

    const file = join(home, 'file.sock')
    await writeFile(file, 'keep me')
    assert.is(await codeOf(startApi({ ...options, socket: file })), 'ADDRESS_IN_USE')
    assert.is(await codeOf(createClient(join(home, 'none.sock')).status()), 'NODE_UNREACHABLE')
    await chmod(file, 0o600)
  })
})

test('names a path that is too long, and a port that is taken', async () => {
  const options = { node: createFakeNode(), version: '1', log: silentLogger }
  assert.is(await codeOf(startApi({ ...options, socket: `/tmp/${'x'.repeat(100)}` })), 'HOME_PATH_TOO_LONG')
  await withApi(
    async ({ api, home }) => {
      const port = Number(api.http?.split(':')[1])
      const second = startApi({ ...options, socket: join(home, 'b.sock'), http: { host: '127.0.0.1', port } })
      assert.is(await codeOf(second), 'ADDRESS_IN_USE')
      assert.is(await codeOf(createClient(join(home, 'b.sock')).status()), 'NODE_UNREACHABLE')
    },
    { http: { host: '127.0.0.1', port: 0 } }
  )
})

test.run()
