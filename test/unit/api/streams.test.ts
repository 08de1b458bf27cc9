import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type { Change } from '../../../src/api/client.js'
import { LedgerError } from '../../../src/base/errors.js'
import type { AppendOutcome } from '../../../src/node/ledger-node.js'
import { chunksOf, collect, withApi } from '../../support/api-fixture.js'
import { suite } from '../../support/suite.js'

const test = suite('api streams')

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5)
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return error instanceof LedgerError ? error.code : `not a LedgerError: ${error}`
  }
  return 'no error'
}

/** What comes back for raw bytes on the socket, as long as `until` does not say enough. */
async function rawExchange(socketPath: string, text: string, enough: (answer: string) => boolean): Promise<string> {
  const socket = connect(socketPath)
  let answer = ''
  socket.setEncoding('utf8').on('data', (piece: string) => (answer += piece))
  socket.write(text)
  await until(() => enough(answer) || socket.destroyed)
  socket.destroy()
  return answer
}

test('appends a pipe: one outcome a line, in order', async () => {
  await withApi(async ({ client }) => {
    const input = chunksOf(
      '{"vehicle":"A","odometer":5}\n\n{"vehicle":"A",',
      '"odometer":4}\n{"hold":true}\nnot json\n{"forbidden":true}\n{"vehicle":"B","odometer":1}'
    )
    const outcomes = await collect(client.append('inspection', input, {}))
    assert.equal(
      outcomes.map((outcome) => [outcome.line, outcome.status, 'code' in outcome ? outcome.code : null]),
      [
        [1, 'accepted', null],
        [3, 'refused', 'RULE_BROKEN'],
        [4, 'pending', 'NO_QUORUM'],
        [5, 'refused', 'MALFORMED'],
        [6, 'refused', 'NOT_PERMITTED'],
        [7, 'accepted', null]
      ]
    )
    const broken = outcomes[1] as Extract<AppendOutcome, { status: 'refused' }>
    assert.is(broken.rule, 'odometer-never-decreases')
    assert.equal(broken.details, { record: { odometer: 4 }, previous: { odometer: 5 } })
  })
})

test('gives each outcome while the pipe is still open', async () => {
  await withApi(async ({ client }) => {
    let next: (text: string | null) => void = () => {}
    async function* typed(): AsyncGenerator<Uint8Array> {
      for (;;) {
        const text = await new Promise<string | null>((resolve) => (next = resolve))
        if (text === null) return
        yield new TextEncoder().encode(text)
      }
    }
    const outcomes = client.append('inspection', typed(), {})[Symbol.asyncIterator]()
    for (const odometer of [1, 2, 3]) {
      const outcome = outcomes.next()
      await delay(20)
      next(`{"vehicle":"A","odometer":${odometer}}\n`)
      assert.is((await outcome).value.line, odometer)
    }
    const end = outcomes.next()
    await delay(20)
    next(null)
    assert.is((await end).done, true)
  })
})

test('reads no faster than the node takes, and writes no faster than the client reads', async () => {
  await withApi(async ({ client, node }) => {
    const line = `{"vehicle":"A","odometer":1,"text":"${'x'.repeat(1000)}"}\n`
    const chunk = new TextEncoder().encode(line.repeat(64))
    let given = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      while (given < 1000) {
        given += 1
        yield chunk
      }
    }
    // The first record waits: the node takes nothing more.
    async function* input(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('{"wait":true,"vehicle":"A","odometer":1}\n')
      yield* endless()
    }
    const outcomes = client.append('inspection', input(), {})[Symbol.asyncIterator]()
    const first = outcomes.next()
    await until(() => node.taken() > 0)
    await delay(150)
    const whileWaiting = given
    assert.ok(whileWaiting < 50, `took ${whileWaiting} chunks of 64 kB while nothing was decided`)
    node.release()
    assert.is((await first).value.line, 1)
    // Outcomes are small: nobody reads them, so input stops when the buffers between are full.
    let unread = -1
    while (unread !== given) {
      unread = given
      await delay(400)
    }
    assert.ok(unread < 700, `took ${unread} chunks while nobody read outcomes`)
    let count = 1
    for (let next = await outcomes.next(); !next.done; next = await outcomes.next()) count += 1
    assert.is(count, 1 + 1000 * 64)
  })
})

