import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import type { Json } from '../../../src/base/json.js'
import { advance, executeBlock, genesisTip } from '../../../src/ledger/chain.js'
import { foundingOf, rulebookAfter } from '../../../src/ledger/execution.js'
import { compileModel, type Model } from '../../../src/ledger/model.js'
import type { NetworkDefinition } from '../../../src/ledger/network-definition.js'
import { checkRecord } from '../../../src/ledger/record.js'
import type { StateEntry } from '../../../src/ledger/state.js'
import { verifyReceipt } from '../../../src/ledger/verify-receipt.js'
import { growingChain } from '../../support/growing-chain.js'
import { FOUNDED_AT } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('a network that grows through four files')

type Grown = ReturnType<typeof growingChain>

/** Executes the blocks again on a state that keeps what was decoded, from records that were checked under some model. */
function again({ chain }: Grown, checked: Model): { hashes: string[]; entries: Map<string, StateEntry> } {
  const { scope, model, genesis, blocks } = chain
  const entries = new Map<string, StateEntry>()
  const state = { get: (key: string): StateEntry | undefined => entries.get(key) }
  let tip = genesisTip(genesis.hash, FOUNDED_AT)
  const hashes = blocks.map(({ executed, signed }) => {
    const { originRound, proposer, time } = executed.header
    const batches = signed.map(({ header, hash, records }) => {
      return { header, hash, records: records.map((text) => checkRecord(checked, text, 128 * 1024)) }
    })
    const rulebook = rulebookAfter(scope, model, foundingOf(genesis.genesis), state)
    const block = executeBlock(rulebook, tip, state, { originRound, proposer, time, batches })
    for (const { key, entry } of block.execution.writes) entries.set(key, entry)
    tip = advance(tip, block).tip
    return block.hash
  })
  return { hashes, entries }
}

const textsOf = (entries: ReadonlyMap<string, StateEntry>): [string, string][] =>
  [...entries].map(([key, { text }]): [string, string] => [key, text]).sort(([a], [b]) => (a < b ? -1 : 1))

test('each record is judged by the file in force at its block, and by no other', () => {
  const { verdicts, expected } = growingChain()
  assert.equal(verdicts, expected)
})

test('what is decoded once, or checked under another file when it came, changes nothing', () => {
  const grown = growingChain()
  const { chain, last } = grown
  const hashes = chain.blocks.map(({ executed }) => executed.hash)
  const latest = compileModel(last as unknown as NetworkDefinition, chain.genesis.genesis.limits)
  assert.is(latest.hash, chain.rulebook().model.hash)
  for (const checked of [chain.model, latest]) {
    const { hashes: found, entries } = again(grown, checked)
    assert.equal(found, hashes)
    assert.equal(textsOf(entries), textsOf(chain.entries))
  }
})

test('the state keeps what each author wrote', () => {
  const { chain } = growingChain()
  const text = chain.entries.get('r:reading["b"]')!.text
  const [newest] = chain.blocks.findLast(({ executed }) => executed.header.height === 10)!.signed
  assert.ok(newest!.records.some((record) => record === text.slice(text.indexOf('\n') + 1)))
  assert.match(text, /"colour":"red"/)
})

test('a receipt of a record of before proves what was written', () => {
  const { chain } = growingChain()
  const receipt = chain.receipt(1, 0, 0)
  const verified = verifyReceipt(canonicalText(receipt as unknown as Json), chain.genesis.text)
  assert.ok(verified.ok, JSON.stringify(verified))
  assert.match(receipt.record, /"kilometres":10/)
})

test.run()
