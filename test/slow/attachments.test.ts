import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { INSPECTIONS } from '../support/inspections.js'
import { network, until } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('attachments of partners', { timeoutMs: 120_000 })

const TEXT = INSPECTIONS.replace(
  '        odometer: { type: integer, minimum: 0 }\n',
  '        odometer: { type: integer, minimum: 0 }\n        report: { type: attachment, maxBytes: 3000000, mediaTypes: [application/pdf] }\n'
)

interface Outcome {
  readonly status: string
  readonly id: string
  readonly code?: string
  readonly path?: string
}

test('a report goes with a record, is fetched by the other partner, and is removed again', async () => {
  await withSandbox(async (sandbox) => {
    const [p1, p2] = await network(sandbox, 2, { text: TEXT })
    assert.ok(p1 && p2)
    const content = randomBytes(2_500_000)
    const hash = createHash('sha256').update(content).digest('hex')
    const path = await sandbox.file('report.pdf', content)
    const append = ['append', 'inspection', '--json', '--attach', `report=${path}`]
    const appended = await p1!.ledger(append, '{"vehicle":"A","odometer":5}\n')
    assert.is(appended.code, 0, appended.stderr)
    const [outcome] = ndjson<Outcome>(appended.stdout)
    await until('p2 has the record', async () => (await p2!.ledger(['show', outcome!.id])).code === 0)

    const before = await p2!.ledger(['show', outcome!.id, '--json'])
    assert.equal(JSON.parse(before.stdout).attachments, [
      { bytes: 2_500_000, hash, name: 'report.pdf', type: 'application/pdf', held: false, removed: false }
    ])
    const copy = join(sandbox.directory, 'copy.pdf')
    const fetched = await p2!.ledger(['attachment', hash, '-o', copy])
    assert.is(fetched.code, 0, fetched.stderr)
    assert.ok(content.equals(await readFile(copy)))

    // Both hold it after a power cut, and nothing is torn.
    await p2!.kill()
    await writeFile(join(p2!.home, 'attachments', 'incoming-0'), 'half of another one')
    await p2!.again()
    assert.not.ok(existsSync(join(p2!.home, 'attachments', 'incoming-0')))
    assert.is(ndjson(String((await p2!.ledger(['attachments', '--json'])).stdout)).length, 1)

    for (const partner of [p1!, p2!]) {
      assert.is((await partner.ledger(['attachment', hash, '--remove'])).code, 0)
      assert.equal(await readdir(join(partner.home, 'attachments', hash.slice(0, 2), hash.slice(2, 4))), [])
    }
    await until('p2 is connected', async () => (await p2!.client.status()).quorum.online === 2)
    const gone = await p2!.ledger(['attachment', hash, '-o', copy, '--again', '--force'])
    assert.is(gone.code, 7)
    assert.match(
      gone.stderr,
      /^NOT_FOUND: nobody gave attachment [0-9a-f]{64} of record p1\/\d+\/0; asked: p1 \(it does not/
    )
    assert.is((await p2!.ledger(['verify'])).code, 0)

    const wrong = await sandbox.file('report.txt', 'not a PDF')
    const refused = await p1!.ledger(
      ['append', 'inspection', '--json', '--attach', `report=${wrong}`],
      '{"vehicle":"A","odometer":6}\n'
    )
    assert.is(refused.code, 3)
    assert.equal(
      ndjson<Outcome>(refused.stdout).map(({ code, path }) => [code, path]),
      [['SCHEMA', '/report/type']]
    )
    assert.equal(ndjson((await p1!.ledger(['attachments', '--json'])).stdout), [])
  })
})

test.run()
