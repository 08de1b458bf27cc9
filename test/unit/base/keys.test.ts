import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import fc from 'fast-check'
import { base58btc } from 'multiformats/bases/base58'
import * as assert from 'uvu/assert'
import { publicKeyOf } from '../../../src/base/crypto.js'
import { keyFromText, keyText } from '../../../src/base/keys.js'
import { suite } from '../../support/suite.js'

const key = publicKeyOf(new Uint8Array(32).fill(1))
const text = keyText(key)

const test = suite('keys')

test('a key is written as libp2p writes its peer id', async () => {
  for (let i = 0; i < 5; i++) {
    const seed = new Uint8Array(32).fill(i)
    const pair = await generateKeyPairFromSeed('Ed25519', seed)
    assert.equal(publicKeyOf(seed), pair.publicKey.raw)
    assert.is(keyText(pair.publicKey.raw), pair.publicKey.toString())
    assert.is(keyText(pair.publicKey.raw), base58btc.baseEncode(pair.publicKey.toMultihash().bytes))
    assert.equal(keyFromText(publicKeyFromRaw(pair.publicKey.raw).toString()), pair.publicKey.raw)
  }
})

test('any 32 bytes come back', () => {
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(bytes32, (bytes) => {
      const written = keyText(bytes)
      assert.match(written, /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/)
      assert.equal(keyFromText(written), bytes)
    })
  )
  assert.equal(keyFromText(keyText(new Uint8Array(32))), new Uint8Array(32))
  assert.equal(keyFromText(keyText(new Uint8Array(32).fill(255))), new Uint8Array(32).fill(255))
})

test('only the exact 38 bytes are a key', () => {
  const full = base58btc.baseDecode(text)
  assert.is(full.length, 38)
  const others: Record<string, Uint8Array> = {
    'a byte more': Uint8Array.of(...full, 0),
    'a byte less': full.slice(0, 37),
    'another multihash code': Uint8Array.of(0x12, ...full.slice(1)),
    'another length': Uint8Array.of(0, 0x25, ...full.slice(2)),
    'another key type': Uint8Array.of(0, 0x24, 8, 2, ...full.slice(4)),
    'another data length': Uint8Array.of(0, 0x24, 8, 1, 0x12, 0x21, ...full.slice(6)),
    'the bare key': key,
    'a zero byte before': Uint8Array.of(0, ...full)
  }
  for (const [name, bytes] of Object.entries(others)) assert.is(keyFromText(base58btc.baseEncode(bytes)), null, name)
})

test('whatever else is null, never thrown', () => {
  const wrong = [
    '',
    ' ',
    text.slice(1),
    `${text} `,
    ` ${text}`,
    `z${text}`,
    text.toLowerCase(),
    `${text.slice(0, -1)}0`
  ]
  for (const one of [...wrong, `${text.slice(0, -1)}é`, '1'.repeat(52), 'z'.repeat(52), 'z'.repeat(100_000)]) {
    assert.is(keyFromText(one), null, one.slice(0, 60))
  }
  for (const one of [null, undefined, 5, {}, key]) assert.is(keyFromText(one as string), null)
})

test.run()
