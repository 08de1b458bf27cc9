import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { type Logger, silentLogger } from '../../../src/node/log.js'
import { withApi } from '../../support/api-fixture.js'
import { suite } from '../../support/suite.js'

/** Longer than a busy machine holds up either end, which runs in this process. */
const TIMES = { headersTimeoutMs: 700, headersCheckMs: 100, bodyTimeoutMs: 700 }

/** One byte after the other at this pace, milliseconds: never silent, and never done. */
const PACE_MS = 50

const LATE_MS = 8_000

const test = suite('requests that come slowly')

const record = 'POST /v1/objects/inspection/records HTTP/1.1\r\nhost: x\r\n'

/** Says `start` at once and the rest byte by byte. @returns how long until the connection was closed, milliseconds */
async function trickle(
  socket: string,
  start: string,
  rest: string
): Promise<{ closedAfterMs: number; answer: string }> {
  const connection = connect(socket)
  let closed = false
  let answer = ''
  connection
    .on('error', () => {})
    .on('data', (data) => {
      answer += data.toString('latin1')
    })
  connection.on('close', () => {
    closed = true
  })
  const began = performance.now()
  connection.write(start)
  for (let at = 0; !closed && performance.now() - began < LATE_MS; at++) {
    connection.write(rest[at % rest.length]!)
    await sleep(PACE_MS)
  }
  connection.destroy()
  return { closedAfterMs: closed ? performance.now() - began : Number.POSITIVE_INFINITY, answer }
}

test('whose headers never end is cut off, and the next one is served', async () => {
  await withApi(
    async ({ socket, client }) => {
      const { closedAfterMs, answer } = await trickle(socket, `GET /v1/status HTTP/1.1\r\nhost: x\r\n`, 'a: b\r\n')
      assert.ok(closedAfterMs >= TIMES.headersTimeoutMs && closedAfterMs < LATE_MS, `${closedAfterMs} ms`)
      // What is written to a closed connection may take the answer away.
      assert.match(answer, /^$|^HTTP\/1\.1 408 /)
      assert.ok((await client.status()).height >= 0)
    },
    { times: TIMES }
  )
})

test('whose body never ends is cut off where it is read whole; a pipe may take its time', async () => {
  await withApi(
    async ({ socket, client }) => {
      const json = `${record}content-type: application/json\r\ncontent-length: 100000\r\n\r\n{"a":"`
      const whole = trickle(socket, json, 'b')
      const piped = `${record}content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n`
      const pipe = connect(socket).on('error', () => {})
      let isClosed = false
      pipe.on('close', () => {
        isClosed = true
      })
      pipe.resume().write(piped)
      const { closedAfterMs } = await whole
      assert.ok(closedAfterMs >= TIMES.bodyTimeoutMs && closedAfterMs < LATE_MS, `${closedAfterMs} ms`)
      await sleep(2 * TIMES.bodyTimeoutMs)
      assert.not(isClosed, 'an idle pipe is left alone')
      pipe.destroy()
      assert.ok((await client.status()).height >= 0)
    },
    { times: TIMES }
  )
})

test('who goes away in the middle of a body leaves no error in the log', async () => {
  const errors: string[] = []
  const debugs: string[] = []
  const log: Logger = {
    ...silentLogger,
    error: (message) => void errors.push(message),
    debug: (message) => void debugs.push(message)
  }
  await withApi(
    async ({ socket, client }) => {
      const connection = connect(socket).on('error', () => {})
      connection.write(`${record}content-type: application/json\r\ncontent-length: 1000\r\n\r\n{"a":"`)
      await sleep(50)
      connection.destroy()
      for (const end = performance.now() + LATE_MS; debugs.length + errors.length === 0; await sleep(10)) {
        assert.ok(performance.now() < end, 'it is noticed')
      }
      assert.equal([errors, debugs], [[], ['request failed']])
      assert.ok((await client.status()).height >= 0)
    },
    { log }
  )
})

test.run()
