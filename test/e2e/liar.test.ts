import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { buildLyingNode } from '../support/lying-node.js'
import { invite, network, sameChain, started, until, untilVoters, verifyAll } from '../support/partners.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('a lying partner', { timeoutMs: 120_000 })

test('it proposes and votes for two blocks at once: no fork, and evidence at the others', async () => {
  await withSandbox(async (sandbox) => {
    const honest = await network(sandbox, 3)
    const program = await buildLyingNode(join(sandbox.directory, 'lying'))
    const token = await invite(honest[0]!, 'p4')
    const liar = await started(sandbox, 'p4', ['--invite', token], program)
    await untilVoters([...honest, liar])
    let odometer = 0
    const evidence = async (): Promise<number[]> => {
      const views = await Promise.all(honest.map(({ client }) => client.partners()))
      return views.map((partners) => partners.find(({ id }) => id === 'p4')?.evidence ?? 0)
    }
    await until('the others have proof of its lies', async () => {
      odometer += 1
      const by = honest[odometer % honest.length]!
      const visit = `${JSON.stringify({ vehicle: 'A', odometer })}\n`
      const { code, stderr } = await by.ledger(['append', 'inspection', '--timeout', '20s'], visit)
      if (code !== 0) throw new Error(`the others cannot go on: ${code} ${stderr}`)
      return (await evidence()).every((count) => count > 0)
    })
    await liar.kill()
    await sameChain(honest)
    await verifyAll(honest)
    const views = await honest[0]!.client.partners()
    assert.equal(
      views.filter((view) => view.evidence > 0).map(({ id }) => id),
      ['p4'],
      'only of the liar'
    )
    const told = await honest[0]!.ledger(['partners'])
    assert.match(told.stdout, /\np4 signed two different things where only one may be/)
  })
})

test.run()
