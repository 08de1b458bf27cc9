import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { ProposalView, RecordView } from '../../src/node/ledger-node.js'
import { network, type Partner, sameChain, until, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { projectRoot } from '../support/source.js'
import { suite } from '../support/suite.js'

const test = suite('an example network grows through three files', { timeoutMs: 400_000 })

const FIRST = readFileSync(join(projectRoot, 'config/networks/car-service.yaml'), 'utf8')

/** One more field, visits that may come late and be amended. */
const SECOND = edited(FIRST, [
  [
    '    title: Visit to a workshop\n',
    '    title: Visit to a workshop\n    order: visitedAt\n    amend: { by: own }\n'
  ],
  [
    '        description: { type: string',
    '        technician: { type: string, maxLength: 40 }\n        description: { type: string'
  ],
  [/ {6}- id: visits-in-order\n(?: {8}.*\n)+/, '']
])

/** One field with another name, and one rule more. */
const THIRD = edited(SECOND, [
  ['        description: { type: string', '        work: { type: string'],
  ['    amend: { by: own }\n', '    amend: { by: own }\n    aliases: { description: work }\n'],
  [
    '      - id: not-before-it-was-built',
    '      - id: work-is-told-on\n        expr: previous == null || !has(previous.work) || has(record.work) || record.price < 100.00\n        message: say what was done\n      - id: not-before-it-was-built'
  ]
])

function edited(text: string, edits: readonly (readonly [find: string | RegExp, replace: string])[]): string {
  return edits.reduce((before, [find, replace]) => {
    const after = before.replace(find, replace)
    assert.is.not(after, before, `${find} is in the file`)
    return after
  }, text)
}

const CARS = ['WVWZZZ1JZXW000001', 'WVWZZZ1JZXW000002', 'WVWZZZ1JZXW000003']

type Kind = 'plain' | 'technician' | 'description' | 'work'

const KINDS: readonly Kind[] = ['plain', 'technician', 'description', 'work']

interface Outcome {
  readonly kind: Kind
  readonly status: string
  readonly height?: number
  readonly code?: string
  readonly id?: string
}

/** Visits of one car, one hour and ten kilometres after the other, of all kinds in turn, until told to end. */
async function stream(by: Partner, vin: string, isOver: () => boolean): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let round = 0; round < 200 && (!isOver() || round < 3); round++) {
    const from = outcomes.length
    const lines = Array.from({ length: 40 }, (_, at) => {
      const nth = from + at
      const kind = KINDS[nth % KINDS.length]!
      const visitedAt = new Date(Date.UTC(2024, 0, 1, nth)).toISOString()
      const visit = { vin, visitedAt, odometer: 10 * nth, repair: 'oil-change', price: 89, parts: [] }
      return JSON.stringify(kind === 'plain' ? visit : { ...visit, [kind]: 'oil' })
    })
    const { stdout } = await by.ledger(['append', 'maintenance', '--json'], `${lines.join('\n')}\n`)
    ndjson<Outcome>(stdout).forEach((outcome, at) => {
      outcomes.push({ ...outcome, kind: KINDS[(from + at) % KINDS.length]! })
    })
  }
  return outcomes
}

async function enacted(partners: readonly Partner[], file: string): Promise<number> {
  const [first, ...others] = partners as readonly [Partner, ...Partner[]]
  const { code, stdout, stderr } = await first.ledger(['propose', 'model', file, '--json'])
  assert.is(code, 0, stderr)
  const { id } = ndjson<ProposalView>(stdout)[0]!
  for (const { ledger } of others) await ledger(['vote', id, 'yes'])
  await until('the file is in force', async () => (await first.client.proposal(id)).state === 'enacted')
  return (await first.client.proposal(id)).effectiveHeight!
}

test('under load each record is judged by exactly one of them, the same everywhere', async () => {
  await withSandbox(async (sandbox) => {
    const partners = await network(sandbox, 3, { text: FIRST, role: 'tryout' })
    const [p1, p2, p3] = partners as [Partner, Partner, Partner]
    const car = (vin: string) => `{"vin":"${vin}","model":"Golf","builtOn":"2020-01-01"}\n`
    assert.is((await p1.ledger(['append', 'vehicle'], CARS.map(car).join(''))).code, 0)
    const repair = '{"repair":"oil-change","name":"Oil","priceMin":50,"priceMax":150}\n'
    assert.is((await p1.ledger(['append', 'repair'], repair)).code, 0)
    const tip = (await p1.client.status()).height
    for (const partner of partners)
      await until('all have the cars', async () => (await partner.client.status()).height >= tip)
    let isOver = false
    const streams = partners.map((partner, at) => stream(partner, CARS[at]!, () => isOver))
    await until('visits come in', async () => (await p1.client.status()).height > tip + 3)
    const second = await enacted(partners, await sandbox.file('second.yaml', SECOND))
    const third = await enacted(partners, await sandbox.file('third.yaml', THIRD))
    await until('visits go on', async () => (await p1.client.status()).height > third + 5)
    isOver = true
    const outcomes = (await Promise.all(streams)).flat()
    await sameChain(partners)

    const counts = new Map<string, number>()
    for (const { kind, status, height, code } of outcomes) {
      assert.is.not(status, 'pending')
      const at = height === undefined ? 'intake' : height < second ? 'first' : height < third ? 'second' : 'third'
      counts.set(`${kind} ${status} ${at}`, (counts.get(`${kind} ${status} ${at}`) ?? 0) + 1)
      if (status === 'refused') {
        assert.is(code, 'SCHEMA', `${kind} ${code}`)
        continue
      }
      const known: readonly string[] =
        {
          first: ['plain', 'description'],
          second: ['plain', 'technician', 'description'],
          third: ['plain', 'technician', 'work']
        }[at as 'first'] ?? []
      assert.ok(known.includes(kind), `${kind} in block ${height}, by the ${at} file`)
    }
    for (const [what, least] of [
      ['description accepted first', 5],
      ['technician accepted second', 1],
      ['work accepted third', 5],
      ['description refused intake', 5]
    ] as const) {
      assert.ok((counts.get(what) ?? 0) >= least, `${what}: ${JSON.stringify([...counts])}`)
    }

    // A late entry, and an amendment by whoever wrote it; both are the same in all copies.
    const [own] = outcomes.filter(
      ({ kind, status, height = 0 }) => kind === 'work' && status === 'accepted' && height > third
    )
    const writer = partners.find(({ id }) => own!.id!.startsWith(`${id}/`))!
    const amended = await writer.ledger([
      'amend',
      own!.id!,
      '--set',
      'work=oil and filter',
      '--reason',
      'the filter too'
    ])
    assert.is(amended.code, 0, amended.stderr)
    const late = {
      vin: CARS[0],
      visitedAt: '2024-01-01T00:30:00Z',
      odometer: 1,
      repair: 'oil-change',
      price: 89,
      parts: []
    }
    const tooLate = await p2.ledger(['append', 'maintenance', '--json'], `${JSON.stringify(late)}\n`)
    assert.match(tooLate.stdout, /REFERENCE_MISSING.*kept in order from/)
    await sameChain(partners)
    const shown = await Promise.all(partners.map(({ client }) => client.show(own!.id!)))
    for (const record of shown) assert.equal(record, shown[0])
    assert.ok((shown[0] as RecordView).amendedBy !== undefined)
    // What was written under a former name is read under the one of today.
    const described = outcomes.find(({ kind, status }) => kind === 'description' && status === 'accepted')!
    assert.equal((await p3.client.show(described.id!)).data.description, 'oil')
    await verifyAll(partners)
  })
})

test.run()
