import * as assert from 'uvu/assert'
import type { ProposalView, RecordView } from '../../src/node/ledger-node.js'
import { INSPECTIONS } from '../support/inspections.js'
import { admit, invite, network, type Partner, sameChain, started, until, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('another network file under way', { timeoutMs: 400_000 })

/** Records of one pipe; one follows the other until the file is in force, and some more. */
const RECORDS = 400
const PIPES_AFTER = 2

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

interface Outcome {
  readonly odometer: number
  readonly status: string
  readonly height?: number
  readonly rule?: string
}

/** Pipes records of one vehicle into a node, with every odometer from 1 on. */
async function stream(by: Partner, vehicle: string, isInForce: () => boolean): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let left = PIPES_AFTER; left > 0; left -= isInForce() ? 1 : 0) {
    const first = outcomes.length + 1
    const lines = Array.from({ length: RECORDS }, (_, at) => `{"vehicle":"${vehicle}","odometer":${first + at}}\n`)
    const { stdout } = await by.ledger(['append', 'inspection', '--json'], lines.join(''))
    for (const line of ndjson<Outcome & { line: number }>(stdout)) {
      outcomes.push({ ...line, odometer: first + line.line - 1 })
    }
  }
  return outcomes
}

test('a rule comes into force while records stream in, one node is killed, one restarts, one joins', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, p3, p4] = partners
    const file = await sandbox.file('even.yaml', EVEN)
    const token = await invite(p1, 'p5')
    let isInForce = false
    const streams = ['A', 'B'].map((vehicle, at) => stream(partners[at]!, vehicle, () => isInForce))
    await until('records come in', async () => (await p1.client.status()).height > 3)
    await p4.kill()
    const { effectiveHeight } = await passed([p1, p2, p3], file)
    isInForce = true
    await p3.node().stop()
    await p3.again()
    await p4.again()
    const joiner = await started(sandbox, 'p5', ['--invite', token])
    await admit(partners, 'p5')
    const outcomes = await Promise.all(streams)
    const all = [...partners, joiner]
    await until('the joiner votes everywhere', () => areVoters(all), 150_000)
    await sameChain(all)

    let before = 0
    let after = 0
    let refused = 0
    for (const { odometer, status, height, rule } of outcomes.flat()) {
      assert.is.not(status, 'pending')
      const isAfter = height === undefined || height >= effectiveHeight!
      if (status === 'refused') {
        refused++
        assert.equal([odometer % 2, rule, isAfter], [1, 'even', true], `record ${odometer} in block ${height}`)
      } else if (isAfter) {
        after++
        assert.is(odometer % 2, 0, `record ${odometer} in block ${height}`)
      } else before++
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

async function areVoters(partners: readonly Partner[]): Promise<boolean> {
  for (const { client } of partners) {
    const voters = (await client.partners()).filter(({ voter, state }) => voter && state === 'active')
    if (voters.length < partners.length) throw new Error(JSON.stringify(await client.status()))
  }
  return true
}

async function historyOf(records: AsyncIterable<RecordView>): Promise<string[]> {
  const seen: string[] = []
  for await (const { id, height, status } of records) seen.push(`${id} ${height} ${status}`)
  return seen
}

test.run()
