import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { oldHomes, unpackOldHomes } from '../support/old-homes.js'
import { type Partner, sameChain, started, until, untilVoters, verifyAll } from '../support/partners.js'
import { type Sandbox, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('a partner with a damaged home', { timeoutMs: 120_000 })

/** Three partners who have met before, all stopped. */
function threePartners(sandbox: Sandbox): (id: string, args?: readonly string[]) => Promise<Partner> {
  const homes = oldHomes().find(({ name }) => name === 'rejoined')
  assert.ok(homes !== undefined)
  unpackOldHomes(homes, sandbox.directory)
  return (id, args = []) => started(sandbox, id, ['--listen', homes.listen[homes.partners.indexOf(id)]!, ...args])
}

function turnBit(path: string, where: number): void {
  const bytes = readFileSync(path)
  bytes[Math.floor(bytes.length * where)]! ^= 4
  writeFileSync(path, bytes)
}

async function appendsAgain({ id, ledger }: Partner): Promise<void> {
  await until(`${id} appends`, async () => {
    const { code, stdout, stderr } = await ledger(
      ['append', 'note', '--json', '--timeout', '5s'],
      `{"visit":"${id}"}\n`
    )
    if (code !== 0) throw new Error(stdout + stderr)
    return true
  })
}

test('a damaged store is named, and fetched again from the others with --resync', async () => {
  await withSandbox(async (sandbox) => {
    const start = threePartners(sandbox)
    const others = await Promise.all([start('p1'), start('p3')])
    await appendsAgain(others[0]!)
    const store = join(sandbox.directory, 'p2/store')
    const log = readdirSync(join(store, 'level')).find((name) => name.endsWith('.log'))!
    turnBit(join(store, 'level', log), 0.5)
    const refused = await sandbox.at('p2').ledgerNode(['start', '--quiet'])
    assert.is(refused.code, 1)
    assert.match(refused.stderr, new RegExp(`^STORE_DAMAGED: .*${log}.*--resync`))
    assert.match((await sandbox.at('p2').ledger(['verify'])).stdout, new RegExp(log))
    const partners = [others[0]!, await start('p2', ['--resync']), others[1]!]
    await sameChain(partners)
    await appendsAgain(partners[1]!)
    await sameChain(partners)
    await verifyAll(partners)
  })
})

test('a damaged log is a rejoin by itself', async () => {
  await withSandbox(async (sandbox) => {
    const start = threePartners(sandbox)
    const log = join(sandbox.directory, 'p2/log')
    turnBit(join(log, readdirSync(log).sort()[0]!), 0.9)
    const partners = await Promise.all(['p1', 'p2', 'p3'].map((id) => start(id)))
    await untilVoters(partners)
    await appendsAgain(partners[1]!)
    assert.match(partners[1]!.node().stderr(), /write-ahead log is lost/)
    await sameChain(partners)
    await verifyAll(partners)
  })
})

test.run()
