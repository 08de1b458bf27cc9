import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { proposalText } from '../../../src/cli/ledger/proposal-text.js'
import type { RehearsalView } from '../../../src/node/rehearsal-types.js'
import { type ApiFixture, withApi } from '../../support/api-fixture.js'
import { type CliResult, runProgram } from '../../support/cli-run.js'
import { fakeProposal } from '../../support/fake-governance.js'
import { NETWORK } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('ledger rehearse')

async function withLedger(
  work: (run: (...line: string[]) => Promise<CliResult>, fixture: ApiFixture, file: string) => Promise<void>
): Promise<void> {
  await withApi(async (fixture) => {
    const file = join(fixture.home, 'network.yaml')
    await writeFile(file, NETWORK)
    await work((...line) => runProgram(ledgerProgram, ['--home', fixture.home, 'rehearse', ...line]), fixture, file)
  })
}

test('lists the records that would be judged otherwise, and counts them by partner and rule', async () => {
  await withLedger(async (run, { node }, file) => {
    const none = await run(file)
    assert.equal([none.code, none.stdout], [0, 'none of 0 records up to block 0 would have been refused\n'])
    node.seed([10, 20, 30].map((odometer) => ({ vehicle: 'a', odometer })))
    const { code, stdout, stderr } = await run(file, '--limit', '2')
    assert.equal([code, stderr], [3, ''])
    const lines = stdout.trimEnd().split('\n')
    assert.match(lines[0] ?? '', /^refused {3}\S+ {2}block 1 {2}never: not this$/)
    assert.equal(lines.slice(2), [
      'and 1 record more; --limit shows more, --json all',
      '3 of 3 records up to block 3 would have been refused',
      'RECORDS  WOULD BE  PARTNER  OBJECT      BY',
      '3        refused   p1       inspection  never'
    ])
  })
})

test('a file that could not be proposed is told so, and why', async () => {
  await withLedger(async (run, { node }, file) => {
    const { rehearse } = node
    const problem = { code: 'NOT_PERMITTED', message: 'there is no object note any more' } as const
    Object.assign(node, {
      rehearse: async (...asked: Parameters<typeof rehearse>) => ({ ...(await rehearse(...asked)), problem })
    })
    const { code, stdout } = await run(file)
    assert.is(code, 3)
    assert.match(
      stdout,
      /would have been refused\nit could not be proposed: NOT_PERMITTED there is no object note any more\n$/
    )
    assert.equal(JSON.parse((await run(file, '--json')).stdout).report.problem, problem)
  })
})

test('for programs one line each, and the report last', async () => {
  await withLedger(async (run, { node }) => {
    node.seed([{ vehicle: 'a', odometer: 10 }])
    const { code, stdout } = await run('--proposal', 'p1/3/0', '--json')
    const [difference, report, ...more] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.equal([code, more.length], [3, 0])
    assert.equal([difference.difference.refusal.rule, report.report.refused], ['never', 1])
  })
})

test('mistakes are told', async () => {
  await withLedger(async (run, { home }, file) => {
    const broken = join(home, 'broken.yaml')
    await writeFile(broken, NETWORK.replace('record.odometer >=', 'record.mileage >='))
    for (const [line, why] of [
      [[], /takes a network file, or a proposal/],
      [[file, '--proposal', 'p1/3/0'], /takes a network file, or a proposal/],
      [[file, '--limit', 'many'], /'many' is no number of records/],
      [['nowhere.yaml'], /cannot read nowhere.yaml/],
      [[broken], /NETWORK_FILE: .*broken.yaml:\d+:\d+: .*mileage/]
    ] as const) {
      const { code, stdout, stderr } = await run(...line)
      assert.equal([code, stdout], [2, ''])
      assert.match(stderr, why)
    }
  })
})

for (const [view, expected] of [
  [{ state: 'waiting' }, /chain\n {4}not begun yet\n/],
  [{ state: 'running', done: 7, total: 90 }, /chain\n {4}under way: block 7 of 90\n/],
  [{ state: 'failed', why: 'the disk is full' }, /failed: the disk is full; .*rehearse --proposal p1\/3\/0\n/],
  [
    { state: 'done', height: 9, records: 12, refused: 0, accepted: 0, groups: [] },
    /chain\n {4}none of 12 records .*\n {2}votes/
  ],
  [
    {
      state: 'done',
      height: 9,
      records: 12,
      refused: 1,
      accepted: 2,
      groups: [
        { verdict: 'accepted', partner: 'p1', object: 'note', code: 'SCHEMA', rule: null, count: 2 },
        { verdict: 'refused', partner: 'p2', object: 'note', code: 'RULE_BROKEN', rule: 'short', count: 1 }
      ]
    },
    /1 of 12 records up to block 9 .*, and 2 that were refused would have been accepted\n {6}2 records of p1 \(note\) would be accepted: SCHEMA\n {6}1 record of p2 \(note\) would be refused: short\n {4}all of them/
  ]
] satisfies [RehearsalView, RegExp][]) {
  test(`a proposal shows a rehearsal that is ${view.state}`, () => {
    const proposal = fakeProposal('p1/3/0', { kind: 'model', model: 'ab'.repeat(32) }, '', '2025-03-01T12:00:00Z')
    assert.match(proposalText({ ...proposal, rehearsal: view }, false), expected)
  })
}

test.run()
