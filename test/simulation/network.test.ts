import * as assert from 'uvu/assert'
import { suite } from '../support/suite.js'
import { useStandInSignatures } from './use-stand-in-signatures.js'

useStandInSignatures()
const { simulate } = await import('./simulation.js')

/** The first seeds, always the same ones: `npm run simulate -- --seeds N --from M` goes on from there. */
const SEEDS = 500

/** Processor time: where machines are slow, fewer runs are better than a failure for lack of time. */
const CPU_MS_MAX = 40_000

const ALL_UP = { voters: 4, silent: 0 }

const test = suite('simulated networks', { timeoutMs: 4 * CPU_MS_MAX })

function assertHeld(result: Awaited<ReturnType<typeof simulate>>): void {
  const { broken, scenario, tail } = result
  if (broken === null) return
  const command = `npm run simulate -- --seed ${scenario.seed}`
  assert.unreachable([...tail.slice(-60), `seed ${scenario.seed} (${command}): ${broken.message}`].join('\n'))
}

test('whatever fails, copies agree, the rules hold, nothing is lost, and all goes on when the trouble is over', async () => {
  const started = process.cpuUsage()
  const spentMs = (): number => {
    const { user, system } = process.cpuUsage(started)
    return (user + system) / 1000
  }
  const sums = { heights: 0, faults: 0, crashes: 0, acknowledged: 0, refused: 0, roundMax: 0, silent: 0, lying: 0 }
  let runs = 0
  for (; runs < SEEDS && spentMs() < CPU_MS_MAX; runs++) {
    const result = await simulate(runs + 1)
    assertHeld(result)
    sums.heights += result.height
    sums.faults += result.scenario.faults.length
    sums.crashes += result.crashes
    sums.acknowledged += result.acknowledged
    sums.refused += result.refused
    sums.roundMax = Math.max(sums.roundMax, result.roundMax)
    sums.silent += result.scenario.silent > 0 ? 1 : 0
    sums.lying += result.scenario.liars > 0 ? 1 : 0
  }
  process.stdout.write(`\n${runs} networks in ${(spentMs() / 1000).toFixed(1)} s: ${JSON.stringify(sums)}\n`)
  assert.ok(
    sums.crashes > runs && sums.refused > runs && sums.roundMax > 2 && sums.silent > 0 && sums.lying > 0,
    'runs are hostile'
  )
})

test('the same seed gives the same trace', async () => {
  for (const seed of [3, 11, 29]) {
    const [first, second] = [await simulate(seed, ALL_UP), await simulate(seed, ALL_UP)]
    assert.is(first.traceHash, second.traceHash, `seed ${seed}`)
    assert.is(first.events, second.events)
    assert.ok(first.events > 1000)
  }
  assert.is.not((await simulate(3, ALL_UP)).traceHash, (await simulate(11, ALL_UP)).traceHash)
})

test('with more than f silent nothing is committed; with them back everything is', async () => {
  for (const [voters, silent] of [
    [2, 1],
    [4, 2],
    [7, 3]
  ] as const) {
    const result = await simulate(1000 + voters, { voters, silent })
    assertHeld(result)
    assert.ok(result.height > 0)
  }
})

test('thirteen voters, four of them lying', async () => {
  const result = await simulate(5, { voters: 13, observers: 0, liars: 4, silent: 0, records: 12, faults: [] })
  assertHeld(result)
  assert.ok(result.height > 0)
})

test('one of four down all the time: the others go on', async () => {
  const result = await simulate(77, { voters: 4, observers: 0, silent: 1, faults: [] })
  assertHeld(result)
  assert.ok(result.height > 10)
})

test.run()
