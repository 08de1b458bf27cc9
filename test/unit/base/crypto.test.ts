import { readFileSync } from 'node:fs'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import * as chosen from '../../../src/base/crypto.js'
import * as noble from '../../../src/base/crypto-noble.js'
import * as node from '../../../src/base/crypto-node.js'
import { bytesToHex, hexToBytes } from '../../../src/base/hex.js'
import { keyText } from '../../../src/base/keys.js'
import { KEYS_CACHED_MAX } from '../../../src/base/limits.js'
import { suite } from '../../support/suite.js'

interface Vectors {
  signing: { name: string; seed: string; publicKey: string; message: string; signature: string }[]
  signatures: { name: string; publicKey: string; message: string; signature: string; accepted: boolean }[]
  keys: { name: string; publicKey: string; valid: boolean }[]
}

const vectors: Vectors = JSON.parse(readFileSync(new URL('../../vectors/ed25519.json', import.meta.url), 'utf8'))
const implementations = { node, noble }
const seed = hexToBytes(vectors.signing[0]!.seed)!
const publicKey = node.publicKeyOf(seed)
const L = ed25519.Point.Fn.ORDER

function bytes(hex: string): Uint8Array {
  const read = hexToBytes(hex)
  if (read === null) throw new Error(`not hex: ${hex}`)
  return read
}

const test = suite('crypto')

test('both implementations and the chosen one export the same', () => {
  assert.equal(Object.keys(noble).sort(), Object.keys(node).sort())
  assert.equal(Object.keys(chosen).sort(), Object.keys(node).sort())
})

for (const [name, crypto] of Object.entries(implementations)) {
  test(`${name}: SHA-256 of known texts (FIPS 180-4)`, () => {
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.is(crypto.sha256Hex('abc'), abc)
    assert.is(crypto.sha256Hex(new TextEncoder().encode('abc')), abc)
    assert.is(bytesToHex(crypto.sha256(new TextEncoder().encode('abc'))), abc)
    assert.is(crypto.sha256Hex(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    const target = new Uint8Array(34).fill(7)
    crypto.sha256Into('abc', target, 1)
    assert.is(bytesToHex(target), `07${abc}07`)
    const part = new TextEncoder().encode('xabcx').subarray(1, 4)
    crypto.sha256Into(part, target, 2)
    assert.is(bytesToHex(target), `07${abc.slice(0, 2)}${abc}`)
  })

  test(`${name}: signs as RFC 8032`, () => {
    for (const vector of vectors.signing) {
      const vectorSeed = bytes(vector.seed)
      assert.is(bytesToHex(crypto.publicKeyOf(vectorSeed)), vector.publicKey, vector.name)
      assert.is(crypto.signer(vectorSeed)(bytes(vector.message)), vector.signature, vector.name)
      assert.ok(crypto.verifySignature(bytes(vector.publicKey), bytes(vector.message), vector.signature), vector.name)
    }
  })

  test(`${name}: accepts exactly the signatures of the vectors`, () => {
    for (const { name: what, publicKey: key, message, signature, accepted } of vectors.signatures) {
      assert.is(crypto.verifySignature(bytes(key), bytes(message), signature), accepted, what)
      // A second time, when the key may be cached, and by the key's text.
      assert.is(crypto.verifySignature(keyText(bytes(key)), bytes(message), signature), accepted, what)
    }
  })

  test(`${name}: knows which keys a partner may have`, () => {
    for (const vector of vectors.keys) {
      assert.is(crypto.isValidPublicKey(bytes(vector.publicKey)), vector.valid, vector.name)
    }
  })

  test(`${name}: a text is signed as its UTF-8`, () => {
    const text = 'Zoë \u{1f600}'
    const signature = crypto.signer(seed)(text)
    assert.is(signature, crypto.signer(seed)(new TextEncoder().encode(text)))
    assert.ok(crypto.verifySignature(publicKey, text, signature))
    assert.not(crypto.verifySignature(publicKey, 'Zoe \u{1f600}', signature))
  })

  test(`${name}: a signer does not follow later changes of the seed`, () => {
    const own = Uint8Array.from(seed)
    const sign = crypto.signer(own)
    own.fill(0)
    assert.ok(crypto.verifySignature(publicKey, 'x', sign('x')))
  })

  test(`${name}: what is not of the form of a key or signature is false, never thrown`, () => {
    const signature = crypto.signer(seed)('x')
    const key = keyText(publicKey)
    assert.ok(crypto.verifySignature(key, 'x', signature))
    const signatures = [
      '',
      'x',
      signature.slice(1),
      `${signature}00`,
      signature.toUpperCase(),
      ` ${signature.slice(1)}`
    ]
    for (const wrong of [...signatures, `${signature.slice(0, 127)}g`, 5, null, undefined, {}, bytes(signature)]) {
      assert.not(crypto.verifySignature(key, 'x', wrong as string), String(wrong))
    }
    const keys = ['', key.slice(1), `${key}1`, `0${key.slice(1)}`, bytesToHex(publicKey), publicKey.subarray(1)]
    for (const wrong of [...keys, new Uint8Array(0), new Uint8Array(33), 5, null, undefined, {}, []]) {
      assert.not(crypto.verifySignature(wrong as string, 'x', signature), String(wrong))
    }
    for (const wrong of [5, null, undefined, {}]) {
      assert.not(crypto.verifySignature(key, wrong as unknown as string, signature), String(wrong))
    }
  })

  test(`${name}: a seed of another length is an invariant broken`, () => {
    for (const length of [0, 31, 33, 64]) {
      assert.throws(() => crypto.publicKeyOf(new Uint8Array(length)), /32 bytes/)
      assert.throws(() => crypto.signer(new Uint8Array(length)), /32 bytes/)
    }
  })

  test(`${name}: seeds are 32 bytes and differ`, () => {
    const seeds = Array.from({ length: 4 }, () => crypto.generateSeed())
    assert.is(new Set(seeds.map(bytesToHex)).size, 4)
    assert.ok(seeds.every((one) => one.length === 32 && one.constructor === Uint8Array))
  })
}

test('the vectors tell a cofactored verification apart', () => {
  const accepts = ({ signature, message, publicKey: key }: Vectors['signatures'][number]): boolean => {
    return ed25519.verify(bytes(signature), bytes(message), bytes(key))
  }
  const wrong = vectors.signatures.filter((vector) => accepts(vector) !== vector.accepted)
  assert.is(wrong.length, 24)
})

test('both agree on hashes of any text and bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), fc.nat(0xffff), (text, data, unit) => {
      // A lone surrogate stands for U+FFFD in both.
      const anyText = text + String.fromCharCode(unit)
      assert.is(node.sha256Hex(anyText), noble.sha256Hex(anyText))
      assert.is(node.sha256Hex(data), noble.sha256Hex(data))
    }),
    { numRuns: 300 }
  )
})

