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

/** States whose receipts left the changes of the partners out, and proved nothing once there was one. */
const WITHOUT_CHANGES: readonly string[] = ['joined']

/** Whatever was read then is read again, and what was proved then is proved still. */
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
  const proposals = (await all(client.proposals({}))).map(({ id, state }) => ({ id, state }))
  assert.equal(proposals, then.proposals ?? [])
  const genesis = await client.genesis()
  const now = [records[0], records[then.records.length - 1]].map((record) => client.receipt(record!.id))
  for (const receipt of [...(WITHOUT_CHANGES.includes(then.name) ? [] : then.receipts), ...(await Promise.all(now))]) {
    const statement = verifyReceipt(receipt, genesis)
    assert.ok(statement.ok, JSON.stringify(statement))
  }
}

assert.ok(oldHomes().length >= 3, 'the fixtures are there')

for (const then of oldHomes()) {
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
