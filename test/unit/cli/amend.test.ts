import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { startApi } from '../../../src/api/api.js'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import type { AmendmentView } from '../../../src/node/amendment-types.js'
import type { RecordView } from '../../../src/node/ledger-node.js'
import { silentLogger } from '../../../src/node/log.js'
import { type CliResult, runProgram } from '../../support/cli-run.js'
import { SHARED_DATA } from '../../support/processes.js'
import { NETWORK } from '../../support/small-chain.js'
import { skipUnless, suite } from '../../support/suite.js'
import { createTestHome } from '../../support/test-home.js'

const test = suite('ledger amend', { timeoutMs: 60_000 })

type Run = (line: readonly string[], stdin?: string) => Promise<CliResult>

/** A founder's node with its control socket, and the commands on it. */
async function withLedger(network: string, work: (run: Run, folder: string) => Promise<void>): Promise<void> {
  const home = await createTestHome(network)
  try {
    const node = await home.open()
    const socket = join(home.home, 'control.sock')
    const api = await startApi({ node, socket, version: '1.2.3', log: silentLogger })
    const run: Run = (line, stdin = '') => runProgram(ledgerProgram, ['--home', home.home, ...line], { stdin })
    await work(run, home.folder).finally(() => api.close())
  } finally {
    await home.remove()
  }
}

const withAmend = (amend: string): string => NETWORK.replace('key: [vehicle]', `key: [vehicle]\n    amend: ${amend}`)

const line = (vehicle: string, odometer: number): string => `${JSON.stringify({ vehicle, odometer })}\n`

test('a field is amended, both records are shown with each other, and the receipt of the old one says so', () =>
  withLedger(withAmend('{ by: own }'), async (run, folder) => {
    await run(['append', 'inspection'], line('A', 464_270) + line('B', 5))
    const first = JSON.parse((await run(['get', 'inspection', 'A', '--json'])).stdout) as RecordView
    const amended = await run(['amend', first.id, '--set', 'odometer=46427', '--reason', 'a digit too many'])
    assert.is(amended.code, 0, amended.stderr)
    assert.match(amended.stdout, /^ {2}odometer: 464270 -> 46427\namended by p1\/\d+\/0 in block \d+\n$/)
    const newest = JSON.parse((await run(['get', 'inspection', 'A', '--json'])).stdout) as RecordView
    assert.equal([newest.data.odometer, newest.amends], [46_427, { reason: 'a digit too many', record: first.id }])
    const shown = JSON.parse((await run(['show', first.id, '--json'])).stdout) as RecordView
    assert.equal([shown.amendedBy, shown.status, shown.data.odometer], [newest.id, 'accepted', 464_270])
    const history = (await run(['history', 'inspection', 'A'])).stdout
    assert.match(
      history,
      new RegExp(
        `AMENDED BY ${newest.id}; odometer=464270[\\s\\S]*AMENDS ${first.id}: a digit too many; odometer=46427`
      )
    )
    assert.match((await run(['show', newest.id])).stdout, new RegExp(`amends +${first.id}: a digit too many`))

    const [receipt, genesis] = [join(folder, 'receipt.json'), join(folder, 'genesis.json')]
    await writeFile(receipt, (await run(['receipt', first.id])).stdout)
    await writeFile(genesis, (await run(['genesis', '--json'])).stdout)
    const verify = ['verify-receipt', receipt, '--genesis', genesis]
    const proven = (await run(verify)).stdout
    assert.match(
      proven,
      new RegExp(`It was AMENDED by ${newest.id} of p1 in block \\d+ \\(a digit too many\\):\\n[\\s\\S]*46427`)
    )
    const told = JSON.parse((await run([...verify, '--json'])).stdout)
    assert.equal(
      told.amendedBy.map((one: { recordId: string }) => one.recordId),
      [newest.id]
    )
    // What it tells of the amendment is proven as well, and is of this record.
    for (const [what, change] of [
      ['digit too many', 'digit too much'],
      [`"amends":{"reason":"a digit too many","record":"${first.id}"}`, '']
    ] as const) {
      const text = readFileSync(receipt, 'utf8')
      const escaped = what.startsWith('"') ? JSON.stringify(what).slice(1, -1) : what
      assert.ok(text.includes(escaped), what)
      await writeFile(join(folder, 'forged.json'), text.replace(escaped, change))
      assert.is((await run(['verify-receipt', join(folder, 'forged.json'), '--genesis', genesis])).code, 6, what)
    }
    const other = JSON.parse((await run(['get', 'inspection', 'B', '--json'])).stdout) as RecordView
    const foreign = {
      ...JSON.parse((await run(['receipt', other.id])).stdout),
      amended: JSON.parse(readFileSync(receipt, 'utf8')).amended
    }
    await writeFile(join(folder, 'foreign.json'), sortedJson(foreign))
    const refused = await run(['verify-receipt', join(folder, 'foreign.json'), '--genesis', genesis])
    assert.match(refused.stderr, new RegExp(`${newest.id} does not amend ${other.id}`))
  }))