test('both agree on mutated signatures, keys and messages', () => {
  const message = new TextEncoder().encode('the message')
  const signature = bytes(node.signer(seed)(message))
  const places = fc.array(fc.tuple(fc.nat(64 + 32 + message.length - 1), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 3
  })
  let accepted = 0
  fc.assert(
    fc.property(places, fc.constantFrom(0n, 1n, 2n, 15n), (mutations, multiple) => {
      const all = Uint8Array.of(...signature, ...publicKey, ...message)
      for (const [at, bits] of mutations) all[at]! ^= bits
      const S = BigInt(`0x${bytesToHex(all.slice(32, 64).reverse())}`) + multiple * L
      const sHex = bytesToHex(bytes((S % 2n ** 256n).toString(16).padStart(64, '0')).reverse())
      const mutated = bytesToHex(all.subarray(0, 32)) + sHex
      const key = all.slice(64, 96)
      const byNode = node.verifySignature(key, all.slice(96), mutated)
      assert.is(noble.verifySignature(key, all.slice(96), mutated), byNode)
      if (byNode) accepted++
    }),
    { numRuns: 150 }
  )
  assert.is(accepted, 0)
})

test('keys beyond the cache are imported again', () => {
  const signature = node.signer(seed)('x')
  assert.ok(node.verifySignature(publicKey, 'x', signature))
  for (let i = 0; i < KEYS_CACHED_MAX + 1; i++) {
    const other = Uint8Array.from(publicKey)
    other[0] = i & 0xff
    other[1] = i >> 8
    assert.type(node.verifySignature(other, 'x', signature), 'boolean')
  }
  assert.ok(node.verifySignature(publicKey, 'x', signature))
})

test.run()
