import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { runProgram } from '../../support/cli-run.js'
import { suite } from '../../support/suite.js'

const test = suite('ledger rule test')

const INSPECTIONS = fileURLToPath(new URL('../../../config/networks/inspections.yaml', import.meta.url))

const run = (...line: string[]) => runProgram(ledgerProgram, ['rule', ...line])

test('tells each rule with its examples, without a node', async () => {
  const { code, stdout, stderr } = await run('test', INSPECTIONS)
  assert.equal([code, stderr], [0, ''])
  assert.match(stdout, /^OBJECT +RULE +EXAMPLES\ninspection +odometer-never-decreases +accepts 3, refuses 1\n/)
  assert.match(stdout, /\n3 of 3 rules have examples, and all of them hold\n$/)
  const lines = (await run('test', INSPECTIONS, '--json')).stdout.trimEnd().split('\n')
  assert.equal(
    lines.map((line) => JSON.parse(line).rule),
    ['odometer-never-decreases', 'inspections-in-order', 'dangerous-fails']
  )
})

test('an example that does not hold is told with its line; so is what there is not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-rule-'))
  try {
    const { readFile } = await import('node:fs/promises')
    const file = join(folder, 'n.yaml')
    const text = await readFile(INSPECTIONS, 'utf8')
    await writeFile(file, text.replace('record: { odometer: 46426', 'record: { odometer: 46428'))
    const wrong = await run('test', file)
    assert.equal([wrong.code, wrong.stdout], [2, ''])
    assert.match(
      wrong.stderr,
      /NETWORK_FILE: .*n\.yaml:\d+:\d+: .*examples\.refuses\[0\]: the rule accepts this example\n/
    )
    assert.match((await run('check', file)).stderr, /'check' is nothing to do with rules/)
    assert.is((await run('test', join(folder, 'nowhere.yaml'))).code, 2)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test.run()
