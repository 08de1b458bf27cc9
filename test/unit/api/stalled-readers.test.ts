import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { dropStalledReaders } from '../../../src/api/stalled-readers.js'
import { suite } from '../../support/suite.js'

/** Longer than a busy machine may hold up either end, which runs in this process. */
const STALL_MS = 1500
const LATE_MS = 30_000

const test = suite('stalled readers')

test('who reads nothing of a large answer is cut off; who waits for the node is not', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/large') response.end('x'.repeat(32 * 1024 * 1024))
    // Silent for much longer than a reader may be.
    else setTimeout(() => response.end('slow'), 2 * STALL_MS)
  })
  dropStalledReaders(server, STALL_MS)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    const deaf = connect(port, '127.0.0.1')
    deaf.on('error', () => {}).pause()
    deaf.write('GET /large HTTP/1.1\r\nhost: x\r\n\r\n')
    const slow = await fetch(`http://127.0.0.1:${port}/slow`, { headers: { connection: 'close' } })
    assert.is(await slow.text(), 'slow')
    const open = () => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)))
    for (const end = performance.now() + LATE_MS; (await open()) > 0; await sleep(20)) {
      assert.ok(performance.now() < end, 'the deaf reader still has its place')
    }
    deaf.destroy()
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test.run()
