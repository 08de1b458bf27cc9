import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { withApi } from '../../support/api-fixture.js'
import { runProgram } from '../../support/cli-run.js'
import { listedLies } from '../../support/contradictions.js'
import { suite } from '../../support/suite.js'

const test = suite('commands about evidence')

test('evidence: a table for people, whole items for programs', async () => {
  await withApi(async ({ node, home }) => {
    const run = (line: string) => runProgram(ledgerProgram, ['--home', home, ...line.split(' ')])
    const none = await run('evidence')
    assert.equal([none.code, none.stdout], [0, ''])
    assert.match(none.stderr, /no partner was seen/)
    const items = listedLies().items.map(({ receipt: _, ...item }) => item)
    node.lies(items)
    const { code, stdout } = await run('evidence')
    assert.is(code, 0)
    const lines = stdout.trimEnd().split('\n')
    assert.match(lines[0]!, /^PARTNER +SIGNED TWICE +INCARNATION +BLOCK +TIME +REPORTED BY +RECORD$/)
    assert.match(lines[1]!, /^p4 +precommit, height 7, round 0 +0 +1 +\S+ \S+Z +p1 +p1\/0\/0$/)
    assert.match(lines[2]!, /^p4 +proposal, height 7, round 2 +0 +2 /)
    assert.match(lines[3]!, /^p4 +batch 7 +0 +3 /)
    const json = await run('evidence --json')
    const told = json.stdout.trim().split('\n')
    assert.equal(
      told.map((line) => JSON.parse(line)),
      items.map(({ cursor: _, ...item }) => ({ ...item, receipt: { format: 1 } }))
    )
  })
})

test('evidence: all of it, however much', async () => {
  await withApi(async ({ node, client }) => {
    const [item] = listedLies().items
    const many = Array.from({ length: 2_345 }, (_, at) => ({ ...item!, cursor: `${at + 1}.0.0` }))
    node.lies(many)
    let count = 0
    for await (const { cursor } of client.evidence({})) assert.is(cursor, many[count++]?.cursor)
    assert.is(count, many.length)
  })
})

test('verify-evidence: exit code 0 when every line holds, 6 when one does not, 2 for what is misused', async () => {
  await withApi(async ({ home: folder }) => {
    const { genesis, items } = listedLies()
    const file = join(folder, 'evidence.ndjson')
    const genesisFile = join(folder, 'genesis.json')
    const run = (...more: string[]) =>
      runProgram(ledgerProgram, ['verify-evidence', file, '--genesis', genesisFile, ...more])
    const write = (all: readonly object[]) => writeFile(file, all.map((item) => `${JSON.stringify(item)}\n`).join(''))
    await writeFile(genesisFile, genesis)
    await write(items)
    const good = await run()
    assert.is(good.code, 0, good.stderr)
    assert.match(
      good.stdout,
      /^The evidence holds \(line 1\)\.\np4 signed two different things as its precommit, height 7/
    )
    assert.match(good.stdout, /p1 wrote it down: record p1\/2\/0, committed in block 3 at /)
    assert.is((await run('--json')).stdout.match(/"ok":true/g)?.length, 3)
    await write([items[0]!, { ...items[1]!, partner: 'p3' }, items[2]!])
    const bad = await run()
    assert.is(bad.code, 6)
    assert.match(
      bad.stderr,
      /^VERIFICATION_FAILED: line 2: its member 'partner' is not what its record says\naccuse nobody/
    )
    const json = await run('--json')
    assert.is(json.code, 6)
    assert.equal(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).ok),
      [true, false, true]
    )
    await write([])
    assert.is((await run()).code, 6)
    await write(items)
    assert.is((await runProgram(ledgerProgram, ['verify-evidence', file])).code, 2)
    assert.is((await run('--checkpoint', join(folder, 'none'))).code, 2)
  })
})

test.run()
