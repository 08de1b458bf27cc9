import * as assert from 'uvu/assert'
import { suite } from '../support/suite.js'
import { commitHash, firstSeedOf } from './commit-seeds.js'
import type { PlannedFile } from './file-plan.js'
import type { PlannedChange } from './governance-plan.js'
import { assertHeld, runSeeds } from './run-seeds.js'
import { useStandInSignatures } from './use-stand-in-signatures.js'

useStandInSignatures()
// What loads anything of src/ comes after it, or signatures are real ones, and a run takes several times as long.
const { simulate } = await import('./simulation.js')
const { RECOVERING } = await import('./scenario.js')
const { POLITICS } = await import('./lies-in-governance.js')

/**
 * The first seeds, always the same ones: `npm run simulate -- --seeds N --from M` goes on from there. Few, as the slow tests
 * run eight hundred: some seconds of processor time. The caps are for machines that are many times slower, on which less
 * than all is enough.
 */
const FIXED = { from: 1, count: 12, runsMin: 8, cpuMsMax: 30_000 }

/** Seeds of the commit that is checked out, so that every change is tried with others. */
const OF_COMMIT = { from: firstSeedOf(commitHash()), count: 6, runsMin: 3, cpuMsMax: 15_000 }

/** What does not come from the seed in the runs below. */
const CALM = { silent: 0, gone: 0, liars: 0, fragile: 0, joiners: 0, observers: 0 }

const test = suite('simulated networks', { timeoutMs: 180_000 })

test('whatever fails, copies agree, the rules hold, nothing is lost, and all goes on when the trouble is over', async () => {
  const sums = await runSeeds(simulate, FIXED)
  assert.ok(sums.runs >= FIXED.runsMin, `only ${sums.runs} runs`)
  assert.ok(sums.heights > 20 * sums.runs && sums.faults > 15 * sums.runs, 'runs are long and hostile')
  assert.ok(sums.crashes > sums.runs && sums.refused > sums.runs && sums.roundMax > 2)
  if (sums.runs < FIXED.count) return
  assert.ok(sums.lying > 0 && sums.evidence > 0 && sums.losses > 0 && sums.joined > 0)
  assert.ok(sums.raised > 0 && sums.behind > 0, 'the version is raised, also before all know it')
  assert.ok(sums.governed > 0 && sums.changes >= sums.governed, 'partners leave, pause, and have other keys')
})

test('the same holds for the seeds of this commit', async () => {
  const sums = await runSeeds(simulate, OF_COMMIT)
  assert.ok(sums.runs >= OF_COMMIT.runsMin, `only ${sums.runs} runs`)
})

test('the same seed gives the same trace', async () => {
  const ignore = (): void => {}
  for (const seed of [3, 11, 29]) {
    const set = { voters: 4, silent: 0 }
    const [first, second] = [await simulate(seed, set, ignore), await simulate(seed, set, ignore)]
    assert.is(first.traceHash, second.traceHash, `seed ${seed}`)
    assert.is(first.events, second.events)
    assert.ok(first.events > 1000)
    assert.not.ok(first.isReal, 'signatures are stand-ins')
  }
  assert.is.not((await simulate(3, {}, ignore)).traceHash, (await simulate(11, {}, ignore)).traceHash)
})

test('a quorum is lost for good: the survivors go on in a new epoch, and who comes back does no harm', async () => {
  for (const { voters, lost } of [
    { voters: 4, lost: [1, 3] },
    { voters: 7, lost: [0, 2, 5] }
  ]) {
    for (let seed = 1; seed <= 8; seed++) {
      const recovery = { lost, lostMs: 4_000, operatorsMs: 6_000, returnMs: 9_000 }
      assertHeld(await simulate(seed, { ...RECOVERING, voters, recovery }))
    }
  }
})

test('with more than f silent nothing is committed; with them back everything is', async () => {
  for (const [voters, silent] of [
    [2, 1],
    [4, 2],
    [7, 3]
  ] as const) {
    for (const silentFromMs of [0, 8_000]) {
      const result = await simulate(1000 + voters, { ...CALM, voters, silent, silentFromMs, faults: [], records: 60 })
      assertHeld(result)
      assert.ok(result.height > 0)
    }
  }
})

test('a liar that accuses others is not believed, and one that signs two batches is accused', async () => {
  for (const [ways, seeds] of [
    [['false evidence'], [1, 2, 3]],
    [['two batches'], [4, 5, 6]]
  ] as const) {
    let [evidence, lies] = [0, 0]
    for (const seed of seeds) {
      const result = await simulate(seed, {
        ...CALM,
        voters: 4,
        liars: 1,
        ways,
        faults: [],
        records: 30,
        healMs: 12_000
      })
      assertHeld(result)
      evidence += result.evidence
      lies += result.lies
    }
    if (ways[0] === 'false evidence') assert.is(evidence, 0)
    else assert.ok(lies > 0 && evidence >= lies, `${lies} lies, ${evidence} pieces of evidence`)
  }
})

test('thirteen voters, four of them lying', async () => {
  const result = await simulate(5, { ...CALM, voters: 13, liars: 4, records: 12, faults: [] })
  assertHeld(result)
  assert.ok(result.height > 0)
})

