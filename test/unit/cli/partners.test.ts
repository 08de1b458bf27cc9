import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { reachOf, reachWarning } from '../../../src/cli/ledger/address-reach.js'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { promiseOf } from '../../../src/cli/ledger/promise.js'
import { quorumLack } from '../../../src/cli/ledger/status.js'
import type { NodeStatus, PartnerView } from '../../../src/node/ledger-node.js'
import { type ApiFixture, withApi } from '../../support/api-fixture.js'
import { type CliResult, runProgram } from '../../support/cli-run.js'
import { suite } from '../../support/suite.js'

const test = suite('commands about partners')

const KEY = '12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq'

function partner(id: string, more: Partial<PartnerView> = {}): PartnerView {
  const base = { name: id, role: 'inspector', key: KEY, state: 'active' as const, voter: true, connected: true }
  const seen = { evidence: 0, misconduct: { seen: 0, hungUp: 0, last: null } }
  return { id, ...base, height: 7, addresses: [`/ip4/203.0.113.5/tcp/400${id.at(-1)}`], ...seen, ...more }
}

async function withLedger(work: (run: (line: string) => Promise<CliResult>, fixture: ApiFixture) => Promise<void>) {
  await withApi(async (fixture) => {
    await work((line) => runProgram(ledgerProgram, ['--home', fixture.home, ...line.split(' ')]), fixture)
  })
}

test('invite prints the token alone', async () => {
  await withLedger(async (run) => {
    const { code, stdout, stderr } = await run('invite south --role inspector --name South --expires 24h')
    assert.is(code, 0, stderr)
    assert.is(stdout, 'token-of-south-inspector\n')
    assert.is(stderr, '')
    assert.is((await run('invite south --role inspector --json')).stdout, 'token-of-south-inspector\n')
  })
})

test('invite warns when nobody elsewhere can use the token', async () => {
  await withLedger(async (run, { node }) => {
    node.addresses(['/ip4/127.0.0.1/tcp/1', '/ip4/192.168.1.7/tcp/1'])
    const { code, stdout, stderr } = await run('invite south --role inspector')
    assert.is(code, 0)
    assert.is(stdout, 'token-of-south-inspector\n')
    assert.match(stderr, /^warning: .*only loopback or private addresses.*192\.168\.1\.7/)
    assert.is((await run('invite south --role inspector --quiet')).stderr, '')
    node.addresses(['/ip4/127.0.0.1/tcp/1', '/dns4/ledger.example.org/tcp/1'])
    assert.is((await run('invite south --role inspector')).stderr, '')
  })
})

test('invite: what is misused has exit code 2, what may not be done its own', async () => {
  await withLedger(async (run, { node }) => {
    for (const line of [
      'invite',
      'invite south',
      'invite South --role inspector',
      'invite south --role inspector --expires soon',
      'invite south --role inspector --expires 0s',
      'invite south --role inspector --expires 366d',
      'revoke',
      'revoke nonsense'
    ]) {
      const { code, stderr } = await run(line)
      assert.is(code, 2, line)
      assert.match(stderr, /^USAGE: /, line)
    }
    assert.is((await run('invite p1 --role inspector')).code, 3)
    node.fail(new LedgerError('NOT_PERMITTED', 'your role may not invite'))
    const { code, stderr } = await run('invite south --role inspector')
    assert.equal([code, stderr], [4, 'NOT_PERMITTED: your role may not invite\n'])
  })
})

test('revoke takes the key of an invitation', async () => {
  await withLedger(async (run, { node }) => {
    assert.is((await run(`revoke ${KEY}`)).code, 0)
    assert.equal(node.revoked(), [KEY])
    assert.is((await run(`revoke ${KEY} --json`)).stdout, `{"revoked":"${KEY}"}\n`)
  })
})

test('the API holds what it is asked against its document', async () => {
  await withLedger(async (_, { client }) => {
    const wrong: object[] = [
      {},
      { partner: 'a' },
      { partner: 'A', role: 'r', expiresMs: 60_000 },
      { partner: 'a', role: '', expiresMs: 60_000 },
      { partner: 'a', role: 'r', expiresMs: 0 },
      { partner: 'a', role: 'r', expiresMs: 60_000.5 },
      { partner: 'a', role: 'r', expiresMs: 60_000, name: '' },
      { partner: 'a', role: 'r', expiresMs: 60_000, extra: 1 }
    ]
    for (const request of wrong) {
      try {
        await client.invite(request as Parameters<typeof client.invite>[0])
      } catch (error) {
        assert.is(error instanceof LedgerError && error.code, 'USAGE', JSON.stringify(request))
        continue
      }
      assert.unreachable(JSON.stringify(request))
    }
  })
})

test('partners: who they are, where they are, and what is proven against them', async () => {
  await withLedger(async (run, { node }) => {
    const away = { connected: false, height: null }
    node.network([partner('p2', { evidence: 2 }), partner('p3', { ...away, voter: false }), partner('p4')])
    const { stdout } = await run('partners')
    assert.match(stdout, /^ID +NAME +ROLE +STATE +VOTES +CONNECTED +HEIGHT +KEY\n/)
    assert.match(stdout, /\np1 .* yes +this node +0 /)
    assert.match(stdout, /\np3 .* active +no +no +\? +12D3/)
    assert.match(stdout, /\naddresses\n {2}p2 {2}\/ip4\/203\.0\.113\.5\/tcp\/4002\n/)
    assert.match(
      stdout,
      /\np2 signed two different things where only one may be, 2 times.*\nthe proofs: ledger evidence\n$/
    )
    assert.match((await run('status')).stdout, /p2 +active, connected, height 7, evidence against it: 2\n/)
    const lines = (await run('partners --json')).stdout.trim().split('\n')
    const last = JSON.parse(lines[3] ?? '') as PartnerView
    assert.equal([lines.length, last.connected, last.height, last.evidence], [4, true, 7, 0])
  })
})

