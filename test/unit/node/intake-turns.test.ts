import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { foundHome } from '../../../src/node/found.js'
import { silentLogger } from '../../../src/node/log.js'
import { openNode } from '../../../src/node/node.js'
import { NETWORK } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('pipes of lines that wait for nothing', { timeoutMs: 60_000 })

const CHUNKS = 10
const LINES = 2_000

test('a pipe of refused lines leaves the event loop its turns', async () => {
  const home = await mkdtemp(join(tmpdir(), 'ledger-turns-'))
  await foundHome({ home, networkText: NETWORK, networkFile: 'n.yaml', partner: 'p1', role: 'inspector', now: 1 })
  const node = await openNode({ home, listen: [], log: silentLogger })
  try {
    const chunk = Buffer.from('{"vehicle":1}\n'.repeat(LINES))
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < CHUNKS; i++) yield chunk
    }
    let turns = 0
    let counting = true
    const count = (): void => {
      turns += 1
      if (counting) setImmediate(count)
    }
    setImmediate(count)
    const started = performance.now()
    let outcomes = 0
    for await (const { status } of node.append('inspection', chunks(), {})) {
      assert.is(status, 'refused')
      outcomes += 1
    }
    counting = false
    const tookMs = performance.now() - started
    assert.is(outcomes, CHUNKS * LINES)
    // A turn after 8 ms of lines, and some more for their outcomes.
    assert.ok(turns >= Math.min(10, tookMs / 100), `${turns} turns in ${Math.round(tookMs)} ms`)
  } finally {
    await node.close()
    await rm(home, { recursive: true, force: true })
  }
})

test.run()
