import * as assert from 'uvu/assert'
import type { ConsensusState } from '../../../src/consensus/state.js'
import type { CheckedBatch } from '../../../src/ledger/execution.js'
import { createDisputes, disputedBlocks } from '../../../src/node/disputes.js'
import { silentLogger } from '../../../src/node/log.js'
import { createObjections, type Objections } from '../../../src/node/objections.js'
import { resultDiffers } from '../../../src/node/result-difference.js'
import { suite } from '../../support/suite.js'
import { HEIGHT, machine, prevotes, proposal } from '../consensus/machine.js'

const test = suite('disputes')

const BLOCK = 'ab'.repeat(32)

/** What d, one of four of whom one may lie, knows after a proposal was judged here and others voted. */
interface Case {
  readonly name: string
  readonly here: 'valid' | 'differs' | 'invalid'
  /** Voters that prevote for the block. */
  readonly pro: string
  /** Voters that say that their result is another. */
  readonly contra: string
  readonly disputed: boolean
}

const cases: readonly Case[] = [
  { name: 'valid here, two of four say it differs', here: 'valid', pro: 'a', contra: 'bc', disputed: true },
  { name: 'valid here, one says it differs: it may lie', here: 'valid', pro: 'ab', contra: 'c', disputed: false },
  { name: 'valid here, one says so, and this node too', here: 'valid', pro: 'ab', contra: 'cd', disputed: false },
  { name: 'valid here, two say so who do not vote', here: 'valid', pro: 'ab', contra: 'xy', disputed: false },
  { name: 'differs here, two stand behind it', here: 'differs', pro: 'ab', contra: 'c', disputed: true },
  {
    name: 'differs here, only its proposer stands behind it',
    here: 'differs',
    pro: 'a',
    contra: 'bc',
    disputed: false
  },
  { name: 'differs here and nobody stands behind it', here: 'differs', pro: '', contra: 'bc', disputed: false },
  { name: 'breaks the rules of the chain here', here: 'invalid', pro: 'ab', contra: 'c', disputed: false }
]

function stateOf({ here, pro }: Case): ConsensusState {
  const one = machine({ signs: false, replays: false })
  one.give(proposal(0, BLOCK), ...prevotes(pro, 0, BLOCK))
  const reason = here === 'differs' ? resultDiffers(BLOCK, 'record a/0/0 is accepted here') : 'it is empty'
  const result = here === 'valid' ? ({ type: 'valid' } as const) : ({ type: 'invalid', reason } as const)
  one.give({ type: 'block-checked', height: HEIGHT, round: 0, block: BLOCK, result })
  return one.state
}

function objectionsOf(voters: string, block = BLOCK): Objections {
  const objections = createObjections()
  for (const voter of voters) objections.heard(voter, 0, resultDiffers(block, `of ${voter}`))
  return objections
}

for (const each of cases) {
  test(`${each.name}: ${each.disputed ? 'a dispute' : 'none'}`, () => {
    const found = disputedBlocks(stateOf(each), objectionsOf(each.contra).differing())
    assert.equal(
      found.map(({ block }) => block),
      each.disputed ? [BLOCK] : []
    )
  })
}

/** Disputes over blocks of these batches, at a height that moves on. */
function disputesOver(batches: readonly string[]) {
  let height = HEIGHT
  const lines: string[] = []
  const waiting = new Set(batches)
  const objections = createObjections()
  const blocks = new Map<string, readonly string[]>()
  const disputes = createDisputes({
    objections,
    batchOf: (hash) => {
      const header = { author: 'p1', sequence: batches.indexOf(hash) }
      return waiting.has(hash) ? ({ hash, header } as unknown as CheckedBatch) : undefined
    },
    blockOf: (hash) => ({ header: '', batches: blocks.get(hash) ?? [] }),
    height: () => height,
    log: { ...silentLogger, warn: (message) => lines.push(message), error: (message) => lines.push(message) }
  })
  const nothingYet = (): ConsensusState => {
    const { state } = machine({ signs: false, replays: false })
    return { ...state, start: { ...state.start, height } }
  }
  return {
    disputes,
    lines,
    /** What a proposer puts into a block. */
    offered(): string[] {
      for (const { admits, batchesMax } of disputes.offers(nothingYet())) {
        const chosen = batches.filter((hash) => waiting.has(hash) && admits(hash)).slice(0, batchesMax)
        if (chosen.length > 0) return chosen
      }
      return []
    },
    /** The others refuse a block of these, which is valid here. */
    refused(chosen: readonly string[], looks = 1): void {
      const block = (blocks.size + 1).toString(16).padStart(64, '0')
      blocks.set(block, chosen)
      for (const voter of 'abc') objections.heard(voter, blocks.size, resultDiffers(block, `of ${voter}`))
      const state = nothingYet()
      const known = { verdict: 'valid', reason: '', fetchAsked: false } as const
      for (let i = 0; i < looks; i++) disputes.look({ ...state, blocks: new Map([[block, known]]) })
    },
    commit(chosen: readonly string[]): void {
      height++
      for (const hash of chosen) waiting.delete(hash)
      objections.clear()
      disputes.committed()
    },
    get height() {
      return height
    }
  }
}

