import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { network, type Partner, sameChain, verifyAll } from '../support/partners.js'
import { ndjson, type Sandbox, SHARED_DATA, withSandbox } from '../support/processes.js'
import { skipUnless, suite } from '../support/suite.js'

const test = suite('real inspections by several partners', { timeoutMs: 120_000 })

const NETWORK = fileURLToPath(new URL('../../config/networks/inspections.yaml', import.meta.url))
const VEHICLES = ['VH-001', 'VH-002', 'VH-003']

interface Outcome {
  readonly status: string
  readonly rule?: string
  readonly message?: string
}

test('three histories, each from another partner: 37 accepted and 1 refused, the same everywhere', async () => {
  skipUnless(existsSync(join(SHARED_DATA, 'mot')), 'needs ../shared/data/mot')
  await withSandbox(async (sandbox) => {
    const partners = await network(sandbox, 4, { text: await readFile(NETWORK, 'utf8') })
    const runs = VEHICLES.map(async (vehicle, index) => {
      const input = await readFile(join(SHARED_DATA, 'mot', `${vehicle}.ndjson`), 'utf8')
      const { stdout, stderr } = await partners[index + 1]!.ledger(['append', 'inspection', '--json'], input)
      const outcomes = ndjson<Outcome>(stdout)
      assert.ok(outcomes.length > 0, stderr)
      return outcomes
    })
    const outcomes = (await Promise.all(runs)).flat()
    const refused = outcomes.filter(({ status }) => status === 'refused')
    assert.equal([outcomes.length, refused.length], [38, 1])
    assert.equal(
      [refused[0]?.rule, refused[0]?.message],
      ['odometer-never-decreases', 'odometer 46426 is lower than 46427']
    )
    await sameChain(partners)
    for (const { ledger } of partners) {
      const listed = await ledger(['list', 'inspection', '--history', '--limit', '1000', '--json'])
      assert.is(ndjson(listed.stdout).length, 37)
    }
    for (const vehicle of VEHICLES) {
      const histories = await Promise.all(partners.map((p) => p.ledger(['history', 'inspection', vehicle, '--json'])))
      assert.is(new Set(histories.map(({ stdout }) => stdout)).size, 1, vehicle)
    }
    await verifyAll(partners)
    await provenAnywhere(sandbox, partners)
  })
})

/** A receipt from any partner, of a record of any other, holds with the genesis alone and against any checkpoint. */
async function provenAnywhere({ file, directory }: Sandbox, partners: readonly Partner[]): Promise<void> {
  const [first, last] = [partners[0]!, partners.at(-1)!]
  await file('genesis.json', (await first.ledger(['genesis', '--json'])).stdout)
  await file('checkpoint.json', (await first.ledger(['checkpoint'])).stdout)
  const records = ndjson<{ id: string; author: string }>((await last.ledger(['list', 'inspection', '--json'])).stdout)
  for (const { id, author } of records) {
    const receipt = await file('receipt.json', (await last.ledger(['receipt', id])).stdout)
    const base = ['verify-receipt', receipt, '--genesis', join(directory, 'genesis.json')]
    for (const more of [[], ['--checkpoint', join(directory, 'checkpoint.json')]]) {
      const { code, stdout, stderr } = await first.ledger([...base, ...more])
      assert.is(code, 0, stderr)
      assert.match(stdout, new RegExp(`${author} wrote this record`))
      assert.match(stdout, /Endorsed by [34] partners: /)
    }
  }
}

test.run()
