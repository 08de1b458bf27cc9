import * as assert from 'uvu/assert'
import {
  admit,
  invite,
  network,
  type Partner,
  sameChain,
  started,
  until,
  untilVoters,
  verifyAll,
  vote
} from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('coming and going under load', { timeoutMs: 600_000 })

/** Records that one command appends. */
const TOGETHER = 100

/** Appends all the while, one command after the other, until told to stop. */
function appending(by: Partner) {
  const accepted: string[] = []
  let isOver = false
  let count = 0

  async function work(): Promise<void> {
    while (!isOver) {
      const lines = Array.from({ length: TOGETHER }, () => `{"visit":"${by.id} ${count++}"}\n`).join('')
      const { stdout } = await by.ledger(['append', 'note', '--json'], lines)
      for (const { id, status } of ndjson<{ id?: string; status: string }>(stdout)) {
        if (status === 'accepted' && id !== undefined) accepted.push(id)
      }
    }
  }

  const done = work()
  return {
    accepted,
    async stop(): Promise<void> {
      isOver = true
      await done
    }
  }
}

/** Proposes a change and lets others vote until it is in force. */
async function agree(by: Partner, voters: readonly Partner[], line: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await by.ledger(['propose', ...line, '--force', '--json'])
  assert.is(code, 0, stderr)
  const { id } = ndjson<{ id: string }>(stdout)[0]!
  for (const voter of voters) {
    await vote(voter, id).catch(async (error: unknown) => {
      if ((await voter.client.proposal(id)).state === 'open') throw error
    })
  }
  await until(`${line.join(' ')} is in force`, async () => (await by.client.proposal(id)).state === 'enacted')
}

test('six partners come and go while records are appended: one chain everywhere, and nothing acknowledged is lost', async () => {
  await withSandbox(async (sandbox) => {
    const partners = await network(sandbox, 4)
    const [p1, p2, p3, p4] = partners as [Partner, Partner, Partner, Partner]
    const loads = [p1, p2, p3].map(appending)
    const p5 = await started(sandbox, 'p5', ['--invite', await invite(p1, 'p5')])
    await admit([p1, p2, p3, p4], 'p5')
    const p6 = await started(sandbox, 'p6', ['--invite', await invite(p2, 'p6')])
    await untilVoters([p1, p2, p3, p4, p5])
    await admit([p1, p2, p3, p4, p5], 'p6')
    await untilVoters([p1, p2, p3, p4, p5, p6])
    loads.push(appending(p5), appending(p6))

    await agree(p1, [p2, p3, p5, p6], ['suspend', 'p4'])
    await agree(p6, [], ['remove', 'p6'])
    await agree(p2, [p1, p3, p5], ['reinstate', 'p4'])
    await untilVoters([p1, p2, p3, p4, p5])
    await agree(p3, [p1, p2, p4, p5], ['remove', 'p5'])
    const p7 = await started(sandbox, 'p7', ['--invite', await invite(p3, 'p7')])
    await admit([p1, p2, p3, p4], 'p7')
    await untilVoters([p1, p2, p3, p4, p7])
    for (const load of loads) await load.stop()

    const left = [p1, p2, p3, p4, p7]
    await sameChain(left)
    for (const { accepted } of loads) assert.ok(accepted.length > 0)
    for (const id of loads.flatMap(({ accepted }) => accepted)) {
      assert.is((await p7.client.show(id)).status, 'accepted', id)
    }
    for (const { client } of [p5, p6]) {
      await until('who has left was told', async () => (await client.status()).partner.state === 'removed')
    }
    await verifyAll([...left, p5, p6])
  })
})

test.run()
