import * as assert from 'uvu/assert'
import { sha256Hex as hashHex, sha256Into as hashInto } from '../../src/base/crypto-node.js'
import { keyText } from '../../src/base/keys.js'
import { suite } from '../support/suite.js'
import { publicKeyOf, sha256, sha256Hex, sha256Into, signer, verifySignature } from './stand-in-crypto.js'
import { turnByTurn } from './turn-by-turn.js'

const test = suite('what makes simulated runs fast')

test('hashes are those of the real thing, the second time too', () => {
  const real = new Uint8Array(40)
  hashInto('a text', real, 4)
  for (let n = 0; n < 2; n++) {
    assert.is(sha256Hex('a text'), hashHex('a text'))
    const target = new Uint8Array(40)
    sha256Into('a text', target, 4)
    assert.equal(target, real)
    // What the caller does with its bytes changes nothing here.
    target.fill(7)
  }
})

test('a signature holds for its key and its message alone, looked up or not', () => {
  const seeds = ['one', 'another'].map((name) => sha256(new TextEncoder().encode(name)))
  const [sign, signOther] = seeds.map(signer)
  const [key, other] = seeds.map((seed) => keyText(publicKeyOf(seed)))
  const signature = sign!('said')
  assert.ok(verifySignature(key!, 'said', signature))
  assert.ok(verifySignature(publicKeyOf(seeds[0]!), new TextEncoder().encode('said'), signature))
  assert.not.ok(verifySignature(key!, 'something else', signature))
  assert.not.ok(verifySignature(other!, 'said', signature))
  assert.not.ok(verifySignature(key!, 'said', signOther!('said')))
  assert.not.ok(verifySignature(key!, 'said', '0'.repeat(128)))
})

test('between two turns all promises settle that can', async () => {
  let settled = 0
  let turns = 0
  await turnByTurn(() => {
    assert.is(settled, turns)
    if (turns === 200) return false
    turns++
    void Promise.resolve()
      .then(() => Promise.all([1, 2].map(async () => await null)))
      .then(() => new Promise((done) => process.nextTick(done)))
      .then(() => settled++)
    return true
  })
  assert.is(turns, 200)
})

test('what a turn throws ends the turns', async () => {
  let turns = 0
  const failed = await turnByTurn(() => {
    if (++turns === 3) throw new Error('third')
    return true
  }).catch((error: unknown) => error)
  assert.is((failed as Error).message, 'third')
  await new Promise((resolve) => setImmediate(resolve))
  assert.is(turns, 3)
})

test.run()
