import { join } from 'node:path'
import fc from 'fast-check'
import { startApi } from '../../src/api/api.js'
import { silentLogger } from '../../src/node/log.js'
import { pipeRuns, playPipes } from '../support/hostile-pipes.js'
import { suite } from '../support/suite.js'
import { createNetwork } from '../support/whole-nodes.js'

/** The streams of the API of a real node; many runs of the same are in test/slow/hostile-sessions.test.ts. */
const test = suite('hostile pipes', { timeoutMs: 40_000 })

test('pipes cut anywhere, and readers that come and go: each line has its outcome, each record is told once', async () => {
  const network = await createNetwork()
  const [node] = network.nodes
  const socket = join(network.home('p1'), 'pipes.sock')
  const api = await startApi({ node: node!, socket, version: '0', log: silentLogger })
  try {
    const target = { socket, height: () => node!.status().height }
    await fc.assert(
      fc.asyncProperty(pipeRuns, (run) => playPipes(target, run)),
      { numRuns: 15 }
    )
  } finally {
    await api.close()
    await network.remove()
  }
})

test.run()