/** Of one level; what is in it comes from a receipt and is sorted. */
function sortedJson(json: Record<string, unknown>): string {
  return JSON.stringify(Object.fromEntries(Object.entries(json).sort(([a], [b]) => (a < b ? -1 : 1))))
}

test('what is refused, and what is not understood, has its exit code', () =>
  withLedger(withAmend('{ by: own }'), async (run, folder) => {
    await run(['append', 'inspection'], line('A', 10) + line('A', 20) + line('A', 30))
    // How they are dealt out to batches hangs on the time that they take.
    const ids = (await run(['history', 'inspection', 'A', '--json'])).stdout
      .trimEnd()
      .split('\n')
      .map((text) => (JSON.parse(text) as RecordView).id)
    const [, middle = '', id = ''] = ids
    const file = join(folder, 'whole.json')
    await writeFile(file, line('A', 35))
    for (const [words, code, why] of [
      [
        ['amend', middle, '--set', 'odometer=31', '--reason', 'x'],
        3,
        /RULE_BROKEN: p1.*beside it.*: odometer 30 is lower than 31/
      ],
      [
        ['amend', middle, '--set', 'odometer=9', '--reason', 'x'],
        3,
        /RULE_BROKEN: odometer 9 is lower than 10 \(rule odometer-never-decreases; right is .*10\)/
      ],
      [['amend', middle, '--set', 'odometer=long', '--reason', 'x'], 3, /SCHEMA: odometer must be/],
      [['amend', middle, '--set', 'odometer=9', '--reason', ''], 2, /reason/],
      [['amend', middle, '--reason', 'x'], 2, /nothing is amended/],
      [['amend', middle, file, '--set', 'odometer=9', '--reason', 'x'], 2, /use one of them/],
      [['amend', middle, '--set', 'odometer', '--reason', 'x'], 2, /FIELD=VALUE/],
      [['amend', middle, join(folder, 'none.json'), '--reason', 'x'], 2, /cannot be read/],
      [['amend', 'p1/77/0', '--set', 'odometer=9', '--reason', 'x'], 7, /NOT_FOUND/],
      [['approve', 'p1/77/0', 'yes'], 7, /NOT_FOUND/],
      [['approve', 'p1/77/0', 'maybe'], 2, /yes or no/],
      [['amendments', '--state', 'closed'], 2, /there are open, approved/]
    ] as const) {
      const result = await run(words)
      assert.is(result.code, code, words.join(' '))
      assert.match(result.stderr, why)
    }
    assert.is((await run(['amend', id, file, '--reason', 'x', '--json'])).code, 0)
    assert.match((await run(['get', 'inspection', 'A'])).stdout, /odometer +35/)
    assert.is((await run(['amendments'])).stderr, 'there are no such amendments\n')
    assert.match((await run(['amend', 'p1/1/1', '--help'])).stdout, /takes its place/)
  }))

