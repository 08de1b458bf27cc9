import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { InvitationView, ProposalView } from '../../src/node/ledger-node.js'
import {
  admit,
  ballotOn,
  invite,
  network,
  type Partner,
  sameChain,
  started,
  until,
  untilVoters,
  verifyAll,
  vote
} from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('admission by ballot', { timeoutMs: 120_000 })

async function invitations(at: Partner, ...more: string[]): Promise<InvitationView[]> {
  const { code, stdout, stderr } = await at.ledger(['invitations', '--json', ...more])
  assert.is(code, 0, stderr)
  return ndjson<InvitationView>(stdout)
}

/** Waits until a joiner says that it waits for a ballot, and how that stands. */
async function untilWaiting(joiner: Partner, expected: RegExp): Promise<void> {
  await until(`${joiner.id} tells of its ballot`, async () => {
    const { partner, stalled } = await joiner.client.status()
    return partner.state === 'joining' && expected.test(stalled?.causes?.[0]?.why ?? '')
  })
}

test('a fifth partner waits for the votes of the others, says so, and goes on by itself when they have agreed', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, p3, p4] = partners
    const token = await invite(p1, 'p5')
    assert.equal(
      (await invitations(p1, '--state', 'open')).map(({ partner, by }) => [partner, by]),
      [['p5', null]]
    )
    assert.is((await stat(join(p1.home, 'invitations.json'))).mode & 0o777, 0o600)
    const line = ['--invite', token]
    const p5 = await started(sandbox, 'p5', line)
    await untilWaiting(p5, /^admission is proposal p\d\/\d+\/0: 1 of 3 yes; not yet: p2, p3, p4; open until /)
    const told = await p5.ledger(['status'])
    assert.match(told.stdout, /waiting +admission is proposal .* 1 of 3 yes/)
    assert.match(p5.node().stderr(), /admission is proposal/)
    assert.is((await p5.ledger(['partners'])).code, 1, 'it has nothing of the network')
    const ballot = await ballotOn(p3, 'p5')
    assert.equal([ballot.kind, ballot.by, ballot.state], ['admit', 'p1', 'open'])
    assert.match((await p3.ledger(['proposal', ballot.id])).stdout, /^admit p5\n[\s\S]*role: \(none\) -> inspector/)
    assert.not.ok((await p1.client.partners()).some(({ id }) => id === 'p5'))

    const thief = await sandbox.at('thief').ledgerNode(['start', ...line])
    assert.is(thief.code, 4, thief.stderr)
    assert.match(thief.stderr, /the invitation was used/)
    assert.is((await p1.ledger(['revoke', token])).code, 4)
    const [waiting] = await invitations(p1, '--state', 'waiting')
    assert.equal([waiting?.by, waiting?.proposal, waiting?.height], ['p5', ballot.id, ballot.opened])

    await p5.kill()
    await p5.again(line)
    await vote(p2, ballot.id)
    await untilWaiting(p5, /2 of 3 yes; not yet: p3, p4/)
    const { closed } = await admit(partners, 'p5')
    await untilVoters([...partners, p5])
    assert.is((await p5.ledger(['append', 'inspection'], '{"vehicle":"A","odometer":1}\n')).code, 0)
    const used = (await invitations(p1, '--state', 'used')).find(({ partner }) => partner === 'p5')
    assert.equal([used?.state, used?.by, used?.height, used?.proposal], ['used', 'p5', closed, ballot.id])
    assert.match(
      (await p1.ledger(['invitations'])).stdout,
      new RegExp(`p5 +inspector +used .* by p5 in block ${closed}`)
    )
    assert.is((await p4.client.proposal(ballot.id)).state, 'enacted')
    await sameChain([...partners, p5])
    await verifyAll([...partners, p5])
  })
})

test('who is not admitted is told why and ends; the invitations say what became of each', async () => {
  await withSandbox(async (sandbox) => {
    const [p1, p2, p3] = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const p5 = await started(sandbox, 'p5', ['--invite', await invite(p1, 'p5')])
    const p6 = await started(sandbox, 'p6', ['--invite', await invite(p1, 'p6')])
    const rejected = await ballotOn(p2, 'p5')
    await vote(p2, rejected.id, false, 'we do not know them')
    await vote(p3, rejected.id, false)
    assert.is(await p5.node().ended(), 4)
    assert.match(p5.node().stderr(), /NOT_PERMITTED: .*proposal \S+ is rejected; p2: we do not know them/)
    const withdrawn = await ballotOn(p1, 'p6')
    assert.is((await p1.ledger(['withdraw', withdrawn.id])).code, 0)
    assert.is(await p6.node().ended(), 4)
    assert.match(p6.node().stderr(), /NOT_PERMITTED: .*proposal \S+ is withdrawn/)

    await invite(p1, 'p7')
    await invite(p1, 'p8', 'inspector', ['--expires', '1s'])
    await invite(p1, 'p9')
    const [open] = (await invitations(p1, '--state', 'open')).filter(({ partner }) => partner === 'p7')
    assert.is((await p1.ledger(['revoke', open!.id])).code, 0)
    await until('p8 is too late', async () => (await invitations(p1, '--state', 'expired')).length === 1)
    const { stdout } = await p1.ledgerNode(['key', 'new'])
    // The answer may not come any more: the node takes up its next key.
    await p1.ledger(['propose', 'key', 'p1', stdout.trim(), '--force'])
    await until('the invitation for p9 is void', async () => (await invitations(p1, '--state', 'void')).length === 1)
    // Those of p2 to p4 are the first.
    const all = (await invitations(p1)).slice(3)
    assert.equal(
      all.map(({ partner, state, why }) => [partner, state, why]),
      [
        ['p5', 'declined', 'the proposal is rejected'],
        ['p6', 'declined', 'the proposal is withdrawn'],
        ['p7', 'revoked', null],
        ['p8', 'expired', null],
        ['p9', 'void', 'p1 has another key now']
      ]
    )
    assert.equal([all[0]?.proposal, all[1]?.proposal], [rejected.id, withdrawn.id])
  })
})

test('the vote of a partner that is removed meanwhile counts for nothing', async () => {
  await withSandbox(async (sandbox) => {
    const [p1, p2, p3, p4] = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const p5 = await started(sandbox, 'p5', ['--invite', await invite(p1, 'p5')])
    const ballot = await ballotOn(p4, 'p5')
    assert.is((await vote(p4, ballot.id)).yes, 2)
    const removal = await p1.client.propose({
      change: { kind: 'remove', partner: 'p4' },
      expiresMs: 60_000,
      force: true
    })
    await vote(p2, removal.id)
    await vote(p3, removal.id)
    const after: ProposalView = await vote(p2, ballot.id)
    assert.equal([after.state, after.yes, after.needed, after.waiting], ['open', 2, 3, ['p3']])
    await untilWaiting(p5, /2 of 3 yes; not yet: p3/)
    const late = await p4.ledger(['vote', ballot.id, 'yes'])
    assert.is(late.code, 4, late.stderr)
    await admit([p1, p2, p3], 'p5')
    await until('p5 votes', async () => {
      const views = await p1.client.partners()
      return views.some(({ id, state, voter }) => id === 'p5' && state === 'active' && voter)
    })
    await sameChain([p1, p2, p3, p5])
    await verifyAll([p1, p2, p3, p4, p5])
  })
})

test.run()
