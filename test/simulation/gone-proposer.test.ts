import * as assert from 'uvu/assert'
import { suite } from '../support/suite.js'
import { useStandInSignatures } from './use-stand-in-signatures.js'

useStandInSignatures()
const { TIMEOUTS_DEFAULT } = await import('../../src/consensus/timeouts.js')
const { simulatedGenesis } = await import('./simulated-genesis.js')
const { NO_TRACE } = await import('./trace.js')
const { turnByTurn } = await import('./turn-by-turn.js')
const { seededRandom, virtualClock } = await import('./virtual-clock.js')
const { virtualNetwork } = await import('./virtual-network.js')
const { virtualPartner } = await import('./virtual-partner.js')
const { createWorkload } = await import('./workload.js')

const test = suite('a proposer who is gone')

/**
 * Virtual milliseconds from each record to its block, of four partners.
 * @param started how many of them ever start
 * @param delayMs of each message
 */
async function waitsOf(started: number, records: number, delayMs: number): Promise<number[]> {
  const clock = virtualClock()
  const founded = simulatedGenesis(4, 0, 'two-thirds')
  const stop = (why: string): never => {
    throw new Error(why)
  }
  const network = virtualNetwork({
    random: () => 0.5,
    trace: NO_TRACE,
    ids: founded.voters,
    delayMs: { min: delayMs, spread: 0 },
    paths: 'all',
    strangers: null,
    lets: null,
    wire: false,
    liars: new Map(),
    onSend() {},
    onArrive() {},
    onBody() {},
    onBlame: (by, partner, why) => stop(`${by} blames ${partner}: ${why}`)
  })
  const partners = founded.voters.map((id) =>
    virtualPartner({
      id,
      founded,
      clock,
      random: () => 0.5,
      network,
      trace: NO_TRACE,
      timeouts: TIMEOUTS_DEFAULT,
      sliceMs: 1,
      skewMs: 0,
      versionMax: null,
      hasPeers: true,
      onCommitted() {},
      onRunning() {},
      onSign() {},
      onFail: (partner, error) => stop(`${partner.id} stops: ${error}`)
    })
  )
  const workload = createWorkload({ clock, random: seededRandom(1), trace: NO_TRACE, founded, seed: 1 })
  const running = partners.slice(0, started)
  const runUntil = async (isOver: () => boolean, ms: number): Promise<number> => {
    const from = clock.now()
    clock.plan(ms, () => {})
    await turnByTurn(() => !isOver() && clock.now() < from + ms && clock.next())
    return clock.now() - from
  }
  for (const partner of running) partner.start()
  await runUntil(() => false, 10_000)
  const waits: number[] = []
  for (let n = 0; n < records; n++) {
    const submission = workload.submit(running[n % started]!) ?? stop('a record was not taken')
    waits.push(await runUntil(() => submission.decided !== null, 20_000))
    assert.is.not(submission.decided, null, 'it gets a block')
    await runUntil(() => false, 1_000)
  }
  for (const partner of running) partner.crash()
  return waits
}

test('nobody waits to the end for a proposal of one who reaches nobody', async () => {
  const { propose, precommit } = TIMEOUTS_DEFAULT
  const waits = await waitsOf(3, 16, 5)
  const longest = Math.max(...waits)
  assert.ok(longest > precommit.firstMs, 'it was the turn of the one who is gone')
  assert.ok(longest < propose.firstMs, `one record waited ${longest} ms`)
})

test('a proposal that takes long of one who is there is waited for', async () => {
  const delayMs = 700
  const waits = await waitsOf(4, 8, delayMs)
  assert.ok(Math.max(...waits) < 5 * delayMs, waits.join())
})

test.run()
