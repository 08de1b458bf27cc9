import * as assert from 'uvu/assert'
import { sha256Hex, signer } from '../../../src/base/crypto.js'
import { batchBytes, batchHeader } from '../../../src/ledger/batch.js'
import {
  advance,
  type BlockPlan,
  type ExecutedBlock,
  executeBlock,
  executeCertified,
  type Tip
} from '../../../src/ledger/chain.js'
import { EARLY_KEY } from '../../../src/ledger/early-chain.js'
import { setKey } from '../../../src/ledger/membership.js'
import { encodeRecord } from '../../../src/ledger/record.js'
import { rejoinBytes } from '../../../src/ledger/system-judge.js'
import { seedOf, smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('chains that began without keeping their partner sets')

const OTHER_RESULT = 'cd'.repeat(32)

/** A chain of two partners, of which p2 rejoins in any block. */
function chainWithChanges() {
  const small = smallChain(['p1', 'p2'])
  const { scope, state, entries, rulebook } = small

  function planAfter(tip: Tip, incarnation: number): BlockPlan {
    const body = { partner: 'p2', incarnation, nonce: `${incarnation}0`.repeat(32) }
    const signature = signer(seedOf('p2'))(rejoinBytes(scope, body))
    const texts = [encodeRecord({ object: '_rejoin', data: { ...body, signature } })]
    const header = batchHeader('p1', 0, incarnation - 1, texts)
    const batch = { header, hash: sha256Hex(batchBytes(scope, header)), records: texts.map(small.check) }
    return { originRound: 0, proposer: 'p1', time: tip.time + 1_000, batches: [batch] }
  }

  return {
    first: small.tip,
    planAfter,
    asProposed: (tip: Tip, plan: BlockPlan): ExecutedBlock => executeBlock(rulebook(), tip, state, plan),
    asEarly: (tip: Tip, plan: BlockPlan): ExecutedBlock =>
      executeBlock({ ...rulebook(), early: true }, tip, state, plan),
    asCertified: (tip: Tip, plan: BlockPlan, result: string): ExecutedBlock =>
      executeCertified(rulebook(), tip, state, plan, result),
    commit(tip: Tip, executed: ExecutedBlock): Tip {
      for (const { key, entry } of executed.execution.writes) entries.set(key, { text: entry.text })
      return advance(tip, executed).tip
    },
    keys: (): string[] => [...entries.keys()]
  }
}

test('the same is written down, and the result does not cover the sets', () => {
  const { first, planAfter, asProposed, asEarly } = chainWithChanges()
  const plan = planAfter(first, 1)
  const usual = asProposed(first, plan)
  const early = asEarly(first, plan)
  assert.equal(usual.execution.verdicts, [[null]], 'the change is accepted')
  assert.is.not(usual.header.result, early.header.result)
  const keysOf = ({ execution }: ExecutedBlock): string[] => execution.writes.map(({ key }) => key)
  assert.ok(keysOf(usual).includes(setKey(3)))
  assert.equal(keysOf(early), [...keysOf(usual), EARLY_KEY])
})

test('the first change that is certified tells which chain it is', () => {
  const { first, planAfter, asProposed, asEarly, asCertified } = chainWithChanges()
  const plan = planAfter(first, 1)
  for (const each of [asProposed(first, plan), asEarly(first, plan)]) {
    assert.is(asCertified(first, plan, each.header.result).text, each.text)
  }
  assert.is(asCertified(first, plan, OTHER_RESULT).text, asProposed(first, plan).text)
})

test('an early chain stays one, whoever runs it', () => {
  const { first, planAfter, asProposed, asEarly, asCertified, commit, keys } = chainWithChanges()
  const second = commit(first, asEarly(first, planAfter(first, 1)))
  assert.ok(keys().includes(EARLY_KEY) && keys().includes(setKey(3)))
  const plan = planAfter(second, 2)
  assert.is(asProposed(second, plan).text, asEarly(second, plan).text)
  assert.is(asCertified(second, plan, OTHER_RESULT).text, asEarly(second, plan).text)
})

test('no other chain ever becomes one', () => {
  const { first, planAfter, asProposed, asEarly, asCertified, commit, keys } = chainWithChanges()
  const second = commit(first, asProposed(first, planAfter(first, 1)))
  assert.not(keys().includes(EARLY_KEY))
  const plan = planAfter(second, 2)
  const { result } = asEarly(second, plan).header
  assert.is.not(result, asProposed(second, plan).header.result)
  assert.is(asCertified(second, plan, result).text, asProposed(second, plan).text)
})

test.run()
