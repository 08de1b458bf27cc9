import * as assert from 'uvu/assert'
import { sha256Hex, signer } from '../../../src/base/crypto.js'
import { batchBytes, batchHeader, encodeBatch } from '../../../src/ledger/batch.js'
import { AUTHOR_BYTES_MAX, createBatchExchange } from '../../../src/node/batch-exchange.js'
import type { Chain } from '../../../src/node/chain.js'
import { silentLogger } from '../../../src/node/log.js'
import { createMempool } from '../../../src/node/mempool.js'
import { GOSSIP_BYTES_MAX } from '../../../src/node/peers.js'
import { handTimers } from '../../support/hand-timers.js'
import { seedOf, smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('the exchange of batches')

/** The exchange of p1, where so many bytes of p2 wait already; `batch` makes one of p2. */
function subject(waiting: number) {
  const spread: string[] = []
  const peers = {
    connected: () => [],
    broadcast: ({ type }: { type: string }) => spread.push(type),
    gossipBatch: () => spread.push('gossip')
  }
  const time = handTimers()
  const { scope, state, rulebook, tip, genesis, record } = smallChain(['p1', 'p2'])
  const mempool = { ...createMempool(), bytesOf: (author: string) => (author === 'p2' ? waiting : 0) }
  const store = { state, putBatches: async () => {}, readBatch: () => undefined }
  const exchange = createBatchExchange({
    chain: { scope, rulebook: rulebook(), tip, limits: genesis.genesis.limits, store } as unknown as Chain,
    mempool,
    rivals: { isRival: () => false, seen: () => {} },
    peers: peers as never,
    timers: time.timers,
    now: Date.now,
    log: silentLogger,
    onBatch: () => {},
    fail: (error) => {
      throw error
    }
  })
  const batch = (author: string, sequence: number) => {
    const texts = [record('inspection', { vehicle: author, odometer: sequence })]
    const header = batchHeader(author, 0, sequence, texts)
    const bytes = batchBytes(scope, header)
    const hash = sha256Hex(bytes)
    return {
      header,
      hash,
      text: encodeBatch(scope, { header, hash, signature: signer(seedOf(author))(bytes), records: texts })
    }
  }
  return { exchange, mempool, batch, spread, time }
}

test('of an author with more than 32 MiB waiting nothing more is taken, and of others all the same', async () => {
  assert.is(AUTHOR_BYTES_MAX, 32 * 1024 * 1024)
  const { exchange, mempool, batch } = subject(AUTHOR_BYTES_MAX + 1)
  const refused = batch('p2', 0)
  assert.is(exchange.take(refused.text).verdict, 'ignore')
  const taken = exchange.take(batch('p1', 0).text)
  assert.is(taken.verdict, 'accept')
  await taken.stored
  assert.is(mempool.get(refused.hash), undefined)
  assert.is(mempool.size().batches, 1)
  exchange.stop()
})

test('up to the quota it is taken', async () => {
  const { exchange, mempool, batch } = subject(AUTHOR_BYTES_MAX)
  const { hash, text } = batch('p2', 0)
  await exchange.take(text).stored
  assert.ok(mempool.get(hash))
  exchange.stop()
})

test('what a block under way names is taken whatever waits, or nobody could vote on it', async () => {
  const { exchange, mempool, batch } = subject(AUTHOR_BYTES_MAX + 1)
  const { hash, text } = batch('p2', 0)
  exchange.fetch([hash], [])
  await exchange.take(text).stored
  assert.ok(mempool.get(hash))
  exchange.stop()
})

test('a batch that goes by gossip is announced only where it is still waiting a while later', () => {
  const { exchange, mempool, batch, spread, time } = subject(0)
  for (const sequence of [0, 1]) {
    const { header, hash, text } = batch('p2', sequence)
    mempool.add({ header, hash, records: [] })
    exchange.spread({ header, hash, records: [] }, text)
    if (sequence === 0) mempool.forget('p2')
  }
  assert.equal(spread, ['gossip', 'gossip'])
  time.pass(149)
  assert.is(spread.length, 2)
  time.pass(1)
  assert.equal(spread.slice(2), ['batch'])
  exchange.stop()
})

test('one that is too large for gossip is announced at once; none is once the node stops', () => {
  const { exchange, mempool, batch, spread, time } = subject(0)
  const { header, hash, text } = batch('p2', 0)
  mempool.add({ header, hash, records: [] })
  exchange.spread({ header: { ...header, bytes: GOSSIP_BYTES_MAX }, hash, records: [] }, text)
  assert.equal(spread, ['batch'])
  exchange.spread({ header, hash, records: [] }, text)
  exchange.stop()
  time.pass(1_000)
  assert.equal(spread, ['batch', 'gossip'])
})

test.run()
