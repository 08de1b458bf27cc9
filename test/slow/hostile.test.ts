import * as assert from 'uvu/assert'
import { run, type UnderAttack } from '../../scripts/bench/hostile.js'
import { ATTACKS, HUNG_UP_ON } from '../support/hostile-peer.js'
import { suite } from '../support/suite.js'
import { inTurn } from '../support/turns.js'

/** MiB by which an honest node may grow under one attack. */
const GROWTH_MIB_MAX = 250

/** Milliseconds in which it answers whatever is done to it: loose, for a machine that does other things too. */
const ANSWER_MS_MAX = 5_000

const test = suite('hostile peers of real nodes', { timeoutMs: 14 * 60_000 })

test('one partner of four is hostile in every way: the attacked node answers, commits, and stays small', async () => {
  const attacks = inTurn(Object.keys(ATTACKS), 3)
  const { results } = (await run(attacks)) as { results: readonly UnderAttack[] }
  assert.is(results.length, attacks.length)
  for (const { attack, memoryMiB, answerMs, committed, seen, hungUp } of results) {
    assert.ok(committed > 0, `${attack}: nothing was committed`)
    assert.ok(answerMs.most < ANSWER_MS_MAX, `${attack}: an answer took ${answerMs.most} ms`)
    const growth = memoryMiB.most - memoryMiB.before
    assert.ok(growth < GROWTH_MIB_MAX, `${attack}: ${growth} MiB more`)
    if (HUNG_UP_ON.includes(attack)) assert.ok(seen > 0 && hungUp > 0, `${attack}: ${seen} seen, ${hungUp} hung up on`)
  }
})

test.run()