const EIGHT = ['b0', 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7']

for (const bad of EIGHT) {
  test(`of eight batches all but ${bad} commit, and that alone is set aside`, () => {
    const network = disputesOver(EIGHT)
    let failed = 0
    for (let turn = 0; turn < 40 && network.disputes.setAside().length === 0; turn++) {
      const chosen = network.offered()
      assert.ok(chosen.length > 0)
      if (!chosen.includes(bad)) network.commit(chosen)
      else {
        failed++
        network.refused(chosen)
      }
    }
    assert.equal(
      network.disputes.setAside().map(({ author, sequence }) => `${author}/${sequence}`),
      [`p1/${EIGHT.indexOf(bad)}`]
    )
    assert.ok(failed <= 4, `${failed} rounds failed on the way from 8 to 1`)
    let rest = network.offered()
    for (let turn = 0; turn < 8 && !rest.includes(bad); turn++) {
      network.commit(rest)
      rest = network.offered()
    }
    assert.equal(rest, [bad], 'it comes back, alone, after all others')
  })
}

test('a batch that is set aside is offered less and less often, but again and again', () => {
  const network = disputesOver(['bad'])
  const offeredAt: number[] = []
  for (let turn = 0; turn < 70; turn++) {
    const chosen = network.offered()
    if (chosen.length > 0) {
      offeredAt.push(network.height - HEIGHT)
      network.refused(chosen)
      assert.equal(network.offered(), [], 'not again at this height')
      assert.is(network.disputes.admits('bad'), false)
    }
    network.commit([])
  }
  assert.equal(offeredAt, [0, 1, 3, 7, 15, 31, 63])
})

test('what is new is offered without what is doubted, and doubted ones get their turn too', () => {
  const network = disputesOver(['b0', 'b1', 'b2', 'b3', 'new'])
  network.refused(['b0', 'b1', 'b2', 'b3'])
  const first = network.offered()
  network.commit([])
  const second = network.offered()
  assert.equal([first, second].sort(), [['b0', 'b1'], ['new']])
})

test('a batch that no block can have any more is forgotten', () => {
  const network = disputesOver(['b0'])
  network.refused(['b0'])
  assert.is(network.disputes.setAside().length, 1)
  network.commit(['b0'])
  assert.equal(network.disputes.setAside(), [])
})

test('a block is taken in and told of once, however often it is looked at', () => {
  const network = disputesOver(['b0', 'b1'])
  network.refused(['b0', 'b1'], 3)
  assert.equal(network.lines, ['partners compute different results for a block: fewer batches are offered'])
  assert.is(network.offered().length, 1)
  network.refused(['b0'], 3)
  assert.equal(network.lines.slice(1), ['a batch is set aside: partners compute different results for it'])
})

test('objections: the first word of a voter and round stands, and only the newest rounds are kept', () => {
  const objections = createObjections()
  objections.heard('a', 3, 'first')
  objections.heard('a', 3, 'second')
  objections.heard('b', 1, 'x'.repeat(5000))
  assert.is(objections.said('a', 3), 'first')
  assert.is(objections.said('b', 1)?.length, 1000)
  for (let round = 4; round < 100; round++) objections.heard('a', round, `of ${round}`)
  assert.is(objections.said('a', 3), null)
  assert.is(objections.said('a', 84), 'of 84')
  assert.equal(
    objections.latest().find(({ voter }) => voter === 'a'),
    { voter: 'a', round: 99, reason: 'of 99' }
  )
  objections.clear()
  assert.equal(objections.latest(), [])
})

test.run()