test('records that cannot be amended say so', () =>
  withLedger(NETWORK, async (run) => {
    await run(['append', 'inspection'], line('A', 10))
    const { id } = JSON.parse((await run(['get', 'inspection', 'A', '--json'])).stdout) as RecordView
    const result = await run(['amend', id, '--set', 'odometer=9', '--reason', 'x'])
    assert.equal(
      [result.code, result.stderr.split('\n')[0]],
      [4, 'NOT_PERMITTED: records of inspection are not amended: its network file says nothing of amend']
    )
  }))

test('an amendment that waits for a ballot stands once it is approved', () =>
  withLedger(withAmend('{ by: own, approval: ballot }'), async (run, folder) => {
    await run(['append', 'inspection'], line('A', 10))
    const { id } = JSON.parse((await run(['get', 'inspection', 'A', '--json'])).stdout) as RecordView
    const waits = await run(['amend', id, '--set', 'odometer=9', '--reason', 'upside down'])
    assert.match(
      waits.stdout,
      /waits for approval: p1\/\d+\/0; who may say so writes: ledger approve p1\/\d+\/0 yes\n$/
    )
    assert.match((await run(['get', 'inspection', 'A'])).stdout, /odometer +10/)
    const [open] = (await run(['amendments', '--state', 'open', '--json'])).stdout.trimEnd().split('\n')
    const amendment = JSON.parse(open ?? '') as AmendmentView
    assert.equal([amendment.amendment, amendment.amends?.record, amendment.votes], ['open', id, []])
    const missing = '0 of 1 yes, 0 no; not yet: p1'
    assert.ok((await run(['amendments'])).stdout.includes(missing))
    const shown = (await run(['show', amendment.id])).stdout
    assert.ok(shown.includes(`approval    open: ${missing}\n`), shown)
    assert.match(shown, /approve with: ledger approve p1\/\d+\/0 yes\|no\n/)
    const status = (await run(['status'])).stdout
    assert.match(status, /approval +1 amendment for this partner to approve or not: ledger amendments --state open\n/)
    assert.match(status, /version +\d+; this node knows up to \d+\n/)
    assert.equal(JSON.parse((await run(['status', '--json'])).stdout).amendments, { open: 1 })
    const approved = await run(['approve', amendment.id, 'yes', '--reason', 'seen'])
    assert.is(approved.code, 0, approved.stderr)
    assert.match(approved.stdout, /approval +approved\n +votes +p1 yes \(seen\)\n/)
    assert.match((await run(['show', amendment.id])).stdout, /votes +p1 yes \(seen\)\n/)
    assert.not.match((await run(['status'])).stdout, /to approve/)
    assert.match((await run(['amendments'])).stdout, /approved +inspection +p1\/\d+\/0 +upside down +p1 yes/)
    assert.match((await run(['get', 'inspection', 'A'])).stdout, /odometer +9/)
    const [receipt, genesis] = [join(folder, 'receipt.json'), join(folder, 'genesis.json')]
    await writeFile(receipt, (await run(['receipt', id])).stdout)
    await writeFile(genesis, (await run(['genesis', '--json'])).stdout)
    const told = JSON.parse((await run(['verify-receipt', receipt, '--genesis', genesis, '--json'])).stdout)
    assert.equal([told.amendedBy[0].recordId, told.amendedBy[0].approvedBy], [amendment.id, 'p1'])
    const late = await run(['amend', amendment.id, '--set', 'odometer=30', '--reason', 'x', '--json'])
    await run(['append', 'inspection'], line('A', 20))
    const refused = await run(['approve', JSON.parse(late.stdout).id, 'yes'])
    assert.is(refused.code, 3)
    assert.match(refused.stderr, /^RULE_BROKEN: .*is lower than 30 \(rule odometer-never-decreases/)
    assert.is((await run(['verify'])).code, 0)
  }))

test('what was written before a field got its name of today is amended under that name', () =>
  withLedger(withAmend('{ by: own, approval: ballot }'), async (run, folder) => {
    await run(['append', 'inspection'], line('A', 464_270))
    const { id } = JSON.parse((await run(['get', 'inspection', 'A', '--json'])).stdout) as RecordView
    await run(['amend', id, '--set', 'odometer=46427', '--reason', 'a digit too many'])
    const renamed = withAmend('{ by: own, approval: ballot }')
      .replaceAll('odometer,', 'kilometres,')
      .replaceAll('odometer]', 'kilometres]')
      .replaceAll('odometer:', 'kilometres:')
      .replaceAll('.odometer', '.kilometres')
      .replace('    rules:', '    aliases: { odometer: kilometres }\n    rules:')
    const file = join(folder, 'renamed.yaml')
    await writeFile(file, renamed)
    const proposed = await run(['propose', 'model', file])
    assert.is(proposed.code, 0, proposed.stderr)
    const note = `${JSON.stringify({ text: 'x', vehicle: 'A' })}\n`
    for (let block = 0; block < 3; block += 1) await run(['append', 'note'], note)
    const [text = ''] = (await run(['amendments', '--json'])).stdout.split('\n')
    const former = JSON.parse(text) as AmendmentView
    const refused = await run(['approve', former.id, 'yes'])
    assert.is(refused.code, 3)
    assert.match(refused.stderr, /^SCHEMA: odometer is called kilometres now/)
    assert.ok(
      refused.stderr.includes(
        `p1 takes it back (ledger approve ${former.id} no) and amends anew (ledger amend ${id} ...)`
      )
    )
    assert.is((await run(['approve', former.id, 'no'])).code, 0)
    const amended = await run(['amend', id, '--set', 'kilometres=46427', '--reason', 'a digit too many'])
    assert.is(amended.code, 0, amended.stderr)
    assert.match(amended.stdout, /^ {2}kilometres: 464270 -> 46427\nwaits for approval/)
  }))

test('the real inspections: a mile too many is amended, and what it had kept out comes in late', () => {
  const folder = join(SHARED_DATA, 'mot')
  skipUnless(existsSync(folder), 'needs ../shared/data/mot')
  const file = readFileSync('config/networks/inspections.yaml', 'utf8')
  const ordered = file.replace('key: [vehicle]', 'key: [vehicle]\n    order: completedAt\n    amend: { by: own }')
  const rule = /\n {6}- id: inspections-in-order[\s\S]*?(?=\n {6}- id:)/
  assert.match(ordered, rule)
  return withLedger(ordered.replace(rule, ''), async (run) => {
    const files = ['VH-001', 'VH-002', 'VH-003'].map((name) => join(folder, `${name}.ndjson`))
    const appended = await run(['append', 'inspection', ...files])
    assert.match(appended.stdout, /38 records: 37 accepted, 1 refused/)
    const texts = readFileSync(files[1] ?? '', 'utf8')
      .trimEnd()
      .split('\n')
    const late = texts.find((text) => text.includes('2022-07-13T15:04')) ?? ''
    assert.match((await run(['append', 'inspection'], late)).stderr + late, /46426/)
    const history = (await run(['history', 'inspection', 'VH-002', '--json'])).stdout.trimEnd().split('\n')
    const records = history.map((text) => JSON.parse(text) as RecordView)
    const mistyped = records.find(({ data }) => data.odometer === 46_427)
    assert.ok(mistyped)
    const amended = await run(['amend', mistyped.id, '--set', 'odometer=46426', '--reason', 'a mile too many'])
    assert.is(amended.code, 0, amended.stderr)
    assert.is((await run(['append', 'inspection'], late)).code, 0)
    const newest = JSON.parse((await run(['get', 'inspection', 'VH-002', '--json'])).stdout) as RecordView
    assert.match(String(newest.data.completedAt), /^2024-08-01/)
    assert.is((await run(['verify'])).code, 0)
  })
})

test.run()
