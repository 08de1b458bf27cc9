import * as assert from 'uvu/assert'
import { createIntake, type Intake } from '../../../src/node/intake.js'
import type { AppendOutcome } from '../../../src/node/ledger-node.js'
import { systemTimers } from '../../../src/node/timers.js'
import { createLocalNetwork } from '../../support/local-network.js'
import { suite } from '../../support/suite.js'

const test = suite('what is refused at once while own records are undecided')

const NETWORK = `
format: 1
title: Parts
roles:
  inspector: { append: [part, bill, trip], govern: true }
objects:
  part:
    key: [id]
    fields:
      type: object
      additionalProperties: false
      required: [id]
      properties:
        id: { type: string, maxLength: 9 }
        serial: { type: string, maxLength: 9 }
    unique: [[serial]]
  bill:
    key: []
    fields:
      type: object
      additionalProperties: false
      required: [number]
      properties:
        number: { type: integer }
    unique: [[number]]
  trip:
    key: []
    fields:
      type: object
      additionalProperties: false
      required: [day]
      properties:
        day: { type: string, format: date }
        km: { type: integer }
    rules:
      - { id: far, expr: '!has(record.km) || record.km < 9', message: no }
    limits:
      - { id: two-a-day, at: day, period: day, count: 2 }
`

async function withIntake(work: (append: (object: string, lines: object[]) => Promise<string[]>) => Promise<void>) {
  const network = await createLocalNetwork(['p1'], { network: NETWORK })
  try {
    const { chain, own, pending } = (await network.open('p1')).replica
    const intake = createIntake({
      chain,
      own,
      pending,
      partner: 'p1',
      blocked: () => null,
      inStep: () => true,
      now: Date.now,
      timers: systemTimers,
      show: () => null,
      logRefusal: () => {}
    })
    await work((object, lines) => outcomesOf(intake, object, lines))
  } finally {
    await network.remove()
  }
}

/** Of each line its code, and who said so: `block` or `at once`. */
async function outcomesOf(intake: Intake, object: string, lines: readonly object[]): Promise<string[]> {
  async function* chunks() {
    yield Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  }
  const told = (outcome: AppendOutcome): string => {
    const by = 'height' in outcome ? 'block' : 'at once'
    return `${outcome.status === 'accepted' ? 'accepted' : outcome.code} ${by}`
  }
  const outcomes: string[] = []
  for await (const outcome of intake.append(object, chunks(), {})) outcomes.push(told(outcome))
  return outcomes
}

test('a value that another thing has is refused at once, unless an undecided record may let go of it', () =>
  withIntake(async (append) => {
    assert.equal(await append('part', [{ id: 'a', serial: 's1' }]), ['accepted block'])
    assert.equal(await append('part', [{ id: 'b', serial: 's1' }]), ['DUPLICATE at once'])
    const lines = [
      { id: 'a', serial: 's2' },
      { id: 'b', serial: 's1' },
      { id: 'c', serial: 's2' }
    ]
    assert.equal(await append('part', lines), ['accepted block', 'accepted block', 'DUPLICATE block'])
  }))

test('without a key a value is never let go of, so the refusal is final whatever is undecided', () =>
  withIntake(async (append) => {
    assert.equal(await append('bill', [{ number: 1 }]), ['accepted block'])
    assert.equal(await append('bill', [{ number: 2 }, { number: 1 }]), ['accepted block', 'DUPLICATE at once'])
    assert.equal(await append('bill', [{ number: 3 }, { number: 3 }]), ['accepted block', 'DUPLICATE block'])
  }))

test('a limit that is reached refuses at once; while own records may still count, a block decides', () =>
  withIntake(async (append) => {
    const [day, other] = ['2025-03-01', '2025-03-02']
    assert.equal(await append('trip', [{ day }, { day }, { day }]), [
      'accepted block',
      'accepted block',
      'RULE_BROKEN block'
    ])
    const lines = [{ day: other }, { day }, { day: other, km: 9 }]
    assert.equal(await append('trip', lines), ['accepted block', 'RULE_BROKEN at once', 'RULE_BROKEN at once'])
    assert.equal(await append('trip', [{ day: other }, { day }]), ['accepted block', 'RULE_BROKEN at once'])
  }))

test.run()
