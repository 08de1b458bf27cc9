import * as assert from 'uvu/assert'
import type { ProposedBlock } from '../../../src/node/block-content.js'
import { createBlockPull } from '../../../src/node/block-pull.js'
import type { Chain } from '../../../src/node/chain.js'
import { silentLogger } from '../../../src/node/log.js'
import type { Peers, PullRequest } from '../../../src/node/peers.js'
import { suite } from '../../support/suite.js'

const test = suite('a block that is not here is pulled')

const HASH = 'ab'.repeat(32)
const BLOCK: ProposedBlock = { header: 'its header', batches: [] }
const OTHER: ProposedBlock = { header: 'another header', batches: [] }

/** What a partner answers: a block, nothing, an error, or never anything. */
type Answer = ProposedBlock | null | 'error' | 'silence'

function pullOf(answers: Readonly<Record<string, Answer>>) {
  const asked: string[] = []
  const blamed: string[] = []
  const tip = { height: 6 }
  let here: ProposedBlock | null = null
  let woken = 0
  const request = async (partner: string, { type }: PullRequest): Promise<unknown> => {
    asked.push(partner)
    const answer = answers[partner]
    if (answer === 'silence') return await new Promise(() => {})
    if (answer === 'error') throw new Error('no answer')
    return { type, block: answer }
  }
  const pull = createBlockPull({
    chain: { tip } as unknown as Chain,
    peers: {
      connected: () => Object.keys(answers),
      request: request as Peers['request'],
      blame: (partner) => blamed.push(partner)
    },
    log: silentLogger,
    exchange: { fetch: () => {} },
    driver: {
      // As the driver does: only the block of this hash is kept.
      learn(_, block) {
        if (block === BLOCK) here = block
      },
      blockOf: () => here,
      workAvailable: () => woken++
    }
  })
  return {
    asked,
    blamed,
    tip,
    comesByItself(): void {
      here = BLOCK
    },
    isHere: () => here !== null && woken === 1,
    /** As the node asks, once a second while nothing moves. */
    async want(holders: readonly string[]): Promise<void> {
      pull({ height: 7, round: 0, block: HASH, proposer: 'p1', fresh: true, holders, missing: null })
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

test('holders are asked first, and nobody after the one who gave it', async () => {
  const { want, asked, blamed, isHere } = pullOf({ p1: BLOCK, p2: null, p3: BLOCK })
  await want(['p2', 'p3'])
  assert.ok(isHere())
  assert.equal(asked, ['p2', 'p3'])
  assert.equal(blamed, [])
})

test('who gives another block is blamed, and the next one is asked', async () => {
  const { want, asked, blamed, isHere } = pullOf({ p1: OTHER, p2: 'error', p3: BLOCK })
  await want(['p1'])
  assert.ok(isHere())
  assert.equal(asked, ['p1', 'p2', 'p3'])
  assert.equal(blamed, ['p1'])
})

test('who never answers is waited for once, and holds up no later try', async () => {
  const { want, asked, isHere } = pullOf({ p1: 'silence', p2: BLOCK })
  await want(['p1'])
  assert.equal(asked, ['p1'])
  await want(['p1'])
  assert.ok(isHere())
  assert.equal(asked, ['p1', 'p2'])
})

test('a block that comes another way meanwhile is looked at, and nobody is blamed', async () => {
  const { want, blamed, comesByItself, isHere } = pullOf({ p1: OTHER })
  const asking = want(['p1'])
  comesByItself()
  await asking
  assert.ok(isHere())
  assert.equal(blamed, [])
})

test('a block of a height that is over is asked of nobody', async () => {
  const { want, asked, tip } = pullOf({ p1: BLOCK })
  tip.height = 7
  await want(['p1'])
  assert.equal(asked, [])
})

test.run()
