import * as assert from 'uvu/assert'
import type { Json } from '../../../src/base/json.js'
import { PARTNERS_MAX } from '../../../src/base/limits.js'
import { ShapeError } from '../../../src/ledger/json-shape.js'
import { shapeOfMessage, shapeOfRequest, shapeOfResponse } from '../../../src/node/network/message-shape.js'
import type { PeerMessage, PullRequest, PullResponse } from '../../../src/node/peers.js'
import { suite } from '../../support/suite.js'

const test = suite('shapes of messages between nodes')

const hash = 'ab'.repeat(32)
const signature = 'cd'.repeat(64)
const vote = { block: hash, height: 3, incarnation: 0, kind: 'prevote', round: 1, signature, voter: 'alice' } as const
const proposal = {
  block: hash,
  height: 3,
  incarnation: 0,
  proposer: 'bob',
  round: 1,
  signature,
  validRound: -1
} as const
const batch = { author: 'alice', hash, incarnation: 2, sequence: 7 }
const held = [{ round: 0, prevotes: ['alice'], precommits: [] }]

const messages: PeerMessage[] = [
  { type: 'vote', vote, reason: null },
  { type: 'vote', vote: { ...vote, block: null }, reason: 'too late' },
  { type: 'proposal', proposal, header: '{}', batches: [hash], prevotes: [vote] },
  { type: 'batch', ...batch },
  { type: 'status', height: 0, round: 0, votes: held, batches: [batch] },
  { type: 'status', height: 0, round: 0, votes: [], batches: [], connected: ['alice', 'bob'] }
]

const exchanges: [PullRequest, PullResponse][] = [
  [
    { type: 'blocks', from: 1, bytesMax: 100 },
    { type: 'blocks', blocks: [{ header: '{}', certificate: '{}', batches: ['x'] }] }
  ],
  [
    { type: 'batches', hashes: [hash] },
    { type: 'batches', batches: ['x'] }
  ],
  [
    { type: 'messages', height: 3, have: held },
    { type: 'messages', messages: [messages[0] as never, messages[2] as never] }
  ],
  [
    { type: 'proposal', height: 3, block: hash },
    { type: 'proposal', block: { header: '{}', batches: [hash] } }
  ],
  [
    { type: 'proposal', height: 3, block: hash },
    { type: 'proposal', block: null }
  ],
  [
    { type: 'rejoin', partner: 'alice', incarnation: 1, nonce: hash, signature },
    { type: 'rejoin', accepted: false, why: 'no' }
  ],
  [
    { type: 'known', asker: 'alice', nonce: hash, of: 'bob' },
    { type: 'known', signature, height: 0, round: 0, since: null, messages: [], batch: null }
  ],
  [
    { type: 'known', asker: 'alice', nonce: hash, of: 'bob' },
    {
      type: 'known',
      signature,
      height: 2,
      round: 1,
      since: 0,
      messages: [
        { type: 'vote', vote },
        { type: 'proposal', proposal }
      ],
      batch: { author: 'alice', bytes: 2, count: 1, incarnation: 0, root: hash, sequence: 7, signature }
    }
  ]
]

test('what has the right shape is read as it is', () => {
  for (const message of messages) assert.equal(shapeOfMessage(copy(message)), message)
  for (const [request, response] of exchanges) {
    assert.equal(shapeOfRequest(copy(request)), request)
    assert.equal(shapeOfResponse(copy(response), request), response)
  }
})

/** Every change of one place in a value: a member or item left out, added, or put in as something else. */
function* changes(json: Json): Generator<Json> {
  for (const other of [null, -2, 1.5, '', 'x'.repeat(3000), [], {}, true]) yield other
  if (json === null || typeof json !== 'object') return
  if (Array.isArray(json)) {
    for (let at = 0; at < json.length; at++) {
      for (const change of changes(json[at]!)) yield json.with(at, change)
    }
    return
  }
  yield { ...json, extra: 1 }
  for (const name of Object.keys(json)) {
    const { [name]: member, ...rest } = json
    yield rest
    for (const change of changes(member!)) yield { ...json, [name]: change }
  }
}

test('anything else is a ShapeError or has a shape that is read as it is, and nothing besides', () => {
  const read = (json: Json, shape: (json: Json) => unknown): void => {
    try {
      assert.equal(shape(json), json)
    } catch (error) {
      assert.instance(error, ShapeError, String(error))
    }
  }
  let tried = 0
  for (const message of messages)
    for (const json of changes(copy(message))) {
      read(json, shapeOfMessage)
      tried += 1
    }
  for (const [request, response] of exchanges) {
    for (const json of changes(copy(request))) read(json, shapeOfRequest)
    for (const json of changes(copy(response))) read(json, (answer) => shapeOfResponse(answer, request))
  }
  assert.ok(tried > 500)
})

test('lists have their limits', () => {
  const many = Array.from({ length: 65 }, () => batch)
  const [, , , , status] = messages
  for (const json of [
    { ...status!, batches: many },
    { ...status!, connected: Array.from({ length: PARTNERS_MAX + 1 }, () => 'alice') },
    { ...status!, votes: Array.from({ length: 1025 }, () => held[0]) }
  ]) {
    assert.throws(() => shapeOfMessage(copy(json)), /more than/)
  }
  assert.throws(
    () => shapeOfRequest({ type: 'batches', hashes: Array.from({ length: 4097 }, () => hash) }),
    /more than/
  )
  const asked = { type: 'batches', hashes: [hash] } as const
  assert.throws(() => shapeOfResponse({ type: 'batches', batches: ['x', 'y'] }, asked), /more than/)
})

function copy(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json
}

test.run()