test('partners: who was hung up on and why, and nothing where there is nothing', async () => {
  await withLedger(async (run, { node }) => {
    const time = '2025-03-01T12:00:00.000Z'
    node.network([partner('p2')])
    assert.not.match((await run('partners')).stdout, /honest/)
    const misconduct = { seen: 7, hungUp: 2, last: { time, why: 'it sent \u001b[2Jgarbage' } }
    node.network([partner('p2', { misconduct }), partner('p3')])
    node.strangers({ seen: 1, hungUp: 0, last: { time, why: 'a frame is not JSON' }, refused: 3 })
    const told = (await run('partners')).stdout.split('\n\n').at(-1)
    const lines = [
      'p2 did what no honest node does, 7 times, hung up on 2 times; last 2025-03-01 12:00:00Z: it sent \\u001b[2Jgarbage',
      'strangers did what no honest node does, once; last 2025-03-01 12:00:00Z: a frame is not JSON'
    ]
    assert.is(told, `${lines.join('\n')}\n`)
    const [, second] = (await run('partners --json')).stdout.split('\n')
    assert.equal((JSON.parse(second ?? '') as PartnerView).misconduct, misconduct)
    assert.equal(JSON.parse((await run('status --json')).stdout).strangers.refused, 3)
  })
})

test('status says what the quorum lacks and why nothing moves', async () => {
  await withLedger(async (run, { node }) => {
    const away = { connected: false }
    node.network([partner('p2'), partner('p3', away), partner('p4', away)], 'waiting for votes')
    const { stdout } = await run('status')
    assert.match(stdout, /quorum +two-thirds: 3 of 4 must agree, 2 online/)
    assert.match(
      stdout,
      /NO QUORUM +no record can commit: 3 of 4 must be online, 2 are\. One more is needed of: p3, p4\./
    )
    assert.match(stdout, /STALLED +since 2025-03-01 12:00:00Z: waiting for votes/)
    assert.match(stdout, /p4 +active, not connected, height 7/)
    node.network([partner('p2'), partner('p3'), partner('p4', away), partner('p5', { voter: false })])
    const well = (await run('status')).stdout
    assert.not.match(well, /NO QUORUM|STALLED/)
    assert.match(well, /p5 +active, connected, height 7, no vote/)
  })
})

test('the lack of a quorum names those who vote and are away', () => {
  const quorum = { rule: 'two-thirds', needed: 3, online: 1 }
  const partners = ['a', 'b', 'c', 'o'].map((id) => ({ id, state: 'active', connected: id === 'a', height: 1 }))
  const status = { quorum, partners, partner: { id: 'a', state: 'active', role: 'r' } } as unknown as NodeStatus
  assert.match(quorumLack(status, ['a', 'b', 'c']) ?? '', /3 of 3 must be online, 1 is\. 2 more are needed of: b, c\./)
  assert.is(quorumLack({ ...status, quorum: { ...quorum, online: 3 } }, ['a', 'b', 'c']), null)
})

test('the promise of few partners in plain words', () => {
  const cases: [rule: string, voters: number, says: RegExp][] = [
    ['two-thirds', 1, /nobody else checks/],
    ['two-thirds', 2, /both are online.*no partner may be away.*a single one can stop/s],
    ['two-thirds', 3, /all 3 are online.*no partner may be away.*With four/s],
    ['two-thirds', 4, /while 3 are online\. Up to 1 may be away or dishonest/],
    ['two-thirds', 7, /while 5 are online\. Up to 2 may be away or dishonest/],
    ['majority', 2, /both are online: none may be away.*No partner may be dishonest/s],
    ['majority', 3, /while 2 are online: one may be away.*No partner may be dishonest.*loses its log/s],
    ['majority', 5, /while 3 are online: 2 may be away/]
  ]
  for (const [rule, voters, says] of cases) {
    const text = promiseOf(rule, voters)
    assert.match(text, says, `${rule} ${voters}`)
    for (const line of text.split('\n')) assert.ok(line.length <= 125, line)
  }
})

test('how far an address reaches', () => {
  const cases: Record<string, string> = {
    '/ip4/127.0.0.1/tcp/1': 'loopback',
    '/ip4/0.0.0.0/tcp/1': 'loopback',
    '/ip6/::1/tcp/1': 'loopback',
    '/dns4/localhost/tcp/1': 'loopback',
    '/ip4/10.1.2.3/tcp/1': 'private',
    '/ip4/172.16.0.1/tcp/1': 'private',
    '/ip4/172.32.0.1/tcp/1': 'public',
    '/ip4/192.168.0.1/tcp/1': 'private',
    '/ip4/169.254.0.1/tcp/1': 'private',
    '/ip4/100.64.0.1/tcp/1': 'private',
    '/ip4/100.128.0.1/tcp/1': 'public',
    '/ip6/fd00::1/tcp/1': 'private',
    '/ip6/fe80::1/tcp/1': 'private',
    '/ip6/::ffff:10.0.0.1/tcp/1': 'private',
    '/ip6/2001:db8::1/tcp/1': 'public',
    '/dns4/printer.local/tcp/1': 'private',
    '/dns4/ledger.example.org/tcp/4001': 'public'
  }
  for (const [address, reach] of Object.entries(cases)) assert.is(reachOf(address), reach, address)
  assert.match(reachWarning([]) ?? '', /carries no address/)
})

test.run()