test('a cut pipe is an error for the node, never the end of the last line', async () => {
  await withApi(async ({ socket, node }) => {
    const head = 'POST /v1/objects/inspection/records HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\n'
    // All of a record, but not yet all of its line.
    const body = '{"vehicle":"A","odometer":12}'
    const chunked = `${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n`
    await rawExchange(socket, chunked, () => node.taken() > 0)
    await until(() => node.running() === 0)
    assert.ok(node.lastEnd() instanceof Error || node.lastEnd() === 'cut', String(node.lastEnd()))
    assert.is(node.status().height, 0)
  })
})

test('an unknown object ends even an endless pipe, with its code', async () => {
  await withApi(async ({ client }) => {
    let stopped = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield new TextEncoder().encode('{}\n'.repeat(1000))
          await delay(1)
        }
      } finally {
        stopped = true
      }
    }
    assert.is(await codeOf(collect(client.append('nothing', endless(), {}))), 'UNKNOWN_OBJECT')
    await until(() => stopped)
  })
})

test('an unknown object is told although the pipe is silent', async () => {
  await withApi(async ({ client }) => {
    async function* silent(): AsyncGenerator<Uint8Array> {
      await new Promise(() => {})
    }
    assert.is(await codeOf(collect(client.append('nothing', silent(), {}))), 'UNKNOWN_OBJECT')
  })
})

test('a failure amid the pipe comes after the outcomes before it', async () => {
  await withApi(async ({ client, node }) => {
    async function* input(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('{"vehicle":"A","odometer":1}\n'.repeat(1500))
      await until(() => node.status().height === 1500)
      node.fail(new LedgerError('DISK_FULL', 'no space left'))
      const chunk = new TextEncoder().encode('{"vehicle":"A","odometer":1}\n'.repeat(10_000))
      for (;;) {
        yield chunk
        await delay(0)
      }
    }
    const outcomes = client.append('inspection', input(), {})[Symbol.asyncIterator]()
    assert.is((await outcomes.next()).value.status, 'accepted')
    // A reader that takes its time still gets to see it.
    await delay(300)
    for (let line = 2; line <= 1500; line += 1) assert.is((await outcomes.next()).value.line, line)
    assert.is(await codeOf(outcomes.next()), 'DISK_FULL')
  })
})

test('an input that fails is what is told, and what was cut is not taken', async () => {
  await withApi(async ({ client, node }) => {
    async function* input(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode('{"vehicle":"A","odometer":1}\n{"vehicle":"A","odometer":2')
      await until(() => node.taken() > 0)
      throw new LedgerError('USAGE', 'cannot read the file')
    }
    assert.is(await codeOf(collect(client.append('inspection', input(), {}))), 'USAGE')
    await until(() => node.running() === 0)
    assert.is(node.status().height, 1)
  })
})

test('a reader that goes away ends the append and the feed', async () => {
  await withApi(async ({ client, node }) => {
    node.seed([{ vehicle: 'A', odometer: 1 }])
    for await (const outcome of client.append('inspection', chunksOf('{"hold":true}\n', '{"wait":true}\n'), {})) {
      assert.is(outcome.status, 'pending')
      break
    }
    for await (const change of client.changes({ since: '0' })) {
      assert.is(change.event, '1.0.0')
      break
    }
    await until(() => node.running() === 0)
  })
})

