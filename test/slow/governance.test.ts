import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { ProposalView } from '../../src/node/ledger-node.js'
import { network, type Partner, sameChain, until, untilVoters, verifyAll } from '../support/partners.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('governance', { timeoutMs: 150_000 })

/** Scripts force what they mean: on a busy machine a connection may be gone for a moment. */
async function told<T>(at: Partner, line: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await at.ledger([...line, '--json'])
  assert.is(code, 0, stderr)
  return ndjson<T>(stdout)[0]!
}

async function append(at: Partner, odometer: number): Promise<void> {
  const { code, stderr } = await at.ledger(['append', 'inspection'], `{"vehicle":"A","odometer":${odometer}}\n`)
  assert.is(code, 0, stderr)
}

async function untilState(at: Partner, id: string, state: string): Promise<void> {
  await until(`${at.id} sees ${id} ${state}`, async () => {
    return (await at.client.partners()).find((partner) => partner.id === id)?.state === state
  })
}

test('a partner is suspended, cut off, reinstated, and removed for good', async () => {
  await withSandbox(async (sandbox) => {
    const [p1, p2, p3, p4] = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    await append(p1, 10)
    const proposed = await told<ProposalView>(p1, ['propose', 'suspend', 'p4', '--reason', 'odd records', '--force'])
    assert.equal([proposed.state, proposed.yes, proposed.needed], ['open', 1, 3])
    assert.equal(proposed.waiting, ['p2', 'p3', 'p4'])
    assert.is((await p4.ledger(['withdraw', proposed.id])).code, 4)
    await told(p2, ['vote', proposed.id, 'yes', '--force'])
    const people = await p3.ledger(['proposal', proposed.id])
    assert.match(people.stdout, /open: 2 of 3 yes, 0 no; not yet: p3, p4/)
    assert.match(people.stdout, /state: active -> suspended/)
    const passed = await told<ProposalView>(p3, ['vote', proposed.id, 'yes', '--reason', 'seen them too', '--force'])
    assert.is(passed.effectiveHeight, passed.closed! + 2)
    for (const partner of [p1, p2, p3, p4]) await untilState(partner, 'p4', 'suspended')
    assert.is((await told<ProposalView>(p1, ['proposal', proposed.id])).state, 'enacted')
    await until('p4 is cut off', async () =>
      (await p4.client.status()).partners.every(({ id, connected }) => id === 'p4' || !connected)
    )
    await append(p2, 20)
    const refused = await p4.ledger(['append', 'inspection', '--json'], '{"vehicle":"A","odometer":30}\n')
    assert.is(refused.code, 4, refused.stderr)
    assert.match(refused.stdout, /NOT_PERMITTED/)
    assert.is((await p4.ledger(['verify'])).code, 0)

    const back = await told<ProposalView>(p2, ['propose', 'reinstate', 'p4', '--force'])
    assert.is(back.needed, 3, 'of the three who are left')
    for (const partner of [p1, p3]) await told(partner, ['vote', back.id, 'yes', '--force'])
    await untilVoters([p1, p2, p3, p4])
    await append(p4, 40)

    await p4.node().stop()
    const away = await told<ProposalView>(p1, ['propose', 'remove', 'p4', '--force'])
    await told(p2, ['vote', away.id, 'no', '--force'])
    await told(p3, ['vote', away.id, 'yes', '--force'])
    await told(p2, ['vote', away.id, 'yes', '--force'])
    for (const partner of [p1, p2, p3]) await untilState(partner, 'p4', 'removed')
    await append(p3, 50)
    await p4.again()
    await until('p4 is told', async () => (await p4.client.status()).partner.state === 'removed')
    assert.is((await p4.ledger(['verify'])).code, 0)
    await sameChain([p1, p2, p3])
    const list = ndjson<ProposalView>((await p1.ledger(['proposals', '--json'])).stdout)
    assert.equal(
      list.map(({ kind, state }) => [kind, state]),
      [
        ['suspend', 'enacted'],
        ['reinstate', 'enacted'],
        ['remove', 'enacted']
      ]
    )
    await verifyAll([p1, p2, p3, p4])
  })
})

