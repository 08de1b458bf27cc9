import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { startApi } from '../../../src/api/api.js'
import { createClient } from '../../../src/api/client.js'
import type { Route } from '../../../src/api/route.js'
import { ROUTES } from '../../../src/api/server.js'
import { LedgerError } from '../../../src/base/errors.js'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import type { LedgerNode, NodeStatus } from '../../../src/node/ledger-node.js'
import { silentLogger } from '../../../src/node/log.js'
import { runProgram } from '../../support/cli-run.js'
import { createFakeNode } from '../../support/fake-node.js'
import { suite } from '../../support/suite.js'

const test = suite('api of a node that is joining')

/** What answers while there is no node yet. */
const EARLY = ['status', 'live', 'ready', 'openapi']

const WHY = 'nobody of p1 answered: p1 cannot be reached'

interface Fixture {
  readonly home: string
  readonly socket: string
  /** From now on there is a node. */
  arrive(): void
}

async function withJoiner(work: (fixture: Fixture) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'ledger-api-'))
  const socket = join(home, 'control.sock')
  let node: LedgerNode | null = null
  const waiting: NodeStatus = {
    ...createFakeNode().status(),
    partner: { id: 'p2', state: 'joining', role: 'inspector' },
    partners: [],
    quorum: { rule: '', needed: 0, online: 0 },
    stalled: { since: '2025-03-01T12:00:00.000Z', why: WHY }
  }
  const api = await startApi({
    node() {
      if (node === null) throw new LedgerError('JOINING', `not admitted yet: ${WHY}`)
      return node
    },
    status: () => node?.status() ?? waiting,
    socket,
    version: '1.2.3',
    log: silentLogger
  })
  try {
    await work({ home, socket, arrive: () => (node = createFakeNode()) })
  } finally {
    await api.close()
    await rm(home, { recursive: true, force: true })
  }
}

const PARAMETERS: Readonly<Record<string, string>> = {
  object: 'inspection',
  key: '["A"]',
  author: 'p1',
  hash: 'ab'.repeat(32)
}

/** Calls an operation with parameters of the right form and an empty record where it takes a body. */
function call(socketPath: string, route: Route, type: string | null): Promise<{ status: number; body: string }> {
  const path = route.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(PARAMETERS[name] ?? '1'))
  return new Promise((resolve, reject) => {
    const headers = type === null ? {} : { 'content-type': type }
    const sent = request({ socketPath, path, method: route.method, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (piece: string) => (body += piece))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.on('error', reject)
    sent.end(type === null ? undefined : '{}\n')
  })
}

test('every operation but status, health and the document is refused with one code, before an answer begins', async () => {
  await withJoiner(async ({ socket }) => {
    for (const route of ROUTES) {
      for (const type of [...Object.keys(route.body ?? {}), ...(route.body === undefined ? [null] : [])]) {
        const { status, body } = await call(socket, route, type)
        if (EARLY.includes(route.operation)) {
          assert.is(status, route.operation === 'ready' ? 503 : 200, route.operation)
          continue
        }
        assert.is(status, 503, `${route.operation} ${type}: ${body}`)
        assert.is(JSON.parse(body).error.code, 'JOINING', `${route.operation} ${type}`)
      }
    }
  })
})

test('once there is a node the same server serves it', async () => {
  await withJoiner(async ({ socket, arrive }) => {
    const client = createClient(socket)
    assert.is((await client.status()).partner.state, 'joining')
    arrive()
    assert.is((await client.status()).partner.state, 'active')
    assert.is((await client.partners())[0]?.id, 'p1')
  })
})

test('ledger status says what a joiner waits for; other commands refuse with the code and what to do', async () => {
  await withJoiner(async ({ home }) => {
    const told = await runProgram(ledgerProgram, ['--home', home, 'status'])
    assert.is(told.code, 0, told.stderr)
    assert.match(told.stdout, /^partner +p2, inspector, joining$/m)
    assert.match(told.stdout, /^joining +not admitted yet/m)
    assert.match(told.stdout, `since 2025-03-01 12:00:00Z: ${WHY}`)
    assert.not.match(told.stdout, 'voting partner')
    const json = await runProgram(ledgerProgram, ['--home', home, 'status', '--json'])
    assert.is(JSON.parse(json.stdout).stalled.why, WHY)
    const refused = await runProgram(ledgerProgram, ['--home', home, 'partners'])
    assert.is(refused.code, 1)
    assert.match(refused.stderr, new RegExp(`^JOINING: not admitted yet: ${WHY}\nledger status tells`))
  })
})

test.run()
