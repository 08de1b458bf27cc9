import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { ApiClient } from '../../src/api/client.js'
import { verifyReceipt } from '../../src/ledger/verify-receipt.js'
import { verifyHome } from '../../src/node/verify-home.js'
import { type OldHomes, oldHomes, unpackOldHomes } from '../support/old-homes.js'
import { type Partner, sameChain, started, untilVoters, verifyAll } from '../support/partners.js'
import { withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('homes of earlier states', { timeoutMs: 120_000 })

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const row of rows) found.push(row)
  return found
}

/** Whatever was read then is read again. */
async function readsAsThen(client: ApiClient, then: OldHomes): Promise<void> {
  const listed = []
  for (const object of ['inspection', 'note'])
    listed.push(...(await all(client.list(object, { history: true, limit: 1000 }))))
  const records = listed.map(({ id, height, data }) => ({ id, height, data }))
  assert.equal(records.slice(0, then.records.length), then.records)
  for (const [index, hash] of then.blocks.entries()) assert.is((await client.block(index + 1)).hash, hash)
  const history = await all(client.history('inspection', ['A'], { all: true }))
  assert.equal(
    history.map(({ id }) => id),
    then.history
  )
  assert.equal((await client.get('inspection', ['A'])).data, then.newest)
  const genesis = await client.genesis()
  for (const receipt of then.receipts) {
    const statement = verifyReceipt(receipt, genesis)
    assert.ok(statement.ok, JSON.stringify(statement))
  }
}

assert.ok(oldHomes().length >= 3, 'the fixtures are there')

/** Chains that this version cannot go on with. */
const REFUSED: readonly string[] = ['joined']

for (const then of oldHomes().filter(({ name }) => REFUSED.includes(name))) {
  test(`${then.name}: they are refused by their format, with what to do`, async () => {
    await withSandbox(async (sandbox) => {
      unpackOldHomes(then, sandbox.directory)
      for (const id of then.partners) {
        const { ledger, ledgerNode } = sandbox.at(id)
        for (const { code, stderr } of [await ledgerNode(['start', '--quiet']), await ledger(['verify'])]) {
          assert.is(code, 1, stderr)
          assert.match(stderr, /^STORE_FORMAT: .*earlier version.*found the network anew/m)
        }
      }
    })
  })
}

for (const then of oldHomes().filter(({ name }) => !REFUSED.includes(name))) {
  test(`${then.name}: they verify, read as they did, and go on`, async () => {
    await withSandbox(async (sandbox) => {
      unpackOldHomes(then, sandbox.directory)
      for (const id of then.partners) {
        const { ok, failure, height, head } = await verifyHome({ home: join(sandbox.directory, id) })
        assert.ok(ok, JSON.stringify(failure))
        assert.equal([height, head], [then.height, then.head])
      }
      const partners: Partner[] = []
      for (const [index, id] of then.partners.entries()) {
        partners.push(await started(sandbox, id, ['--listen', then.listen[index]!]))
      }
      await untilVoters(partners)
      for (const { client } of partners) await readsAsThen(client, then)
      for (const { ledger, id } of partners) {
        const { code, stderr } = await ledger(['append', 'note', '--json'], `{"visit":"now ${id}"}\n`)
        assert.is(code, 0, stderr)
      }
      await sameChain(partners, then.height + 1)
      await verifyAll(partners)
    })
  })
}

test.run()
