import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { ProposalView, RecordView } from '../../src/node/ledger-node.js'
import { network, type Partner, sameChain, until, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { projectRoot } from '../support/source.js'
import { suite } from '../support/suite.js'

const test = suite('an example network grows through three files', { timeoutMs: 400_000 })

/** An example, the files that it grows through, and the records that are appended meanwhile. */
interface Growth {
  readonly name: string
  readonly role: string
  readonly files: readonly [first: string, second: string, third: string]
  /** The object whose records stream in, and one of them; `more` is the field of its kind. */
  readonly object: string
  readonly record: (thing: string, nth: number, more: Readonly<Record<string, string>>) => object
  /** What has to be there before. */
  readonly before: readonly (readonly [object: string, data: object])[]
  /** The optional field that the second file brings, and the two names of one that the third renames. */
  readonly brought: string
  readonly former: string
  readonly present: string
}

const CARS = ['WVWZZZ1JZXW000001', 'WVWZZZ1JZXW000002', 'WVWZZZ1JZXW000003']

const example = (name: string): string => readFileSync(join(projectRoot, `config/networks/${name}.yaml`), 'utf8')

function grown(name: string, second: Edits, third: Edits): Growth['files'] {
  const first = example(name)
  const next = edited(first, second)
  return [first, next, edited(next, third)]
}

const GROWTHS: readonly Growth[] = [
  {
    name: 'car-service',
    role: 'tryout',
    object: 'maintenance',
    // One more field, visits that may come late and be amended; then a field with another name, and one rule more.
    files: grown(
      'car-service',
      [
        [
          '    title: Visit to a workshop\n',
          '    title: Visit to a workshop\n    order: visitedAt\n    amend: { by: own }\n'
        ],
        [
          '        description: { type: string',
          '        technician: { type: string, maxLength: 40 }\n        description: { type: string'
        ],
        [/ {6}- id: visits-in-order\n(?: {8}.*\n)+/, '']
      ],
      [
        ['        description: { type: string', '        work: { type: string'],
        ['    amend: { by: own }\n', '    amend: { by: own }\n    aliases: { description: work }\n'],
        [
          '      - id: not-before-it-was-built',
          '      - id: work-is-told-on\n        expr: previous == null || !has(previous.work) || has(record.work) || record.price < 100.00\n        message: say what was done\n      - id: not-before-it-was-built'
        ]
      ]
    ),
    before: [
      ...CARS.map((vin) => ['vehicle', { vin, model: 'Golf', builtOn: '2020-01-01' }] as const),
      ['repair', { repair: 'oil-change', name: 'Oil', priceMin: 50, priceMax: 150 }]
    ],
    record: (vin, nth, more) => ({
      vin,
      visitedAt: new Date(Date.UTC(2024, 0, 1, nth)).toISOString(),
      odometer: 10 * nth,
      repair: 'oil-change',
      price: 89,
      parts: [],
      ...more
    }),
    brought: 'technician',
    former: 'description',
    present: 'work'
  },
  {
    name: 'inspections',
    role: 'inspector',
    object: 'inspection',
    // The make is optional and brings a remark; inspections may come late and be amended; then the make is called maker.
    files: grown(
      'inspections',
      [
        ['    key: [vehicle]\n', '    key: [vehicle]\n    order: completedAt\n    amend: { by: own }\n'],
        ['required: [vehicle, make, ', 'required: [vehicle, '],
        ['        make: {', '        remark: { type: string, maxLength: 40 }\n        make: {'],
        [/ {6}- id: inspections-in-order\n(?: {8,}.*\n)+/, '']
      ],
      [
        ['        make: {', '        maker: {'],
        ['    amend: { by: own }\n', '    amend: { by: own }\n    aliases: { make: maker }\n']
      ]
    ),
    before: [],
    record: (vehicle, nth, more) => ({
      vehicle,
      // Before the second file every inspection names it.
      model: 'Golf',
      firstUsedDate: '2020-01-01',
      fuelType: 'Petrol',
      completedAt: new Date(Date.UTC(2024, 0, 1, nth)).toISOString(),
      odometer: 10 * nth,
      odometerUnit: 'KM',
      result: 'PASSED',
      defects: [],
      ...more
    }),
    brought: 'remark',
    former: 'make',
    present: 'maker'
  }
]

type Edits = readonly (readonly [find: string | RegExp, replace: string])[]

function edited(text: string, edits: Edits): string {
  return edits.reduce((before, [find, replace]) => {
    const after = before.replace(find, replace)
    assert.is.not(after, before, `${find} is in the file`)
    return after
  }, text)
}

type Kind = 'plain' | 'brought' | 'former' | 'present'

const KINDS: readonly Kind[] = ['plain', 'brought', 'former', 'present']

interface Outcome {
  readonly kind: Kind
  readonly status: string
  readonly height?: number
  readonly code?: string
  readonly id?: string
}

/** Records of one thing, one hour and ten kilometres after the other, of all kinds in turn, until told to end. */
async function stream(by: Partner, growth: Growth, thing: string, isOver: () => boolean): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let round = 0; round < 200 && (!isOver() || round < 3); round++) {
    const from = outcomes.length
    const lines = Array.from({ length: 40 }, (_, at) => {
      const kind = KINDS[(from + at) % KINDS.length]!
      return JSON.stringify(growth.record(thing, from + at, kind === 'plain' ? {} : { [growth[kind]]: 'oil' }))
    })
    const { stdout } = await by.ledger(['append', growth.object, '--json'], `${lines.join('\n')}\n`)
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

/** Kinds that each file takes. */
function known({ name }: Growth): Readonly<Record<string, readonly Kind[]>> {
  // Of inspections the first file wants what the others leave out.
  const first: readonly Kind[] = name === 'inspections' ? ['former'] : ['plain', 'former']
  return { first, second: ['plain', 'brought', 'former'], third: ['plain', 'brought', 'present'] }
}

for (const growth of GROWTHS) {
  test(`${growth.name}: under load each record is judged by exactly one of them, the same everywhere`, async () => {
    await withSandbox(async (sandbox) => {
      const [first, secondFile, thirdFile] = growth.files
      const partners = await network(sandbox, 3, { text: first, role: growth.role })
      const [p1, p2, p3] = partners as [Partner, Partner, Partner]
      for (const [object, data] of growth.before) {
        assert.is((await p1.ledger(['append', object], `${JSON.stringify(data)}\n`)).code, 0)
      }
      const tip = (await p1.client.status()).height
      for (const { client } of partners) await until('all have it', async () => (await client.status()).height >= tip)
      let isOver = false
      const streams = partners.map((partner, at) => stream(partner, growth, CARS[at]!, () => isOver))
      await until('records come in', async () => (await p1.client.status()).height > tip + 3)
      const second = await enacted(partners, await sandbox.file('second.yaml', secondFile))
      const third = await enacted(partners, await sandbox.file('third.yaml', thirdFile))
      await until('records go on', async () => (await p1.client.status()).height > third + 5)
      isOver = true
      const outcomes = (await Promise.all(streams)).flat()
      await sameChain(partners)

      const counts = new Map<string, number>()
      for (const { kind, status, height, code } of outcomes) {
        assert.is.not(status, 'pending')
        const at = height === undefined ? 'intake' : height < second ? 'first' : height < third ? 'second' : 'third'
        const what = `${kind} ${status} ${at}`
        counts.set(what, (counts.get(what) ?? 0) + 1)
        if (status === 'refused') assert.is(code, 'SCHEMA', what)
        else assert.ok(known(growth)[at]?.includes(kind), `${what}, in block ${height}`)
      }
      for (const [what, least] of [
        ['former accepted first', 5],
        ['brought accepted second', 1],
        ['present accepted third', 5],
        ['former refused intake', 5]
      ] as const) {
        assert.ok((counts.get(what) ?? 0) >= least, `${what}: ${JSON.stringify([...counts])}`)
      }

      // A late entry, and an amendment by whoever wrote it; both are the same in all copies.
      const isOwn = ({ kind, status, height = 0 }: Outcome): boolean =>
        kind === 'present' && status === 'accepted' && height > third
      const own = outcomes.find(isOwn)!
      const writer = partners.find(({ id }) => own.id!.startsWith(`${id}/`))!
      const set = `${growth.present}=oil and filter`
      const amended = await writer.ledger(['amend', own.id!, '--set', set, '--reason', 'the filter too'])
      assert.is(amended.code, 0, amended.stderr)
      const late = growth.record(CARS[0]!, 0.5, {})
      const tooLate = await p2.ledger(['append', growth.object, '--json'], `${JSON.stringify(late)}\n`)
      assert.match(tooLate.stdout, /REFERENCE_MISSING.*kept in order from/)
      await sameChain(partners)
      const shown = await Promise.all(partners.map(({ client }) => client.show(own.id!)))
      for (const record of shown) assert.equal(record, shown[0])
      assert.ok((shown[0] as RecordView).amendedBy !== undefined)
      // What was written under a former name is shown as it was written, and its history is one.
      const described = outcomes.find(({ kind, status }) => kind === 'former' && status === 'accepted')!
      assert.equal((await p3.client.show(described.id!)).data[growth.former], 'oil')
      await verifyAll(partners)
    })
  })
}

test.run()
