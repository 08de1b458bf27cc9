import * as assert from 'uvu/assert'
import type { ProposalView, RecordView } from '../../src/node/ledger-node.js'
import { INSPECTIONS } from '../support/inspections.js'
import {
  invite,
  network,
  type Partner,
  sameChain,
  started,
  until,
  untilVoters,
  verifyAll
} from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('another network file under way', { timeoutMs: 400_000 })

/** Records of each stream. */
const RECORDS = 6_000

/** From then on odd odometers are refused. */
const EVEN = INSPECTIONS.replace(
  '  note:\n    title: Note',
  `      - id: even
        expr: record.odometer % 2 == 0
        message: "{record.odometer} is odd"
  note:
    title: Note`
)

async function passed(partners: readonly Partner[], file: string): Promise<ProposalView> {
  const [first, ...others] = partners as readonly [Partner, ...Partner[]]
  const { code, stdout, stderr } = await first.ledger(['propose', 'model', file, '--force', '--json'])
  assert.is(code, 0, stderr)
  const { id } = ndjson<ProposalView>(stdout)[0]!
  // Whoever votes when it is decided already is told so.
  for (const { ledger } of others) await ledger(['vote', id, 'yes', '--force'])
  await until('the file is in force', async () => (await first.client.proposal(id)).state === 'enacted')
  return await first.client.proposal(id)
}

function stream(by: Partner, vehicle: string) {
  const lines = Array.from({ length: RECORDS }, (_, at) => `{"vehicle":"${vehicle}","odometer":${at + 1}}\n`)
  return by.ledger(['append', 'inspection', '--json'], lines.join(''))
}

test('a rule comes into force while records stream in, one node is killed, one restarts, one joins', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, p3, p4] = partners
    const file = await sandbox.file('even.yaml', EVEN)
    const token = await invite(p1, 'p5')
    const streams = [stream(p1, 'A'), stream(p2, 'B')] as const
    await until('records come in', async () => (await p1.client.status()).height > 3)
    await p4.kill()
    const { effectiveHeight } = await passed([p1, p2, p3], file)
    await p3.node().stop()
    await p3.again()
    await p4.again()
    const joiner = await started(sandbox, 'p5', ['--invite', token])
    const outcomes = await Promise.all(streams)
    const all = [...partners, joiner]
    await untilVoters(all)
    await sameChain(all)

    let before = 0
    let after = 0
    let refused = 0
    for (const { stdout } of outcomes) {
      for (const line of ndjson<{ line: number; status: string; height?: number; rule?: string }>(stdout)) {
        const odometer = line.line
        assert.is.not(line.status, 'pending')
        if (line.status === 'accepted' && line.height! < effectiveHeight!) before++
        if (line.status === 'accepted' && line.height! >= effectiveHeight!) {
          after++
          assert.is(odometer % 2, 0, `record ${odometer} is accepted in block ${line.height}`)
        }
        if (line.status !== 'refused') continue
        refused++
        assert.is(odometer % 2, 1)
        assert.is(line.rule, 'even')
        assert.ok(line.height === undefined || line.height >= effectiveHeight!, `refused in block ${line.height}`)
      }
    }
    assert.ok(before > 0 && after > 0 && refused > 0, JSON.stringify({ before, after, refused, effectiveHeight }))
    // The same verdicts in every copy.
    const histories = await Promise.all(
      all.map(({ client }) => historyOf(client.history('inspection', ['A'], { all: true })))
    )
    for (const history of histories) assert.equal(history, histories[0])
    const models = await Promise.all(all.map(({ client }) => client.model()))
    for (const { from } of models) assert.is(from, effectiveHeight)
    await verifyAll(all)
    for (const partner of all) await partner.node().stop()
    await verifyAll(all)
  })
})

async function historyOf(records: AsyncIterable<RecordView>): Promise<string[]> {
  const seen: string[] = []
  for await (const { id, height, status } of records) seen.push(`${id} ${height} ${status}`)
  return seen
}

test.run()
