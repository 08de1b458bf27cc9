import * as assert from 'uvu/assert'
import { network, type Partner, sameChain, until, untilVoters, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('a quorum of processes', { timeoutMs: 180_000 })

interface Outcome {
  readonly status: string
  readonly id: string
  readonly code?: string
}

/** Appends one visit and gives its outcome. */
async function visit(by: Partner, vehicle: string, odometer: number, more: string[] = []) {
  const line = `${JSON.stringify({ vehicle, odometer })}\n`
  const { code, stdout, stderr } = await by.ledger(['append', 'inspection', '--json', ...more], line)
  return { code, stderr, outcome: ndjson<Outcome>(stdout)[0] }
}

async function untilOnline(partner: Partner, online: number): Promise<void> {
  await until(
    `${partner.id} sees ${online} online`,
    async () => (await partner.client.status()).quorum.online === online
  )
}

test('four partners: one dead, the others go on; two dead, nothing commits; back, it goes on', async () => {
  await withSandbox(async (sandbox) => {
    const partners = await network(sandbox, 4)
    const [p1, p2, p3, p4] = partners as [Partner, Partner, Partner, Partner]
    assert.is((await visit(p4, 'A', 1)).code, 0)

    await p4.kill()
    await untilOnline(p1, 3)
    // Its turns as proposer are missed once; then it is at the end of the order and nobody waits for it again.
    const times: number[] = []
    for (let odometer = 2; odometer < 14; odometer++) {
      const started = performance.now()
      assert.is((await visit(odometer % 2 === 0 ? p1 : p2, 'A', odometer)).code, 0)
      times.push(performance.now() - started)
    }
    const sorted = times.toSorted((a, b) => a - b)
    const slow = times.filter((time) => time > sorted[0]! + 1000)
    assert.ok(slow.length <= 2, `waited for the dead partner again and again: ${times.map(Math.round).join(' ')} ms`)

    await p3.kill()
    await untilOnline(p1, 2)
    const started = performance.now()
    const stuck = await visit(p1, 'A', 20, ['--timeout', '2s'])
    assert.equal([stuck.code, stuck.outcome?.status, stuck.outcome?.code], [5, 'pending', 'NO_QUORUM'])
    assert.ok(performance.now() - started < 15_000)
    const shown = await p1.ledger(['show', stuck.outcome!.id, '--json'])
    assert.is(ndjson(shown.stdout)[0]?.status, 'pending')
    const told = await p1.ledger(['status'])
    assert.match(told.stdout, /3 of 4 must be online, 2 are\. One more is needed of: p3, p4\./)
    await until('it says why nothing moves', async () => (await p1.client.status()).stalled !== null)
    const { height, stalled } = await p1.client.status()
    assert.match(stalled?.why ?? '', /^3 of 4 voting partners are needed and 2 are online; not reached: p3 \(since 20/)
    assert.match(stalled?.why ?? '', /p4 \(since 20\S+Z\); get the node of one of them started/)
    assert.is(stalled?.causes?.[0]?.code, 'no-quorum')
    assert.is(stalled?.height, height + 1)
    assert.ok(stalled?.round !== undefined)
    assert.match(
      (await p1.ledger(['status'])).stdout,
      /\nSTALLED +since 20\S+ \S+Z, at block \d+, round \d+: 3 of 4 voting partners are needed and 2 are/
    )
    assert.is((await p2.client.status()).height, height, 'nothing commits with two of four')

    await p3.again()
    await until('the pending record commits', async () => {
      const record = await p1.client.show(stuck.outcome!.id)
      return record.status === 'accepted'
    })
    await until('nothing is stalled', async () => (await p1.client.status()).stalled === null)
    await p4.again()
    await untilVoters(partners)
    assert.is((await visit(p4, 'A', 21)).code, 0)
    await sameChain(partners)
    await verifyAll(partners)
  })
})

test('two partners append for the same car at the same time: one order, the same verdicts everywhere', async () => {
  await withSandbox(async (sandbox) => {
    const partners = await network(sandbox, 4)
    const [p1, p2] = partners as [Partner, Partner]
    const visits = (first: number) =>
      Array.from({ length: 200 }, (_, i) => `${JSON.stringify({ vehicle: 'A', odometer: first + 2 * i })}\n`).join('')
    const both = await Promise.all([
      p1.ledger(['append', 'inspection', '--json'], visits(0)),
      p2.ledger(['append', 'inspection', '--json'], visits(1))
    ])
    for (const { code, stderr } of both) assert.ok(code === 0 || code === 3, stderr)
    await sameChain(partners)
    const histories = await Promise.all(
      partners.map((p) => p.ledger(['history', 'inspection', 'A', '--all', '--json']))
    )
    assert.is(new Set(histories.map(({ stdout }) => stdout)).size, 1, 'the same order and verdicts everywhere')
    const records = ndjson<{ id: string; status: string; data: { odometer: number } }>(histories[0]!.stdout)
    const accepted = records.filter(({ status }) => status === 'accepted').map(({ data }) => data.odometer)
    assert.equal(
      accepted,
      accepted.toSorted((a, b) => a - b),
      'the odometer never goes back'
    )
    const told = both.flatMap(({ stdout }) => ndjson<Outcome>(stdout)).filter(({ status }) => status === 'accepted')
    assert.equal(
      told.map(({ id }) => id).sort(),
      records
        .filter(({ status }) => status === 'accepted')
        .map(({ id }) => id)
        .sort(),
      'what was told is what is there'
    )
    await verifyAll(partners)
  })
})

interface SmallNetwork {
  readonly size: number
  readonly quorum: 'two-thirds' | 'majority'
  /** Whether it goes on with one partner away. */
  readonly goesOn: boolean
  readonly promise: RegExp
}

const small: readonly SmallNetwork[] = [
  { size: 2, quorum: 'two-thirds', goesOn: false, promise: /both are online.*no partner may be away/s },
  { size: 3, quorum: 'two-thirds', goesOn: false, promise: /all 3 are online.*no partner may be away/s },
  {
    size: 2,
    quorum: 'majority',
    goesOn: false,
    promise: /both are online: none may be away.*No partner may be dishonest/s
  },
  {
    size: 3,
    quorum: 'majority',
    goesOn: true,
    promise: /while 2 are online: one may be away.*No partner may be dishonest/s
  }
]

for (const { size, quorum, goesOn, promise } of small) {
  test(`${size} partners under ${quorum}: ${goesOn ? 'one may be away' : 'nobody may be away'}, and status says so`, async () => {
    await withSandbox(async (sandbox) => {
      const partners = await network(sandbox, size, { quorum })
      const [first, last] = [partners[0]!, partners.at(-1)!]
      assert.match((await first.ledger(['status'])).stdout, promise)
      assert.is((await visit(last, 'A', 1)).code, 0)
      await last.kill()
      await untilOnline(first, size - 1)
      const alone = await visit(first, 'A', 2, ['--timeout', goesOn ? '20s' : '1500ms'])
      assert.is(alone.code, goesOn ? 0 : 5, alone.stderr)
      await last.again()
      await untilVoters(partners)
      await until('it is committed', async () => {
        return (await first.client.show(alone.outcome!.id)).status === 'accepted'
      })
      assert.is((await visit(last, 'A', 3)).code, 0)
      await sameChain(partners)
      await verifyAll(partners)
    })
  })
}

test.run()
