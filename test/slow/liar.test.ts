import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { buildLyingNode } from '../support/lying-node.js'
import {
  invite,
  network,
  type Partner,
  sameChain,
  started,
  until,
  untilVoters,
  verifyAll
} from '../support/partners.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('a lying partner', { timeoutMs: 120_000 })

test('it proposes and votes for two blocks at once, and signs two batches: no fork, and evidence at the others', async () => {
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
    // Whichever of its two batches comes first into a block counts; the other proves the lie.
    await liar.ledger(['append', 'inspection', '--timeout', '20s'], '{"vehicle":"of-p4","odometer":1}\n')
    await until('the others have proof of its two batches', async () => {
      const told = await honest[2]!.ledger(['evidence'])
      return / batch \d+ /.test(told.stdout)
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
    await verifyOffline(sandbox.directory, honest)
  })
})

/** What any of them tells holds without a node, and nothing of it can be altered. */
async function verifyOffline(folder: string, honest: readonly Partner[]): Promise<void> {
  const [file, genesis] = [join(folder, 'evidence.ndjson'), join(folder, 'genesis.json')]
  let stdout = ''
  await until('all tell the same', async () => {
    const told = await Promise.all(honest.map((by) => by.ledger(['evidence', '--json'])))
    stdout = told[0]!.stdout
    return new Set(told.map((one) => withoutReceipts(one.stdout))).size === 1
  })
  assert.match(stdout, /"kind":"batch"/)
  await writeFile(genesis, (await honest[0]!.ledger(['genesis', '--json'])).stdout)
  await writeFile(file, stdout)
  const verify = ['verify-evidence', file, '--genesis', genesis]
  const good = await honest[0]!.ledger(verify)
  assert.is(good.code, 0, good.stderr)
  assert.match(good.stdout, /^The evidence holds/)
  await writeFile(file, stdout.replace('"partner":"p4"', '"partner":"p1"'))
  const bad = await honest[0]!.ledger(verify)
  assert.is(bad.code, 6)
  assert.match(bad.stderr, /^VERIFICATION_FAILED: line 1: /)
}

/** Certificates in receipts differ between nodes. */
function withoutReceipts(lines: string): string {
  return lines.replace(/,"receipt":.*$/gm, '')
}

test.run()
