import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { startApi } from '../../src/api/api.js'
import { silentLogger } from '../../src/node/log.js'
import { startHost } from '../../src/node/network/host.js'
import type { RunningNode } from '../../src/node/node.js'
import { ownKeyOf } from '../../src/node/own-key.js'
import { pipeRuns, playPipes } from '../support/hostile-pipes.js'
import { play, playRun, runs, type Session } from '../support/hostile-sessions.js'
import { suite } from '../support/suite.js'
import { agreed, createNetwork, until } from '../support/whole-nodes.js'

const test = suite('hostile sessions, many of them', { timeoutMs: 10 * 60_000 })

test('the protocols between nodes, with streams in memory', async () => {
  await fc.assert(fc.asyncProperty(runs, playRun), { numRuns: 800 })
})

test('the streams of the API', async () => {
  const network = await createNetwork()
  const [node] = network.nodes
  const socket = join(network.home('p1'), 'pipes.sock')
  const api = await startApi({ node: node!, socket, version: '0', log: silentLogger })
  try {
    const target = { socket, height: () => node!.status().height }
    await fc.assert(
      fc.asyncProperty(pipeRuns, (run) => playPipes(target, run)),
      { numRuns: 500 }
    )
  } finally {
    await api.close()
    await network.remove()
  }
})

const SESSIONS = 400
const AT_ONCE = 6

async function appendOne(node: RunningNode, vehicle: string, odometer: number): Promise<string> {
  const line = new TextEncoder().encode(`${JSON.stringify({ vehicle, odometer })}\n`)
  const chunks = (async function* () {
    yield line
  })()
  for await (const { status } of node.append('inspection', chunks, {})) return status
  return 'nothing'
}

test('one of four partners speaks so over real sockets: it is dropped and told of, the others write on', async () => {
  const network = await createNetwork()
  try {
    const first = network.nodes[0]!
    for (const id of ['p2', 'p3', 'p4']) await network.join(id)
    const { seed } = await ownKeyOf(network.home('p4'))
    await network.close(network.nodes.at(-1)!)
    const address = multiaddr(first.addresses()[0]!)
    const { genesis } = first.status()
    const fcSeed = Date.now() % 2 ** 31
    const sessions = fc.sample(runs, { numRuns: SESSIONS, seed: fcSeed }).flatMap((run) => run.sessions)
    const host = await startHost({ seed, listen: [], announce: [], isPartner: () => true, log: silentLogger })
    let isOver = false
    let written = 0
    const writing = (async () => {
      for (; !isOver; await sleep(5)) {
        assert.is(await appendOne(first, 'A', written), 'accepted')
        written += 1
      }
    })()
    const speak = async (session: Session): Promise<void> => {
      try {
        const connection = await host.libp2p.dial(address, { signal: AbortSignal.timeout(1_000) })
        const protocol = `/ledger/${genesis}/${session.protocol}/1`
        const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(1_000) })
        await play(session, stream)
        await sleep(5)
        stream.abort(new Error('next'))
      } catch {
        // Cut off, or kept away for a while: that is what it is about.
        await sleep(50)
      }
    }
    const left = [...sessions]
    const speakers = Array.from({ length: AT_ONCE }, async () => {
      for (let session = left.pop(); session !== undefined; session = left.pop()) await speak(session)
    })
    const honest = network.nodes.filter(({ partner }) => partner !== 'p4')
    try {
      await Promise.all(speakers)
      isOver = true
      await writing
      assert.ok(written > 10, `${written} records were written meanwhile`)
      await until('the others are connected', () => {
        return honest.every((node) => node.partners().filter(({ connected }) => connected).length === honest.length)
      })
      await agreed(honest)
      for (const node of honest) {
        for (const { id, misconduct } of node.partners()) {
          const isGuilty = id === 'p4' && node === first
          assert.is(misconduct.seen > 0, isGuilty, `${node.partner} of ${id}, seed ${fcSeed}: ${misconduct.last?.why}`)
          assert.is(misconduct.hungUp > 0, isGuilty, id)
        }
        assert.is(node.status().strangers.seen, 0)
      }
    } finally {
      isOver = true
      await host.close()
    }
  } finally {
    await network.remove()
  }
})

test.run()
