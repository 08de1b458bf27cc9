import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { proposalText } from '../../../src/cli/ledger/proposal-text.js'
import type { ProposalView, ShownProposalState } from '../../../src/node/ledger-node.js'
import { type ApiFixture, withApi } from '../../support/api-fixture.js'
import { type CliResult, runProgram } from '../../support/cli-run.js'
import { suite } from '../../support/suite.js'

const test = suite('commands about proposals')

async function withLedger(work: (run: (line: string) => Promise<CliResult>, fixture: ApiFixture) => Promise<void>) {
  await withApi(async (fixture) => {
    await work((line) => runProgram(ledgerProgram, ['--home', fixture.home, ...line.split(' ')]), fixture)
  })
}

test('a proposal from its making to its withdrawal, for people and for programs', async () => {
  await withLedger(async (run) => {
    const proposed = await run('propose suspend p2 --reason odd')
    assert.is(proposed.code, 0, proposed.stderr)
    assert.match(proposed.stdout, /^suspend p2\n {2}proposal +p1\/0\/0\n/)
    const { stdout } = await run('propose role p2 auditor --json')
    const { id, change } = JSON.parse(stdout) as ProposalView
    assert.equal([id, change], ['p1/1/0', { kind: 'role', partner: 'p2', role: 'auditor' }])
    assert.match((await run(`vote ${id} no --reason because`)).stdout, /p2: no \(block 2\): because/)
    assert.match(
      (await run('proposals')).stdout,
      /PROPOSAL +STATE[\s\S]*p1\/0\/0 +open +suspend p2 +p1[\s\S]*p1\/1\/0 +open +role p2/
    )
    assert.match((await run(`withdraw ${id}`)).stdout, /withdrawn in block 3/)
    const open = (await run('proposals --state open --json')).stdout.trimEnd().split('\n')
    assert.equal(
      open.map((line) => (JSON.parse(line) as ProposalView).id),
      ['p1/0/0']
    )
    assert.is((await run('proposals --state stale')).stderr, 'there are no such proposals\n')
  })
})

test('mistakes and refusals have their exit codes', async () => {
  await withLedger(async (run, { node }) => {
    for (const line of [
      'propose',
      'propose burn p2',
      'propose key p2 K',
      'vote p1/0/0',
      'vote p1/0/0 x',
      'proposal p1'
    ]) {
      assert.is((await run(line)).code, 2, line)
    }
    assert.is((await run('proposal p1/9/0')).code, 7)
    for (const [code, exit] of [
      ['NOT_PERMITTED', 4],
      ['NO_QUORUM', 5],
      ['TOO_FEW_ALIVE', 1]
    ] as const) {
      node.fail(new LedgerError(code, 'no'))
      assert.is((await run('propose remove p2')).code, exit, code)
    }
  })
})

test('each state says what it means', () => {
  const base: ProposalView = {
    id: 'p1/0/0',
    kind: 'remove',
    state: 'open',
    by: 'p1',
    change: { kind: 'remove', partner: 'p\u001b2' },
    difference: [{ member: 'state', before: 'active', after: 'removed' }],
    differenceLeftOut: 0,
    votes: [],
    yes: 1,
    no: 0,
    needed: 3,
    waiting: ['p2'],
    effectiveHeight: null,
    opened: 4,
    closed: null,
    expires: '2026-01-01T00:00:00.000Z',
    reason: ''
  }
  const said = (state: ShownProposalState, more: Partial<ProposalView> = {}) =>
    proposalText({ ...base, state, ...more }, false)
  assert.match(said('open'), /open: 1 of 3 yes, 0 no; not yet: p2\n[\s\S]*vote with: ledger vote p1\/0\/0 yes\|no\n$/)
  assert.match(said('passed', { closed: 6, effectiveHeight: 8 }), /passed in block 6, in force from block 8 on/)
  assert.match(said('enacted', { closed: 6, effectiveHeight: 8 }), /enacted: in force from block 8 on/)
  assert.match(said('stale', { closed: 6 }), /propose it again/)
  assert.match(said('rejected', { closed: 6 }), /rejected in block 6/)
  assert.not.match(said('expired'), /vote with|in block null/)
  assert.match(said('open'), /p\\u001b2/, 'what others wrote moves no cursor')
})

test.run()
