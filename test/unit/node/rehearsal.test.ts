import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { LedgerError } from '../../../src/base/errors.js'
import type { AppendOutcome } from '../../../src/node/ledger-node.js'
import type { RunningNode } from '../../../src/node/node.js'
import type { RehearsalDifference } from '../../../src/node/rehearsal-types.js'
import { ASKED_MAX } from '../../../src/node/rehearsals.js'
import { VERIFICATIONS_MAX } from '../../../src/node/verify-copy.js'
import { NETWORK } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'
import { appendLines, createTestHome } from '../../support/test-home.js'

const test = suite('rehearsal on a copy')

/** Odometers may fall, but are below 50. */
const OTHER = NETWORK.replace('previous == null || record.odometer >= previous.odometer', 'record.odometer < 50')

const LINES = [
  { vehicle: 'a', odometer: 10 },
  { vehicle: 'a', odometer: 60 },
  { vehicle: 'b', odometer: 30 },
  { vehicle: 'b', odometer: 20 }
].map((data) => JSON.stringify(data))

/** Each in a block of its own; the last is refused at once, so no block has it. */
async function fill(node: RunningNode): Promise<AppendOutcome[]> {
  const outcomes: AppendOutcome[] = []
  for (const line of LINES) outcomes.push(...(await appendLines(node, 'inspection', [line])))
  return outcomes
}

async function onHome(file: string, work: (node: RunningNode) => Promise<void>): Promise<void> {
  const home = await createTestHome(file)
  try {
    await work(await home.open())
  } finally {
    await home.remove()
  }
}

test('tells each record that would be judged otherwise, and counts them', () =>
  onHome(NETWORK, async (node) => {
    await fill(node)
    const found: RehearsalDifference[] = []
    const steps: [number, number][] = []
    const report = await node.rehearse(
      { network: parse(OTHER) },
      { onDifference: (one) => void found.push(one), onProgress: (done, total) => steps.push([done, total]) }
    )
    const { height } = node.status()
    assert.equal(report, {
      height,
      records: 3,
      refused: 1,
      accepted: 0,
      groups: [
        {
          verdict: 'refused',
          partner: 'p1',
          object: 'inspection',
          code: 'RULE_BROKEN',
          rule: 'odometer-never-decreases',
          count: 1
        }
      ]
    })
    assert.equal(steps.at(-1), [height, height])
    const [one] = found
    assert.equal([found.length, one?.data, one?.verdict], [1, { vehicle: 'a', odometer: 60 }, 'refused'])
    assert.equal([one?.refusal.code, one?.id], ['RULE_BROKEN', node.get('inspection', ['a'])?.id])
  }))

test('a file with mistakes is refused with all of them, and an unknown proposal too', () =>
  onHome(NETWORK, async (node) => {
    const broken = parse(OTHER.replace('record.odometer < 50', 'record.mileage < 50'))
    for (const [request, code] of [
      [{ network: broken }, 'NETWORK_FILE'],
      [{ proposal: 'p1/9/0' }, 'NOT_FOUND']
    ] as const) {
      const error = await node.rehearse(request, {}).catch((thrown: unknown) => thrown)
      assert.is((error as { code?: string }).code, code)
    }
  }))

test('a file that could not be proposed is rehearsed all the same, and told what proposing it would be told', () =>
  onHome(NETWORK, async (node) => {
    await fill(node)
    const { note: _, ...objects } = parse(NETWORK).objects
    const long = '一'.repeat(490)
    const rules = Array.from({ length: 50 }, (_, at) => ({
      id: `rule-${at}`,
      expr: 'true',
      message: { en: long, fi: long }
    }))
    for (const [network, code, why] of [
      [{ ...parse(OTHER.replace('inspection, note', 'inspection')), objects }, 'NOT_PERMITTED', /note/],
      [parse(NETWORK.replaceAll('odometer', 'kilometres')), 'NOT_PERMITTED', /odometer/],
      [
        { ...parse(NETWORK), objects: { ...objects, note: { ...parse(NETWORK).objects.note, rules } } },
        'TOO_LARGE',
        /bytes/
      ]
    ] as const) {
      const { problem, records } = await node.rehearse({ network }, {})
      assert.equal([problem?.code, records], [code, 3])
      assert.match(problem?.message ?? '', why)
      const proposed = await node
        .propose({ change: { kind: 'model', network }, expiresMs: 60_000 })
        .catch((thrown: unknown) => thrown as LedgerError)
      assert.ok(proposed instanceof LedgerError)
      const sizes = /[0-9]+/g
      assert.equal([proposed.code, proposed.message.replace(sizes, '')], [code, problem?.message.replace(sizes, '')])
    }
  }))

test('ends when it is told to', () =>
  onHome(NETWORK, async (node) => {
    await fill(node)
    const stop = new AbortController()
    const error = await node
      .rehearse({ network: parse(OTHER) }, { signal: stop.signal, onProgress: () => stop.abort() })
      .catch((thrown: unknown) => thrown)
    assert.is((error as Error).name, 'AbortError')
  }))

test('of the file in force nothing would be refused, and that it is in force is no problem of it', () =>
  onHome(NETWORK, async (node) => {
    await fill(node)
    const { problem, refused } = await node.rehearse({ network: parse(NETWORK) }, {})
    assert.equal([problem, refused], [undefined, 0])
  }))

test('so many at a time, and no more', () =>
  onHome(NETWORK, async (node) => {
    await fill(node)
    const all = Array.from({ length: ASKED_MAX + 1 }, () => {
      return node.rehearse({ network: parse(OTHER) }, {}).then(
        ({ refused }) => String(refused),
        (error: { code?: string }) => error.code
      )
    })
    assert.equal((await Promise.all(all)).sort(), [...Array.from({ length: ASKED_MAX }, () => '1'), 'BUSY'])
    assert.is((await node.rehearse({ network: parse(OTHER) }, {})).refused, 1)
    // Checks of the copy build up the state as well.
    const checks = Array.from({ length: VERIFICATIONS_MAX + 1 }, () =>
      node.verify({}).then(
        ({ ok }) => String(ok),
        (error: { code?: string }) => error.code
      )
    )
    assert.equal((await Promise.all(checks)).sort(), [
      'BUSY',
      ...Array.from({ length: VERIFICATIONS_MAX }, () => 'true')
    ])
    assert.ok((await node.verify({})).ok)
  }))

test.run()
