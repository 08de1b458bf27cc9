import * as assert from 'uvu/assert'
import { oldHomes, unpackOldHomes } from '../support/old-homes.js'
import { invite, type Partner, sameChain, started, until, untilVoters, verifyAll } from '../support/partners.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('a chain that began without keeping its partner sets', { timeoutMs: 5 * 60_000 })

test('whoever fetches it anew judges it as it was judged then, and further partners join', async () => {
  const then = oldHomes().find(({ name }) => name === 'joined')
  assert.ok(then !== undefined, 'the fixture is there')
  await withSandbox(async (sandbox) => {
    unpackOldHomes(then, sandbox.directory)
    const partners: Partner[] = []
    for (const [index, id] of then.partners.entries()) {
      const args = ['--listen', then.listen[index]!]
      partners.push(await started(sandbox, id, index === 2 ? ['--resync', ...args] : args))
    }
    await untilVoters(partners)
    await sameChain(partners, then.height)
    const late = await started(sandbox, 'p4', ['--invite', await invite(partners[0]!, 'p4')])
    const all = [...partners, late]
    await untilVoters(all)
    for (const { id, ledger } of all) {
      await until(`${id} appends`, async () => {
        const { code } = await ledger(['append', 'note', '--json'], `{"visit":"now ${id}"}\n`)
        return code === 0
      })
    }
    await sameChain(all)
    await verifyAll(all)
  })
})

test.run()
