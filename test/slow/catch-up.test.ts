import * as assert from 'uvu/assert'
import { appendSingly, watchCatchUp } from '../../scripts/bench/catch-up.js'
import { INSPECTIONS } from '../support/inspections.js'
import { invite, type Partner, sameChain, started, until, verifyAll } from '../support/partners.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('catching up with thousands of blocks', { timeoutMs: 15 * 60_000 })

const BLOCKS = 3_000

/** Blocks of three voters by which their pace is measured. */
const PACE_BLOCKS = 60

/** Longest that fetching all blocks may take; some ten seconds where nothing else runs. */
const FETCH_MS_MAX = 240_000

/** Who keeps a copy and does not vote, at first. */
const WITH_KEEPERS = INSPECTIONS.replace(
  '  auditor:',
  '  keeper: { append: [inspection], govern: false, vote: false }\n  auditor:'
)

const visit = (number: number): object => ({ vehicle: `v${number % 50}`, odometer: number })

/** Another role for a partner, by the votes of all. */
async function giveRole(partner: string, role: string, voters: readonly Partner[]): Promise<void> {
  const [first, ...others] = voters as readonly [Partner, ...Partner[]]
  const change = { kind: 'role', partner, role } as const
  const { id } = await first.client.propose({ change, expiresMs: 600_000, force: true })
  for (const { client } of others) await client.vote(id, { yes: true, force: true })
  await until(`${partner} is ${role}`, async () => (await first.client.proposal(id)).state === 'enacted', FETCH_MS_MAX)
}

/**
 * The blocks are made while one voter is alone, as that is ten times as quick; then two join, and the one that is away is
 * made the fourth voter. So what it lacks are also the admissions of the others and its own right to vote.
 */
test('one of four was away for thousands of blocks: it catches up while the others go on, and they hardly notice', async () => {
  await withSandbox(async (sandbox) => {
    const file = await sandbox.file('network.yaml', WITH_KEEPERS)
    const p1 = await started(sandbox, 'p1', ['--network', file, '--partner', 'p1', '--role', 'inspector'])
    const p4 = await started(sandbox, 'p4', ['--invite', await invite(p1, 'p4', 'keeper')])
    await until('p4 has a copy', async () => (await p4.client.status()).partner.state === 'active')
    await p4.node().stop()
    const { height: before } = await p1.client.status()
    await appendSingly(p1.client, 'inspection', visit, { count: BLOCKS })
    assert.ok((await p1.client.status()).height >= before + BLOCKS, 'a block for each record')

    const [p2, p3] = (await Promise.all(
      ['p2', 'p3'].map(async (id) => started(sandbox, id, ['--invite', await invite(p1, id)]))
    )) as [Partner, Partner]
    for (const one of [p2, p3]) {
      await until(`${one.id} votes`, async () => (await one.client.status()).partner.state === 'active', FETCH_MS_MAX)
    }
    await giveRole('p4', 'inspector', [p1, p2, p3])
    const three = await appendSingly(p2.client, 'inspection', (number) => visit(BLOCKS + number), {
      count: PACE_BLOCKS
    })
    const pace = [...three.times].sort((a, b) => a - b)[PACE_BLOCKS / 2]!

    const next = (number: number): object => visit(BLOCKS + PACE_BLOCKS + number)
    const figures = await watchCatchUp(() => p4.again(), p4.client, p2.client, { object: 'inspection', next, before })
    process.stdout.write(`\n${JSON.stringify({ paceMs: Math.round(pace), ...figures })}\n`)
    const { behind, seconds, madeMeanwhile, latencyMs } = figures
    assert.ok(behind >= BLOCKS && madeMeanwhile > 0, 'the others went on')
    assert.ok(seconds < FETCH_MS_MAX / 1000, `${seconds} s`)
    // In half the time that three need to make as many: so it also reaches others who never rest.
    assert.ok(seconds < (behind * pace) / 1000 / 2, `${seconds} s, and three make a block each ${pace} ms`)
    assert.ok(latencyMs.p50 < 3 * pace + 200 && latencyMs.longest < 10_000, JSON.stringify(latencyMs))
    const partners = [p1, p2, p3, p4]
    await until('p4 is a voter', async () => (await p4.client.status()).partner.role === 'inspector')
    await sameChain(partners, before + BLOCKS)
    assert.is(
      (await appendSingly(p4.client, 'inspection', (n) => visit(10 * BLOCKS + n), { count: 1 })).times.length,
      1
    )
    await verifyAll(partners)
  })
})

test.run()