test('records that wait when a key is replaced, and copies that are behind a change', async () => {
  for (const seed of [692, 761, 1351, 3273, 10_877, 21_668, 1_000_003]) assertHeld(await simulate(seed))
})

test('one leaves, one pauses, one is an observer for a while, two have other keys, and a liar meddles', async () => {
  const plan = { isOwn: false, backAfterMs: 2_000, wipes: true, doubt: 'none' } as const
  const changes: readonly PlannedChange[] = [
    { ...plan, kind: 'rotate', partner: 1, atMs: 1_000, isOwn: true },
    { ...plan, kind: 'role', partner: 2, atMs: 2_000, doubt: 'no' },
    { ...plan, kind: 'pause', partner: 3, atMs: 4_000, doubt: 'withdrawn' },
    { ...plan, kind: 'leave', partner: 4, atMs: 6_000, doubt: 'expires' },
    { ...plan, kind: 'replace', partner: 5, atMs: 9_000 },
    { ...plan, kind: 'leave', partner: 0, atMs: 11_000 }
  ]
  const set = { ...CALM, voters: 10, liars: 1, ways: [], politics: POLITICS, faults: [], healMs: 15_000, changes }
  const result = await simulate(91, { ...set, records: 30 })
  assertHeld(result)
  assert.is(result.changes, 8, 'each of them, and what was undone')
})

test('one network file follows the other: rules, thresholds and quorum', async () => {
  const file = (atMs: number, remainder: number | null, more: Partial<PlannedFile['settings']> = {}): PlannedFile => {
    return { atMs, settings: { remainder, quorum: 'two-thirds', thresholds: {}, ...more }, hasRival: remainder === 2 }
  }
  const files = [
    file(500, 1),
    file(2_000, 2, { thresholds: { model: 'majority', suspend: 'one' } }),
    file(5_000, 3, { quorum: 'majority' }),
    file(8_000, null)
  ]
  const result = await simulate(93, { ...CALM, voters: 4, joiners: 1, faults: [], changes: [], healMs: 12_000, files })
  assertHeld(result)
  assert.is(result.changes, 5, 'each of them, no rival, and the admission of the joiner')
})

test('invalid blocks of every kind are not taken', async () => {
  const lying = {
    ...CALM,
    voters: 4,
    liars: 1,
    ways: ['invalid blocks'],
    faults: [],
    records: 40,
    healMs: 12_000
  } as const
  for (let seed = 1; seed <= 24; seed++) assertHeld(await simulate(seed, { ...lying, quorum: 'two-thirds' }))
})

test('one of four down for good: the others go on', async () => {
  const result = await simulate(77, { ...CALM, voters: 4, silent: 1, faults: [] })
  assertHeld(result)
  assert.ok(result.height > 10)
})

test('two of four never reach each other: the others pass on what they say', async () => {
  const result = await simulate(78, { ...CALM, voters: 4, strangers: [0, 1], faults: [] })
  assertHeld(result)
  assert.ok(result.height > 10)
})

test('two never reach each other, one is gone for good, and one or all start again: they are vouched for, and go on', async () => {
  const atMs = 14_950
  const restarts = [
    { kind: 'all-crash', atMs, forMs: 60_000 },
    ...[0, 1, 2].map((partner) => ({ kind: 'crash', partner, moment: 'now', atMs, forMs: 60_000 }) as const)
  ] as const
  for (const [index, restart] of restarts.entries()) {
    const faults = [restart]
    const result = await simulate(92 + index, {
      ...CALM,
      voters: 4,
      gone: 1,
      strangers: [1, 2],
      healMs: 15_000,
      faults
    })
    assertHeld(result)
    assert.ok(result.crashes > 0)
  }
})

for (const paths of ['no-pulls', 'no-sends'] as const) {
  test(`signed messages come by one way alone: ${paths}`, async () => {
    for (const seed of [81, 82, 83]) assertHeld(await simulate(seed, { ...CALM, voters: 4, paths }))
  })
}

test('many rounds behind, with one gone for good, nobody goes through them one by one', async () => {
  const isolation = { kind: 'no-proposals', atMs: 3_000, forMs: 87_000, isolated: 0 } as const
  const result = await simulate(90, {
    ...CALM,
    voters: 4,
    gone: 1,
    healMs: 90_000,
    budgetMs: 35_000,
    faults: [isolation],
    timeouts: {
      propose: { firstMs: 300, growthMs: 100, capMs: 3_000 },
      prevote: { firstMs: 100, growthMs: 100, capMs: 2_000 },
      precommit: { firstMs: 100, growthMs: 100, capMs: 2_000 }
    }
  })
  assertHeld(result)
  assert.ok(result.roundMax > 15, `round ${result.roundMax}`)
})

test('two and three who need each other: one that loses its guard or its disk comes back', async () => {
  let losses = 0
  for (const voters of [2, 3]) {
    for (const seed of [380, 296, 21]) {
      const result = await simulate(seed, { ...CALM, voters, quorum: 'two-thirds', fragile: 1 })
      assertHeld(result)
      losses += result.losses
    }
  }
  assert.ok(losses > 3, `${losses} losses`)
})

test.run()
