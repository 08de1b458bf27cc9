import * as assert from 'uvu/assert'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { joiningText } from '../../../src/cli/ledger/status.js'
import type { InvitationView, NodeStatus } from '../../../src/node/ledger-node.js'
import { withApi } from '../../support/api-fixture.js'
import { type CliResult, runProgram } from '../../support/cli-run.js'
import { suite } from '../../support/suite.js'

const test = suite('commands about invitations')

async function withLedger(work: (run: (line: string) => Promise<CliResult>) => Promise<void>): Promise<void> {
  await withApi((fixture) => work((line) => runProgram(ledgerProgram, ['--home', fixture.home, ...line.split(' ')])))
}

test('the invitations of a node, for people and for programs', async () => {
  await withLedger(async (run) => {
    assert.is((await run('invitations')).stderr, 'there are no such invitations\n')
    for (const id of ['p7', 'p8']) assert.is((await run(`invite ${id} --role garage`)).code, 0)
    const { stdout } = await run('invitations')
    assert.match(
      stdout,
      /^FOR +ROLE +STATE +EXPIRES +WHAT +INVITATION\np7 +garage +open .* ledger revoke INVITATION +key/
    )
    const lines = (await run('invitations --json --state open')).stdout.trimEnd().split('\n')
    assert.equal(
      lines.map((line) => (JSON.parse(line) as InvitationView).partner),
      ['p7', 'p8']
    )
    assert.is((await run('invitations --state used --json')).stdout, '')
    const wrong = await run('invitations --state lost')
    assert.is(wrong.code, 2)
    assert.match(wrong.stderr, /'lost' is no state of an invitation/)
  })
})

test('who waits for a ballot is told how it stands, and not that it is stalled', () => {
  const why = 'admission is proposal p1/4/0: 1 of 3 yes; not yet: p2, p3'
  const status = {
    network: 'N',
    genesis: 'ab'.repeat(32),
    partner: { id: 'p5', state: 'joining', role: 'garage' },
    stalled: { since: '2025-03-01T12:00:00Z', why, causes: [{ code: 'ballot', why, todo: 'ask them' }] }
  } as unknown as NodeStatus
  const text = joiningText(status, false)
  assert.match(text, /waiting +admission is proposal p1\/4\/0: 1 of 3 yes; not yet: p2, p3; ask them/)
  assert.not.match(text, /STALLED/)
})

test.run()
