import * as assert from 'uvu/assert'
import type { ChainPartnerState } from '../../../src/ledger/partner-set.js'
import { createIntake, type Intake } from '../../../src/node/intake.js'
import type { AppendOutcome } from '../../../src/node/ledger-node.js'
import { systemTimers } from '../../../src/node/timers.js'
import { createLocalNetwork } from '../../support/local-network.js'
import { suite } from '../../support/suite.js'

const test = suite('the way of own records in, while the copy is behind')

const ABOUT_NOTHING = '{"text":"t","vehicle":"nobody wrote this"}'

/** The intake of a partner alone, that is in step or not as it is told. */
async function withIntake(
  work: (intake: Intake, step: { in: boolean; state: ChainPartnerState | null }) => Promise<void>
): Promise<void> {
  const network = await createLocalNetwork(['p1'])
  try {
    const { chain, own, pending } = (await network.open('p1')).replica
    const step: { in: boolean; state: ChainPartnerState | null } = { in: true, state: null }
    const intake = createIntake({
      chain,
      own,
      pending,
      partner: 'p1',
      blocked: () => null,
      inStep: () => step.in,
      toldState: () => step.state,
      now: Date.now,
      timers: systemTimers,
      show: () => null,
      logRefusal: () => {}
    })
    await work(intake, step)
  } finally {
    await network.remove()
  }
}

/** Appends these lines as notes; the outcomes fill the array as they come. */
function appendNotes(intake: Intake, lines: readonly string[], timeoutMs = 20_000) {
  const outcomes: AppendOutcome[] = []
  async function* chunks() {
    yield Buffer.from(lines.map((line) => `${line}\n`).join(''))
  }
  const run = async (): Promise<void> => {
    for await (const outcome of intake.append('note', chunks(), { timeoutMs })) outcomes.push(outcome)
  }
  return { outcomes, ended: run() }
}

const short = (outcome: AppendOutcome) => ({
  status: outcome.status,
  code: outcome.status === 'accepted' ? null : outcome.code,
  byBlock: 'height' in outcome
})

test('in step, what the state refuses is refused at once; behind, a block decides', async () => {
  await withIntake(async (intake, step) => {
    const early = appendNotes(intake, [ABOUT_NOTHING])
    await early.ended
    assert.equal(early.outcomes.map(short), [{ status: 'refused', code: 'REFERENCE_MISSING', byBlock: false }])

    step.in = false
    const behind = appendNotes(intake, [ABOUT_NOTHING, '{"text":"about nothing"}'])
    await behind.ended
    assert.equal(behind.outcomes.map(short), [
      { status: 'refused', code: 'REFERENCE_MISSING', byBlock: true },
      { status: 'accepted', code: null, byBlock: true }
    ])
  })
})

test('who is suspended or removed is told so at once, also where its copy is behind', async () => {
  await withIntake(async (intake, step) => {
    for (const state of ['suspended', 'removed'] as const) {
      Object.assign(step, { in: false, state })
      const { outcomes, ended } = appendNotes(intake, ['{"text":"in vain"}'])
      await ended
      assert.equal(outcomes.map(short), [{ status: 'refused', code: 'NOT_PERMITTED', byBlock: false }])
    }
  })
})

test('behind, what the model refuses waits until the copy is in step; what no model takes is refused at once', async () => {
  await withIntake(async (intake, step) => {
    step.in = false
    const { outcomes, ended } = appendNotes(intake, ['{', '{"text":7}', '{"text":"good"}'])
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(outcomes.map(short), [{ status: 'refused', code: 'MALFORMED', byBlock: false }])
    step.in = true
    await ended
    assert.equal(outcomes.slice(1).map(short), [
      { status: 'refused', code: 'SCHEMA', byBlock: false },
      { status: 'accepted', code: null, byBlock: true }
    ])
  })
})

test('behind for longer than the time, a pipe ends: what could not be judged was not taken', async () => {
  await withIntake(async (intake, step) => {
    step.in = false
    const { outcomes, ended } = appendNotes(intake, ['{"text":7}', '{"text":8}', '{"text":"good"}'], 200)
    const started = performance.now()
    await ended
    assert.ok(performance.now() - started < 5_000, 'it waits once, not for each line')
    assert.equal(
      outcomes.map(short),
      Array.from({ length: 3 }, () => ({ status: 'refused', code: 'NO_QUORUM', byBlock: false }))
    )
  })
})

test.run()