test('a key is replaced while records come in: same process, same socket, and what was pending keeps its id', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, , , p4] = partners
    await append(p4, 10)
    const { stdout: text } = await p4.ledgerNode(['key', 'new'])
    const before = await p4.ledgerNode(['key', 'show'])
    assert.is.not(text, before.stdout)
    assert.is((await p4.ledgerNode(['key', 'new'])).stdout, text, 'the same one again')
    const key = text.trim()
    const pipe = p4.ledger(
      ['append', 'inspection', '--json'],
      Array.from({ length: 2000 }, (_, index) => `{"vehicle":"B","odometer":${index}}\n`).join('')
    )
    const proposed = await told<ProposalView>(p4, ['propose', 'key', 'p4', key]).catch(() => null)
    if (proposed !== null) assert.is(proposed.needed, 1)
    await until('p4 has its next key everywhere', async () => {
      for (const { client } of partners) {
        const views = await client.partners().catch(() => [])
        if (views.find(({ id }) => id === 'p4')?.key !== key) return false
      }
      return true
    })
    await untilVoters(partners)
    const { stdout } = await pipe
    for (const { id, status } of ndjson<{ id?: string; status: string }>(stdout)) {
      if (id === undefined || status === 'refused') continue
      await until(`${id} is committed`, async () => (await p1.client.show(id)).status === 'accepted')
    }
    await append(p4, 20)
    assert.is((await p4.ledgerNode(['key', 'show'])).stdout, text)
    await p4.node().stop()
    await p4.again()
    await untilVoters(partners)
    await append(p4, 30)
    await sameChain(partners)
    await verifyAll(partners)
  })
})

test('a lost key is replaced by vote', async () => {
  await withSandbox(async (sandbox) => {
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, p3, p4] = partners
    await append(p2, 10)
    await p2.node().stop()
    await rm(join(p2.home, 'key'))
    const missing = await p2.ledgerNode(['start'])
    assert.is(missing.code, 1)
    assert.match(missing.stderr, /KEY_FILE/)
    const key = (await p2.ledgerNode(['key', 'new'])).stdout.trim()
    const proposed = await told<ProposalView>(p1, ['propose', 'key', 'p2', key, '--force'])
    await told(p3, ['vote', proposed.id, 'yes', '--force'])
    assert.is((await told<ProposalView>(p1, ['proposal', proposed.id])).state, 'open')
    await told(p4, ['vote', proposed.id, 'yes', '--force'])
    await p2.again()
    await untilVoters(partners)
    assert.is((await p2.client.partners()).find(({ id }) => id === 'p2')?.key, key)
    // What its former key signed is not known there any more, so it comes back as a new incarnation.
    const again = '{"vehicle":"A","odometer":20}\n'
    await until('p2 writes again', async () => (await p2.ledger(['append', 'inspection'], again)).code === 0)
    await sameChain(partners)
    await verifyAll(partners)
    for (const { client } of partners)
      for await (const lie of client.evidence({})) assert.unreachable(JSON.stringify(lie))
  })
})

test('what would stop the network is refused with the arithmetic, unless it is forced', async () => {
  await withSandbox(async (sandbox) => {
    const [p1, p2, p3] = (await network(sandbox, 3, { quorum: 'majority' })) as [Partner, Partner, Partner]
    await p3.node().stop()
    await until('p3 is away', async () => !(await p1.client.partners()).find(({ id }) => id === 'p3')!.connected)
    const refused = await p1.ledger(['propose', 'suspend', 'p2'])
    assert.is(refused.code, 1)
    assert.match(
      refused.stderr,
      /TOO_FEW_ALIVE: 2 voters would be left, 2 of them are needed for a block, and 1 are connected/
    )
    const forced = await told<ProposalView>(p1, ['propose', 'suspend', 'p2', '--force'])
    assert.is(forced.state, 'open')
    const voted = await p2.ledger(['vote', forced.id, 'yes'])
    assert.is(voted.code, 1, 'a vote is held against the same arithmetic')
    await told(p2, ['vote', forced.id, 'no'])
    assert.is((await told<ProposalView>(p1, ['withdraw', forced.id])).state, 'withdrawn')
  })
})

test.run()
