import { connect, type NetConnectOpts } from 'node:net'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { withApi } from '../../support/api-fixture.js'
import { NASTY } from '../../support/mutations.js'
import { suite } from '../../support/suite.js'

const ANSWER_MS_MAX = 20_000

const test = suite('hostile users of the API', { timeoutMs: 60_000 })

interface RawAnswer {
  /** 0: the connection was closed without an answer. */
  readonly status: number
  readonly body: string
}

/** Sends bytes and takes what comes back until the connection is closed. */
function send(target: NetConnectOpts, bytes: string | Uint8Array, end = true): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(target)
    const chunks: Buffer[] = []
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no end to the answer: ${Buffer.concat(chunks).toString('latin1').slice(0, 200)}`))
    }, ANSWER_MS_MAX)
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      const text = Buffer.concat(chunks).toString('utf8')
      const [head = '', ...rest] = text.split('\r\n\r\n')
      resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), body: rest.join('\r\n\r\n') })
    })
    if (end) socket.end(bytes)
    else socket.write(bytes)
  })
}

const closing = 'host: x\r\nconnection: close\r\n'

function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\n${closing}${headers}\r\n`
}

function post(path: string, type: string, body: Uint8Array, headers = ''): Buffer {
  const head = `POST ${path} HTTP/1.1\r\n${closing}content-type: ${type}\r\ncontent-length: ${body.length}\r\n${headers}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

function codeOf({ body }: RawAnswer): string | undefined {
  const text = body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)
  return (JSON.parse(text === '' ? '{}' : text) as { error?: { code: string } }).error?.code
}

const paths: [path: string, status: number][] = [
  ['/../../etc/passwd', 404],
  ['/v1/../../../etc/passwd', 404],
  ['/v1/%2e%2e/%2e%2e/etc/passwd', 404],
  ['//etc/passwd', 404],
  ['/v1/objects/__proto__/records', 404],
  ['/v1/objects/constructor/records', 404],
  ['/v1/objects/inspection/keys/%ff', 400],
  ['/v1/objects/inspection/keys/%00', 400],
  ['/v1/objects/inspection/keys/%5B%22%5Cud800%22%5D', 400],
  ['/v1/objects/inspection/keys/%5B9007199254740993%5D', 400],
  [`/v1/objects/inspection/keys/${'%5B'.repeat(3_000)}`, 400],
  ['/v1/objects/inspection/records?where=__proto__%3D1&where=__proto__%3D2', 400],
  ['/v1/objects/inspection/records?limit=1e9', 400],
  ['/v1/objects/inspection/records?__proto__=1', 400],
  ['/v1/blocks/99999999999999999999', 400],
  ['/v1/blocks/-1', 400],
  ['/v1/changes?since=1.1', 400],
  [`/${'a'.repeat(20_000)}`, 431]
]

test('no path leads anywhere but to an answer with a code', async () => {
  await withApi(async ({ socket }) => {
    for (const [path, status] of paths) {
      const answer = await send({ path: socket }, get(path))
      assert.is(answer.status, status, `${path.slice(0, 80)}: ${answer.body.slice(0, 200)}`)
    }
  })
})

test('requests that are none are answered or closed, and the next one is served', async () => {
  const pieces = fc.oneof(
    fc.constantFrom(
      'GET ',
      'POST ',
      '/v1/status',
      ' HTTP/1.1\r\n',
      '\r\n',
      '\r\n\r\n',
      'host: x\r\n',
      'a: b\r\n c\r\n'
    ),
    fc.constantFrom(
      'content-length: 5\r\n',
      'content-length: -1\r\n',
      'transfer-encoding: chunked\r\n',
      '5\r\nhello\r\n'
    ),
    fc.constantFrom(
      'expect: 100-continue\r\n',
      'upgrade: websocket\r\nconnection: upgrade\r\n',
      'CONNECT x:1',
      '0\r\n\r\n'
    ),
    fc.constantFrom(...NASTY),
    fc.string({ maxLength: 20 })
  )
  await withApi(async ({ socket }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 8 }), async (parts) => {
        const { status } = await send({ path: socket }, parts.join(''))
        assert.ok(status < 500 || status === 503, `${status}`)
      }),
      { numRuns: 60 }
    )
    assert.is((await send({ path: socket }, get('/v1/status'))).status, 200)
  })
})

test('bodies too large, of another type or not strictly JSON are refused with a code', async () => {
  const record = '/v1/objects/inspection/records'
  const json = 'application/json'
  const cases: [body: Uint8Array, type: string, path: string, codes: RegExp][] = [
    [Buffer.alloc(2 * 1024 * 1024, 0x20), json, record, /TOO_LARGE/],
    [Buffer.from('{}'), 'text/xml', record, /USAGE/],
    [Buffer.from('{"partner":"eve","partner":"bob","role":"inspector"}'), json, '/v1/invitations', /USAGE/],
    [Buffer.from('{"partner":"eve","role":"inspector","name":"\\u0000"}'), json, '/v1/invitations', /USAGE/],
    [Buffer.from([0x7b, 0xff, 0x7d]), json, '/v1/invitations', /USAGE/]
  ]
  await withApi(async ({ socket }) => {
    for (const [body, type, path, codes] of cases) {
      const answer = await send({ path: socket }, post(path, type, body))
      assert.match(
        codeOf(answer) ?? `status ${answer.status}`,
        codes,
        Buffer.from(body.subarray(0, 60)).toString('latin1')
      )
    }
  })
})

test('a thousand requests at once: each is answered, or its connection closed, and the node goes on', async () => {
  await withApi(async ({ socket }) => {
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => send({ path: socket }, get('/v1/status'))))
    const statuses = new Set(answers.map(({ status }) => status))
    statuses.delete(0)
    assert.equal([...statuses], [200])
    assert.is((await send({ path: socket }, get('/v1/status'))).status, 200)
  })
})

test('on TCP nothing but health and the document is told without a token', async () => {
  await withApi(
    async ({ api }) => {
      const [host, port] = (api.http ?? '').split(':')
      const target = { host: host ?? '', port: Number(port) }
      const tokens = ['', 'Bearer', 'Bearer x', `Bearer ${'x'.repeat(8_000)}`, 'Basic YTpi', 'bearer \u00ff']
      for (const token of tokens) {
        const header = token === '' ? '' : `authorization: ${token}\r\n`
        for (const path of ['/v1/status', '/v1/genesis', '/v1/objects/inspection/records', '/health/../v1/status']) {
          const { status } = await send(target, Buffer.from(get(path, header), 'latin1'))
          assert.ok(status === 401 || status === 404, `${path} with '${token.slice(0, 20)}': ${status}`)
        }
        const pipe = await send(
          target,
          post('/v1/objects/inspection/records', 'application/x-ndjson', Buffer.from('{}\n'), header)
        )
        assert.is(pipe.status, 401)
      }
    },
    { http: { host: '127.0.0.1', port: 0 } }
  )
})

test.run()
