import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { canonicalText } from '../../src/base/canonical.js'
import type { Json } from '../../src/base/json.js'
import { ndjson, SHARED_DATA, withSandbox } from '../support/processes.js'
import { skipUnless, suite } from '../support/suite.js'

const test = suite('worked examples', { timeoutMs: 60_000 })

const networks = fileURLToPath(new URL('../../config/networks', import.meta.url))

interface Outcome {
  readonly line: number
  readonly status: string
  readonly id: string
  readonly code?: string
  readonly rule?: string
  readonly message?: string
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

test('of 38 real inspections exactly the one with the lower reading is refused', async () => {
  skipUnless(existsSync(join(SHARED_DATA, 'mot')), 'needs ../shared/data/mot')
  await withSandbox(async ({ start, ledger, file, directory }) => {
    await start(['--network', join(networks, 'inspections.yaml'), '--partner', 'p1', '--role', 'inspector'])
    const names = ['VH-001', 'VH-002', 'VH-003']
    const texts = await Promise.all(names.map((name) => readFile(join(SHARED_DATA, 'mot', `${name}.ndjson`), 'utf8')))
    const records = texts.flatMap(linesOf)
    const time = (line: string) => (JSON.parse(line) as { completedAt: string }).completedAt
    records.sort((a, b) => (time(a) < time(b) ? -1 : 1))
    assert.is(records.length, 38)
    const { code, stdout, stderr } = await ledger(['append', 'inspection', '--json'], `${records.join('\n')}\n`)
    assert.is(code, 3, stderr)
    const outcomes = ndjson<Outcome>(stdout)
    const refused = outcomes.filter(({ status }) => status !== 'accepted')
    assert.is(outcomes.length, 38)
    assert.is(refused.length, 1)
    const [only] = refused
    assert.match(records[(only?.line ?? 0) - 1] ?? '', /"VH-002".*"2022-07-13T15:04/)
    assert.is(only?.rule, 'odometer-never-decreases')
    assert.is(only?.message, 'odometer 46426 is lower than 46427')
    assert.is((await ledger(['verify'])).code, 0)
    await file('genesis.json', (await ledger(['genesis', '--json'])).stdout)
    const receipt = await file('receipt.json', (await ledger(['receipt', only?.id ?? ''])).stdout)
    const proof = await ledger(['verify-receipt', receipt, '--genesis', join(directory, 'genesis.json')])
    assert.match(proof.stdout, 'REFUSED: RULE_BROKEN')
  })
})

test('supply-chain events come out as they went in', async () => {
  skipUnless(existsSync(join(SHARED_DATA, 'epcis')), 'needs ../shared/data/epcis')
  await withSandbox(async ({ start, ledger }) => {
    await start(['--network', join(networks, 'epcis.yaml'), '--partner', 'p1', '--role', 'handler'])
    const input = await readFile(join(SHARED_DATA, 'epcis/events.ndjson'), 'utf8')
    const { code, stdout, stderr } = await ledger(['append', 'event', '--json'], input)
    assert.is(code, 0, `${stderr}${stdout}`)
    const listed = await ledger(['list', 'event', '--history', '--limit', '1000', '--json'])
    const canonical = (text: string) => canonicalText(JSON.parse(text) as Json)
    const records = ndjson<{ data: Json }>(listed.stdout)
    assert.equal(
      records.map(({ data }) => canonicalText(data)),
      linesOf(input).map(canonical)
    )
    // Not only after sorting: what is given out is in canonical form already.
    assert.equal(
      records.map(({ data }) => JSON.stringify(data)),
      linesOf(input).map(canonical)
    )
  })
})

test('the commands of the README: the car service, tried alone', async () => {
  await withSandbox(async ({ start, ledger }) => {
    await start(['--network', join(networks, 'car-service.yaml'), '--partner', 'workshop', '--role', 'tryout'])
    const refused: Record<string, number[]> = {}
    for (const object of ['vehicle', 'part', 'repair', 'maintenance']) {
      const { stdout } = await ledger(['append', object, join(networks, 'car-service', `${object}.ndjson`), '--json'])
      const outcomes = ndjson<Outcome>(stdout)
      refused[object] = outcomes.filter(({ status }) => status === 'refused').map(({ line }) => line)
    }
    assert.equal(refused, { vehicle: [5, 6], part: [], repair: [4], maintenance: [3, 6, 7, 8, 10, 11, 12, 13, 14] })
    const history = await ledger(['history', 'maintenance', 'WVWZZZ1KZAW000001'])
    assert.match(history.stdout, /31240/)
    assert.is((await ledger(['verify'])).code, 0)
  })
})

test.run()
