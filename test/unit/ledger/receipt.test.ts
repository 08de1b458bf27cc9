import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import type { Json } from '../../../src/base/json.js'
import { type Receipt, receiptText } from '../../../src/ledger/receipt.js'
import { verifyReceipt } from '../../../src/ledger/verify-receipt.js'
import { smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'
import { inTurn } from '../../support/turns.js'

const test = suite('receipts', { timeoutMs: 60_000 })

function chainOf(ids: readonly string[], blocks: number) {
  const chain = smallChain(ids)
  for (let i = 0; i < blocks; i++) {
    const texts = [
      chain.record('inspection', { vehicle: 'a', odometer: i }),
      chain.record('inspection', { vehicle: 'a', odometer: -1 + i }),
      chain.record('inspection', { vehicle: 'b é', odometer: i })
    ]
    chain.commit(
      [
        [ids[i % ids.length]!, texts],
        [ids[(i + 1) % ids.length]!, texts]
      ].slice(0, ids.length) as [string, string[]][]
    )
  }
  return chain
}

test('receipts of accepted and refused records say so, wherever they stand', () => {
  const chain = chainOf(['p1', 'p2', 'p3', 'p4'], 5)
  for (let height = 1; height <= 5; height++) {
    const refused = verifyReceipt(receiptText(chain.receipt(height, 0, 1)), chain.genesis.text)
    assert.ok(refused.ok, JSON.stringify(refused))
    assert.is(refused.value.status, 'refused')
    assert.is(refused.value.rule, height === 1 ? undefined : 'odometer-never-decreases')
    const accepted = verifyReceipt(`${receiptText(chain.receipt(height, 0, 2))}\n`, chain.genesis.text)
    assert.ok(accepted.ok)
    assert.is(accepted.value.status, 'accepted')
    assert.equal(accepted.value.endorsers, ['p1', 'p2', 'p3', 'p4'])
    assert.equal(accepted.value.data, { vehicle: 'b é', odometer: height - 1 })
  }
})

test('the genesis may be laid out in any way, but must be that of the receipt', () => {
  const chain = chainOf(['p1'], 1)
  const text = receiptText(chain.receipt(1, 0, 0))
  assert.ok(verifyReceipt(text, JSON.stringify(JSON.parse(chain.genesis.text), null, 2)).ok)
  const other = chainOf(['p2'], 1)
  assert.match(failureOf(verifyReceipt(text, other.genesis.text)), /another network/)
})

test('every single-byte change of a receipt fails', () => {
  const chain = chainOf(['p1'], 3)
  for (const receipt of [chain.receipt(2, 0, 0), chain.receipt(3, 0, 1)]) {
    const bytes = new TextEncoder().encode(receiptText(receipt))
    for (const at of inTurn([...bytes.keys()], 3)) {
      const changed = bytes.slice()
      changed[at] = changed[at]! ^ (at % 2 === 0 ? 0x20 : 2 ** (at % 8))
      const text = new TextDecoder().decode(changed)
      assert.not.ok(
        verifyReceipt(text, chain.genesis.text).ok,
        `byte ${at} of ${bytes.length}: ${text.slice(at - 20, at + 20)}`
      )
    }
  }
})

test('parts of another receipt do not fit', () => {
  const chain = chainOf(['p1', 'p2', 'p3', 'p4'], 4)
  const receipt = chain.receipt(2, 0, 0)
  const refused = chain.receipt(2, 0, 1)
  const other = chain.receipt(3, 0, 0)
  const forgeries: [string, Partial<Receipt>][] = [
    ['the verdict of the record beside it', pick(refused, ['verdict', 'verdictIndex', 'verdictPath'])],
    ['a record that is not in the batch', { record: refused.record }],
    ['another header', { header: other.header }],
    ['another certificate', { certificate: other.certificate }],
    ['another batch', pick(other, ['batch', 'signature', 'batchPath'])],
    ['too few votes', { certificate: { ...receipt.certificate, votes: receipt.certificate.votes.slice(0, 2) } }],
    ['a vote twice', { certificate: { ...receipt.certificate, votes: twice(receipt.certificate.votes) } }],
    ['no link to the recent block', { recent: { ...receipt.recent!, path: [] } }],
    ['a set of its own', { set: { ...receipt.set, partners: receipt.set.partners.slice(0, 1) } }]
  ]
  for (const [name, parts] of forgeries) {
    const text = canonicalText({ ...receipt, ...parts } as unknown as Json)
    assert.not.ok(verifyReceipt(text, chain.genesis.text).ok, name)
  }
})

test('a set that changed is followed from the genesis', () => {
  const chain = smallChain(['p1', 'p2', 'p3', 'p4'])
  const founding = chain.set
  const block = (odometer: number): void => {
    chain.commit([['p1', [chain.record('inspection', { vehicle: 'a', odometer })]]])
  }
  block(1)
  chain.setNext({
    ...founding,
    partners: founding.partners.map((p) => (p.id === 'p4' ? { ...p, state: 'removed' as const, voter: false } : p))
  })
  block(2)
  block(3)
  block(4)
  for (const height of [1, 2, 3, 4]) {
    const receipt = chain.receipt(height, 0, 0)
    const result = verifyReceipt(receiptText(receipt), chain.genesis.text)
    assert.ok(result.ok, JSON.stringify(result))
    assert.is(result.value.endorsers.length, height <= 2 ? 4 : 3)
    assert.not.ok(verifyReceipt(receiptText({ ...receipt, changes: [] }), chain.genesis.text).ok)
  }
})

test('a checkpoint binds a receipt to a block that one trusts', () => {
  const chain = chainOf(['p1', 'p2', 'p3', 'p4'], 4)
  const checkpointAt = (height: number): string => {
    const { executed, set } = chain.blocks[height - 1]!
    return canonicalText({ genesis: chain.genesis.hash, hash: executed.hash, height, set } as unknown as Json)
  }
  const text = receiptText(chain.receipt(1, 0, 0))
  assert.ok(verifyReceipt(text, chain.genesis.text, checkpointAt(4)).ok)
  assert.ok(verifyReceipt(text, chain.genesis.text, checkpointAt(2)).ok)
  const forged = checkpointAt(4).replace(chain.blocks[3]!.executed.hash, 'ab'.repeat(32))
  assert.match(failureOf(verifyReceipt(text, chain.genesis.text, forged)), /names another block/)
  const old = chainOf(['p1', 'p2', 'p3', 'p4'], 3)
  assert.match(
    failureOf(verifyReceipt(receiptText(old.receipt(1, 0, 0)), old.genesis.text, checkpointAt(4))),
    /fresh receipt/
  )
})

test('files that are no receipts fail with a word, not an exception', () => {
  const chain = chainOf(['p1'], 1)
  for (const text of [
    '',
    '{}',
    'null',
    '[]',
    '"x"',
    '['.repeat(100_000),
    receiptText(chain.receipt(1, 0, 0)).slice(0, -1)
  ]) {
    assert.not.ok(verifyReceipt(text, chain.genesis.text).ok)
    assert.not.ok(verifyReceipt(receiptText(chain.receipt(1, 0, 0)), text).ok)
  }
})

function failureOf(result: ReturnType<typeof verifyReceipt>): string {
  return result.ok ? 'it verified' : result.refusal.message
}

function pick<K extends keyof Receipt>(receipt: Receipt, names: readonly K[]): Pick<Receipt, K> {
  return Object.fromEntries(names.map((name) => [name, receipt[name]])) as Pick<Receipt, K>
}

function twice<T>(items: readonly T[]): T[] {
  return items.flatMap((item) => [item, item]).slice(0, 4)
}

test.run()
