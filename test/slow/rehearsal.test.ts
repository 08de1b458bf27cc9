import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import type { ProposalView } from '../../src/node/ledger-node.js'
import type { RehearsalDifference, RehearsalReport } from '../../src/node/rehearsal-types.js'
import { network, until } from '../support/partners.js'
import { ndjson, SHARED_DATA, withSandbox } from '../support/processes.js'
import { skipUnless, suite } from '../support/suite.js'

const test = suite('rehearsal of real inspections', { timeoutMs: 120_000 })

const NETWORK = fileURLToPath(new URL('../../config/networks/inspections.yaml', import.meta.url))
const VEHICLES = ['VH-001', 'VH-002', 'VH-003']

type Line = { readonly difference: RehearsalDifference } | { readonly report: RehearsalReport }

/** The file without a rule. */
function without(text: string, rule: string): string {
  const parts = text.split(/(?=^ {6}- id: )/m)
  const kept = parts.filter((part) => !part.startsWith(`      - id: ${rule}\n`))
  assert.is(kept.length, parts.length - 1)
  return kept.join('')
}

test('the one odometer that fell is found before anybody votes, and stays as it is', async () => {
  skipUnless(existsSync(join(SHARED_DATA, 'mot')), 'needs ../shared/data/mot')
  const strict = await readFile(NETWORK, 'utf8')
  const loose = without(strict, 'odometer-never-decreases')
  await withSandbox(async (sandbox) => {
    const [p1, p2] = await network(sandbox, 2, { text: loose })
    for (const vehicle of VEHICLES) {
      const input = await readFile(join(SHARED_DATA, 'mot', `${vehicle}.ndjson`), 'utf8')
      const { code, stderr } = await p2!.ledger(['append', 'inspection'], input)
      assert.is(code, 0, stderr)
    }
    const file = await sandbox.file('strict.yaml', strict)
    const shown = await p1!.ledger(['rehearse', file])
    assert.is(shown.code, 3, shown.stderr)
    assert.match(
      shown.stdout,
      /^refused {3}p2\/\d+\/\d+ {2}block \d+ {2}odometer-never-decreases: .* 46426 is lower than 46427\n1 of 38 records/
    )
    const lines = ndjson<Line>((await p1!.ledger(['rehearse', file, '--json'])).stdout)
    assert.is(lines.length, 2)
    const same = await p1!.ledger(['rehearse', await sandbox.file('loose.yaml', loose)])
    assert.equal([same.code, /^none of 38 records/.test(same.stdout)], [0, true])

    const proposed = await p1!.ledger(['propose', 'model', file, '--force', '--json'])
    const { id } = ndjson<ProposalView>(proposed.stdout)[0]!
    await until('p2 has rehearsed it', async () => (await p2!.client.proposal(id)).rehearsal?.state === 'done')
    const view = (await p2!.ledger(['proposal', id])).stdout
    assert.match(
      view,
      /1 of 38 records .*\n {6}1 record of p2 \(inspection\) would be refused: odometer-never-decreases\n/
    )
    assert.is((await p2!.ledger(['vote', id, 'yes', '--force'])).code, 0)
    await until('it is in force', async () => (await p1!.client.proposal(id)).state === 'enacted')
    const [, { report }] = lines as [Line, { report: RehearsalReport }]
    assert.equal([report.refused, report.accepted], [1, 0])
    for (const { ledger } of [p1!, p2!]) {
      assert.is((await ledger(['verify'])).code, 0)
      assert.is(ndjson((await ledger(['list', 'inspection', '--history', '--json'])).stdout).length, 38)
    }
  })
})

test.run()
