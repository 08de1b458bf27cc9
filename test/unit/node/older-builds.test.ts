import { setTimeout as sleep } from 'node:timers/promises'
import { streamPair } from '@libp2p/utils'
import * as assert from 'uvu/assert'
import '../../../src/node/network/promise-with-resolvers.js'
import { silentLogger } from '../../../src/node/log.js'
import { newCounts } from '../../../src/node/network/counts.js'
import { type Connection, encodeFrame, framesOf } from '../../../src/node/network/frames.js'
import { createMessageFrames } from '../../../src/node/network/message-frames.js'
import { startOutgoingLink } from '../../../src/node/network/outgoing-link.js'
import type { PeerMessage } from '../../../src/node/peers.js'
import { suite } from '../../support/suite.js'

const test = suite('partners of an older build')

const plain: PeerMessage = { type: 'status', height: 3, round: 0, votes: [], batches: [] }
const whole: PeerMessage = { ...plain, connected: ['alice', 'carol'] }

test('whom a node is connected with is told to whoever takes it; others get the status that they know', () => {
  const frames = createMessageFrames(whole)
  assert.equal(frames.for(true), encodeFrame(whole))
  assert.equal(frames.for(false), encodeFrame(plain))
  assert.is(frames.for(true), frames.for(true))
  assert.is(frames.for(false), frames.for(false))
})

test('what is the same for both is made once', () => {
  for (const message of [plain, { type: 'batch', author: 'bob', hash: '', incarnation: 0, sequence: 1 } as const]) {
    const frames = createMessageFrames(message)
    assert.is(frames.for(true), frames.for(false))
    assert.equal(frames.for(true), encodeFrame(message))
  }
})

for (const [welcome, takes, gives] of [
  [{ partner: 'bob', gossip: true, connected: true }, true, false],
  [{ partner: 'bob', gossip: true, connected: true, texts: true }, true, true],
  [{ partner: 'bob', gossip: true }, false, false],
  [{ partner: 'bob', gossip: true, connected: 'yes', texts: 1 }, false, false]
] as const) {
  test(`a partner that welcomes with ${JSON.stringify(welcome)} ${takes ? 'takes' : 'does not take'} it`, async () => {
    const [own, other] = await streamPair()
    const connection = { newStream: async () => own } as unknown as Connection
    const link = startOutgoingLink({
      partner: 'bob',
      key: 'key of bob',
      protocol: '/test',
      connection: () => connection,
      counts: newCounts(),
      log: silentLogger,
      onChange() {},
      onRefused() {}
    })
    try {
      await framesOf(other, 1024).write([encodeFrame(welcome)], AbortSignal.timeout(2_000))
      const end = Date.now() + 5_000
      while (!link.isOpen() && Date.now() < end) await sleep(5)
      assert.ok(link.isOpen())
      assert.is(link.takesConnected(), takes)
      assert.is(link.givesTexts(connection), gives)
      assert.not.ok(link.givesTexts({ ...connection }), 'another connection may lead to another build')
    } finally {
      link.close()
      other.abort(new Error('over'))
    }
  })
}

test.run()
