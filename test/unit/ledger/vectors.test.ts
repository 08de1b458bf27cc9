import { readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import { sha256Hex, verifySignature } from '../../../src/base/crypto.js'
import type { Json } from '../../../src/base/json.js'
import { readBatch } from '../../../src/ledger/batch.js'
import { readHeader } from '../../../src/ledger/block.js'
import { readCertificate } from '../../../src/ledger/certificate.js'
import { readGenesis } from '../../../src/ledger/genesis.js'
import { verifyReceipt } from '../../../src/ledger/verify-receipt.js'
import { formatVectors } from '../../support/format-vectors.js'
import { suite } from '../../support/suite.js'

const test = suite('format vectors')

type Vectors = ReturnType<typeof formatVectors>

/** Written once; a difference means that the formats have changed, which they must not. By format of the genesis. */
const FILES = { 1: 'formats.json', 2: 'formats-2.json', 3: 'formats-3.json' } as const

for (const format of [1, 2, 3] as const) {
  const vectors: Vectors = JSON.parse(readFileSync(new URL(`../../vectors/${FILES[format]}`, import.meta.url), 'utf8'))

  test(`what is made today is byte for byte what was made when the formats were fixed (genesis format ${format})`, () => {
    const today: Vectors = formatVectors(format)
    for (const name of Object.keys(vectors) as (keyof Vectors)[]) assert.equal(today[name], vectors[name], name)
  })

  test(`what was made then is read today (genesis format ${format})`, () => {
    const genesis = readGenesis(vectors.genesis.text)
    assert.ok(genesis.ok)
    assert.is(genesis.value.hash, vectors.genesis.hash)
    const scope = { genesis: genesis.value.hash, epoch: 0 }
    const batch = readBatch(scope, genesis.value.genesis.limits, vectors.batch.encoded)
    assert.ok(batch.ok)
    assert.is(batch.value.hash, vectors.batch.hash)
    assert.ok(readHeader(vectors.block.header).ok)
    assert.ok(readCertificate(vectors.block.certificate).ok)
    const statement = verifyReceipt(vectors.receipt, vectors.genesis.text)
    assert.ok(statement.ok)
    assert.is(statement.value.status, 'refused')
  })

  test(`hashes and signatures follow from the bytes with nothing but SHA-256 and Ed25519 (genesis format ${format})`, () => {
    assert.is(sha256Hex(`ledger/genesis/1\n${vectors.genesis.text}`), vectors.genesis.hash)
    const { network } = JSON.parse(vectors.genesis.text) as { network: Json }
    assert.is(sha256Hex(`ledger/model/1\n${canonicalText(network)}`), vectors.genesis.model)
    assert.is(sha256Hex(vectors.batch.bytes), vectors.batch.hash)
    assert.is(sha256Hex(`ledger/block/1 ${vectors.genesis.hash} 0\n${vectors.block.header}`), vectors.block.hash)
    assert.is(sha256Hex(`ledger/partners/1 ${vectors.genesis.hash} 0\n${vectors.partners.text}`), vectors.partners.hash)
    for (const { bytes, signature } of [vectors.batch, vectors.vote, vectors.proposal]) {
      assert.ok(verifySignature(vectors.key.text, bytes, signature))
    }
  })
}

test.run()
