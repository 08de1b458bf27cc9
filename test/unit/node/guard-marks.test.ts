import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { LedgerError } from '../../../src/base/errors.js'
import { createGuardKeeper } from '../../../src/node/guard-keeper.js'
import { firstRoundOf, freshStartIn, marksOfFreshStart, marksOfRejoin } from '../../../src/node/guard-marks.js'
import { silentLogger } from '../../../src/node/log.js'
import { createGuard, openGuard, type SignStep, type VotePosition } from '../../../src/node/store/sign-guard.js'
import { suite } from '../../support/suite.js'
import { GENESIS, inDirectory } from './store/chain-maker.js'

const test = suite('marks of a sign guard', { timeoutMs: 30_000 })

const OWNER = { genesis: GENESIS, key: '12D3KooWOwner' }
const SCOPE = { genesis: GENESIS, epoch: 0 }
const FRESH = marksOfFreshStart(SCOPE, { now: 1, decided: 1 }, { height: 12, round: 4 })

function at(height: number, round: number, step: SignStep, incarnation = 1): VotePosition {
  return { epoch: 0, incarnation, height, round, step }
}

const sign = (message: string): string => `signed ${message}`

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return (error as LedgerError).code
  }
  return 'signed'
}

test('a guard that begins anew is there with its marks, and signs nothing up to them', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'sign-guard')
    await (await createGuard(path, OWNER, FRESH)).close()
    const guard = await openGuard(path, OWNER)
    assert.ok(guard.whole)
    assert.equal(freshStartIn(guard), { height: 12, round: 4, incarnation: 1 })
    assert.is(
      codeOf(() => guard.guardVote(at(12, 3, 'precommit'), 'a', sign)),
      'SIGN_REFUSED'
    )
    assert.is(
      codeOf(() => guard.guardVote(at(12, 3, 'prevote'), 'a', sign)),
      'SIGN_REFUSED'
    )
    assert.is(
      codeOf(() => guard.guardBatch({ epoch: 0, incarnation: 1, sequence: 9 }, 'b', sign)),
      'SIGN_REFUSED'
    )
    assert.is(
      codeOf(() => guard.guardVote(at(12, 4, 'proposal'), 'a', sign)),
      'signed'
    )
    assert.is(
      codeOf(() => guard.guardBatch({ epoch: 0, incarnation: 2, sequence: 0 }, 'b', sign)),
      'signed'
    )
    assert.is(freshStartIn(guard), null)
    await guard.close()
  }))

test('its first rounds are the same after any number of votes and a restart', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'sign-guard')
    const guard = await createGuard(path, OWNER, FRESH)
    const rounds = (of: typeof guard): number[] => [11, 12, 13, 14].map((height) => firstRoundOf(of, height))
    assert.equal(rounds(guard), [0, 4, 4, 0])
    for (let round = 4; round < 1_000; round++) guard.guardVote(at(12, round, 'prevote'), 'x'.repeat(2_000), sign)
    guard.guardVote(at(13, 4, 'prevote'), 'a', sign)
    await guard.sync()
    assert.equal(rounds(guard), [0, 4, 4, 0])
    await guard.close()
    const again = await openGuard(path, OWNER)
    assert.equal(rounds(again), [0, 4, 4, 0])
    await again.close()
  }))

test('after a rejoin it begins behind the tip, and every height from the first round', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'sign-guard')
    const guard = await createGuard(path, OWNER, marksOfRejoin(SCOPE, 2, 20, 7))
    assert.is(freshStartIn(guard), null)
    assert.is(firstRoundOf(guard, 21), 0)
    assert.is(
      codeOf(() => guard.guardVote(at(30, 0, 'prevote', 1), 'a', sign)),
      'SIGN_REFUSED'
    )
    assert.is(
      codeOf(() => guard.guardVote(at(19, 0, 'prevote', 2), 'a', sign)),
      'SIGN_REFUSED'
    )
    assert.is(
      codeOf(() => guard.guardVote(at(21, 0, 'prevote', 2), 'a', sign)),
      'signed'
    )
    assert.is(
      codeOf(() => guard.guardBatch({ epoch: 0, incarnation: 2, sequence: 6 }, 'b', sign)),
      'SIGN_REFUSED'
    )
    assert.is(
      codeOf(() => guard.guardBatch({ epoch: 0, incarnation: 2, sequence: 7 }, 'b', sign)),
      'signed'
    )
    await guard.close()
  }))

test('a mark that cannot be read stops the node', () => {
  const position = { epoch: 0, incarnation: 0, sequence: Number.MAX_SAFE_INTEGER }
  const lastBatch = { position, message: 'void', signature: '' }
  assert.is(
    codeOf(() => freshStartIn({ lastBatch })),
    'LOG_DAMAGED'
  )
})

test('a guard that is put away is found by no later start; the newest few are kept beside', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'sign-guard')
    const fault = { code: 'LOG_DAMAGED' } as LedgerError
    const keeper = createGuardKeeper(path, OWNER, await createGuard(path, OWNER), silentLogger)
    for (let i = 0; i < 6; i++) {
      await keeper.lose(fault)
      assert.not((await openGuard(path, OWNER)).whole)
      const guard = await keeper.guard(marksOfRejoin(SCOPE, i + 1, i, 0))
      assert.is(keeper.incarnation(), i + 1)
      assert.ok(guard.whole)
    }
    await keeper.close()
    const kept = readdirSync(directory).filter((name) => name.startsWith('sign-guard.lost-'))
    assert.is(kept.length, 4)
    assert.ok((await openGuard(path, OWNER)).whole)
  }))

test.run()