test('appends a single record with the status of its outcome', async () => {
  await withApi(async ({ socket, node }) => {
    const post = (body: string): Promise<[number, Record<string, unknown>]> =>
      new Promise((resolve, reject) => {
        const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
        const path = '/v1/objects/inspection/records'
        const sent = request({ socketPath: socket, path, method: 'POST', agent: false, headers }, (response) => {
          let text = ''
          response.on('data', (piece) => (text += piece))
          response.on('end', () => resolve([response.statusCode ?? 0, JSON.parse(text)]))
        })
        sent.on('error', reject).end(body)
      })
    assert.equal(await post('{\r\n  "vehicle": "A",\n  "odometer": 5\n}\n'), [
      200,
      { line: 1, status: 'accepted', id: 'p1/0/0', height: 1 }
    ])
    const [status, refused] = await post('{"vehicle":"A","odometer":4}')
    assert.is(status, 422)
    assert.is((refused.error as { rule: string }).rule, 'odometer-never-decreases')
    assert.is((await post('{"hold":true}'))[0], 202)
    assert.is((await post('{"forbidden":true}'))[0], 403)
    assert.is((await post('{"text":"a\nb"}'))[0], 422)
    assert.is((await post('  \n '))[0], 400)
    assert.is((await post(''))[0], 400)
    assert.is(node.status().height, 1)
  })
})

test('sends changes as events with ids, and takes them up after the last one seen', async () => {
  await withApi(async ({ socket, node }) => {
    node.seed([
      { vehicle: 'A', odometer: 1 },
      { vehicle: 'A', odometer: 2 }
    ])
    const ask = (path: string, header = '') => `GET ${path} HTTP/1.1\r\nhost: x\r\n${header}\r\n`
    const all = await rawExchange(socket, ask('/v1/changes?since=0'), (text) => text.includes('2.0.0'))
    assert.match(all, /content-type: text\/event-stream/)
    assert.match(all, /id: 1\.0\.0\ndata: \{"event":"1\.0\.0","id":"p1\/0\/0",.*\}\n\n/)
    const resumed = ask('/v1/changes?since=0', 'last-event-id: 1.0.0\r\n')
    const rest = await rawExchange(socket, resumed, (text) => text.includes('2.0.0'))
    assert.not.match(rest, /id: 1\.0\.0/)
  })
})

test('heartbeats are comments of the event stream and empty lines of NDJSON', async () => {
  await withApi(
    async ({ socket }) => {
      const ask = (header: string) => `GET /v1/changes HTTP/1.1\r\nhost: x\r\n${header}\r\n`
      assert.match(await rawExchange(socket, ask(''), (text) => text.includes('heartbeat')), /\n: heartbeat\n\n/)
      const lines = ask('accept: application/x-ndjson\r\n')
      assert.match(await rawExchange(socket, lines, (text) => text.includes('1\r\n\n\r\n')), /x-ndjson/)
    },
    { heartbeatMs: 10 }
  )
})

test('the feed gives what comes from now on, of one object', async () => {
  await withApi(async ({ client, node }) => {
    node.seed([{ vehicle: 'A', odometer: 1 }])
    const seen: Change[] = []
    const stop = new AbortController()
    const feed = (async () => {
      for await (const change of client.changes({ object: 'inspection', signal: stop.signal })) seen.push(change)
    })()
    await until(() => node.running() === 1)
    await collect(client.append('note', chunksOf('{}\n'), {}))
    node.seed([{ vehicle: 'B', odometer: 2 }])
    await until(() => seen.length > 0)
    stop.abort()
    await feed
    assert.equal(
      seen.map((change) => change.data),
      [{ vehicle: 'B', odometer: 2 }]
    )
  })
})

test('verification tells its progress and its report', async () => {
  await withApi(async ({ client, node }) => {
    const progress: number[][] = []
    const report = await client.verify({ onProgress: (done, total) => progress.push([done, total]) })
    assert.equal(progress, [[1, 2]])
    assert.is(report.ok, true)
    node.fail(new LedgerError('STORE_DAMAGED', 'block 1'))
    assert.is(await codeOf(client.verify({})), 'STORE_DAMAGED')
  })
})

test('closing ends open streams quickly and in order', async () => {
  await withApi(async ({ client, api, node }) => {
    const feed = collect(client.changes({ since: '0' }))
    const waiting = codeOf(collect(client.append('inspection', chunksOf('{"wait":true}\n'), {})))
    await until(() => node.running() === 2)
    const started = performance.now()
    await api.close()
    assert.ok(performance.now() - started < 900, 'closed before connections had to be cut')
    assert.equal(await feed, [])
    assert.is(await waiting, 'CLOSED')
    assert.is(await codeOf(client.status()), 'NODE_UNREACHABLE')
  })
})

test.run()
