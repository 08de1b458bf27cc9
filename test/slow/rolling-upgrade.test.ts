import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { ProposalView } from '../../src/node/ledger-node.js'
import { seededRandom } from '../simulation/virtual-clock.js'
import { createCast, type Member } from '../support/misbehaving/cast.js'
import { startLoad } from '../support/misbehaving/load.js'
import { EARLIER } from '../support/misbehaving/version-scenarios.js'
import { unpackOldBuild } from '../support/old-builds.js'
import { invite, network, type Partner, sameChain, until, verifyAll } from '../support/partners.js'
import { ndjson, type SandboxHome, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'
import { buildWithVersionMax } from '../support/version-builds.js'

const test = suite('rolling upgrade', { timeoutMs: 300_000 })

async function told<T>(at: SandboxHome, line: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await at.ledger([...line, '--json'])
  assert.is(code, 0, stderr)
  return ndjson<T>(stdout)[0]!
}

async function refused(at: SandboxHome, line: readonly string[], code: number, what: RegExp): Promise<void> {
  const result = await at.ledger(line)
  assert.is(result.code, code, result.stderr)
  assert.match(result.stderr, what)
}

async function untilVersion(members: readonly SandboxHome[], version: number): Promise<void> {
  await until(`version ${version} is in force everywhere`, async () => {
    const all = await Promise.all(members.map(({ client }) => client.status()))
    return all.every((status) => status.version?.inForce === version)
  })
}

/** Waits until all copies are one. */
async function untilOne(members: readonly SandboxHome[]): Promise<void> {
  await until('all copies are one', async () => {
    const all = await Promise.all(members.map(({ client }) => client.status()))
    return new Set(all.map(({ height, head, stateHash }) => `${height} ${head} ${stateHash}`)).size === 1
  })
}

const ids = (members: readonly Member[]): string[] => members.map(({ id }) => id)

test('four of before there were versions are upgraded under load, agree to version 2, and suspend one', async () => {
  await withSandbox(async (sandbox) => {
    const random = seededRandom(7)
    const cast = await createCast(sandbox, { links: 'loopback', build: EARLIER }, random)
    const { members } = cast
    const load = startLoad(members, random)
    const goesOn = async (): Promise<void> => {
      const since = performance.now()
      await until('everybody appends', async () =>
        ids(members).every((id) => load.acknowledgedSince(since, id) !== null)
      )
      assert.equal(cast.fallen(), [])
    }
    try {
      await goesOn()
      const [p1, p2, p3, p4] = members as [Member, Member, Member, Member]
      for (const id of ['p1', 'p2']) await cast.play({ do: 'change the build', who: [id], build: null })
      await goesOn()
      // Half and half: nobody can do without the others.
      await refused(p1, ['propose', 'suspend', 'p4', '--force'], 1, /VERSION_TOO_LOW.*ledger propose version 2/s)
      const first = await told<ProposalView>(p1, ['propose', 'version', '2'])
      assert.equal([first.state, first.yes, first.needed, first.waiting], ['open', 1, 4, ['p2', 'p3', 'p4']])
      await goesOn()
      await cast.play({ do: 'change the build', who: ['p2'], build: EARLIER })
      await goesOn()
      for (const id of ['p2', 'p3', 'p4']) await cast.play({ do: 'change the build', who: [id], build: null })
      await goesOn()
      await told(p2, ['propose', 'version', '2'])
      await told(p3, ['propose', 'version', '2'])
      assert.match((await p4.ledger(['proposals'])).stdout, /open +version 2 .*3 of 4 yes, 0 no; not yet: p4/)

      // Who is taken back to a build that knows no versions agrees no more; who is merely restarted still does.
      await cast.play({ do: 'restart', who: ['p1'] })
      await cast.play({ do: 'change the build', who: ['p3'], build: EARLIER })
      await until('p3 agrees no more', async () => {
        return (await told<ProposalView>(p1, ['proposals'])).waiting.join() === 'p3,p4'
      })
      await cast.play({ do: 'change the build', who: ['p3'], build: null })
      await told(p3, ['propose', 'version', '2'])
      const last = await told<ProposalView>(p4, ['propose', 'version', '2'])
      assert.is(last.state, 'passed')
      await untilVersion(members, 2)
      await goesOn()
      await until('everybody says what it supports', async () => {
        const partners = await p1.client.partners()
        return partners.every(
          ({ supports, software }) => supports === 3 && software?.startsWith('ledger-node ') === true
        )
      })
      await load.stop(30_000)
      assert.equal(load.complaints, [])

      const suspended = await told<ProposalView>(p1, ['propose', 'suspend', 'p4', '--force'])
      await told(p2, ['vote', suspended.id, 'yes', '--force'])
      await told(p3, ['vote', suspended.id, 'yes', '--force'])
      for (const member of members) {
        await until(`${member.id} sees it`, async () => {
          return (await member.client.partners()).find(({ id }) => id === 'p4')?.state === 'suspended'
        })
      }
      await untilOne([p1, p2, p3])
      await verifyAll(members)
    } finally {
      await load.stop(0)
      await cast.close()
    }
  })
})

test('who comes back with a build of before stops at the block that decided version 2, and nobody else does', async () => {
  await withSandbox(async (sandbox) => {
    const cast = await createCast(sandbox, { links: 'loopback', build: EARLIER }, seededRandom(8))
    try {
      const { members } = cast
      const [p1, p2, p3, p4] = members as [Member, Member, Member, Member]
      for (const id of ids(members)) await cast.play({ do: 'change the build', who: [id], build: null })
      await told(p4, ['propose', 'version', '2'])
      await cast.play({ do: 'kill', who: ['p4'] })
      for (const member of [p1, p2, p3]) await told(member, ['propose', 'version', '2'])
      await untilVersion([p1, p2, p3], 2)
      await cast.play({ do: 'change the build', who: ['p4'], build: EARLIER })
      await until('p4 has stopped', async () => p4.node().isOver())
      assert.is(await p4.node().ended(), 6)
      assert.match(p4.node().stderr(), /VERIFICATION_FAILED/)
      const role = await p1.ledger(['append', 'entry', '--timeout', '30s'], '{"book":"a","number":1}\n')
      assert.is(role.code, 0, role.stderr)
      for (const { client } of [p1, p2, p3]) {
        assert.ok(
          (await client.partners()).every(({ evidence }) => evidence === 0),
          'it signed nothing else'
        )
      }
      await cast.play({ do: 'kill', who: ['p4'] })
      await cast.play({ do: 'change the build', who: ['p4'], build: null })
      await untilVersion(members, 2)
      await untilOne(members)
      await verifyAll(members)
    } finally {
      await cast.close()
    }
  })
})

test('a build of before refuses a network that begins with version 2, and says why', async () => {
  await withSandbox(async (sandbox) => {
    const [p1] = (await network(sandbox, 1)) as [Partner]
    const { ledgerNode } = unpackOldBuild(EARLIER, join(sandbox.directory, 'builds'))
    const token = await invite(p1, 'p2')
    const why = /genesis: \/format is of a version this software does not know/
    const joining = sandbox.at('p2', ledgerNode)
    const node = await joining.start(['--invite', token])
    assert.is(await node.ended(), 4)
    assert.match(node.stderr(), why)
    await p1.node().stop()
    const { code, stderr } = await sandbox.at('p1', ledgerNode).ledgerNode(['start'])
    assert.is(code, 1)
    assert.match(stderr, why)
    // The same key is let in once the software is another one.
    await p1.again()
    const present = sandbox.at('p2')
    await present.start(['--invite', token])
    await until('p2 votes', async () => (await present.client.status()).partner.state === 'active')
  })
})

test('a build that does not know a version stops before it, serves what it has, and goes on once it is upgraded', async () => {
  await withSandbox(async (sandbox) => {
    const next = buildWithVersionMax(4, join(sandbox.directory, 'next'))
    const partners = (await network(sandbox, 4)) as [Partner, Partner, Partner, Partner]
    const [p1, p2, p3, p4] = partners
    const append = (at: SandboxHome, odometer: number) =>
      at.ledger(['append', 'inspection', '--timeout', '30s'], `{"vehicle":"A","odometer":${odometer}}\n`)
    const upgrade = async ({ id, node }: Partner) => {
      await node().stop()
      return await sandbox.at(id, next.ledgerNode).start()
    }
    const untilSupport = (wanted: string) =>
      until(`support is ${wanted}`, async () => {
        return (await p1.client.partners()).map(({ supports }) => supports).join(' ') === wanted
      })
    await untilSupport('3 3 3 3')
    await refused(p1, ['propose', 'version', '4'], 1, /TOO_FEW_SUPPORT.*knows versions up to 3/s)
    await upgrade(p1)
    await upgrade(p2)
    await untilSupport('4 4 3 3')
    await refused(
      p1,
      ['propose', 'version', '4'],
      1,
      /TOO_FEW_SUPPORT.*3 of 4 voters are needed.*and 2 run.*p3 \(knows up to 3\)/s
    )
    await upgrade(p3)
    await untilSupport('4 4 4 3')
    const proposed = await told<ProposalView>(p1, ['propose', 'version', '4'])
    const shown = (await p4.ledger(['proposal', proposed.id])).stdout
    assert.match(shown, /version: 3 -> 4/)
    assert.match(shown, /p1: versions up to 4 \(ledger-node .*\)\n/)
    assert.match(shown, /p4: versions up to 3 \(ledger-node .*\): NOT YET/)
    assert.is((await append(p4, 10)).code, 0)
    await told(p2, ['vote', proposed.id, 'yes'])
    const passed = await told<ProposalView>(p3, ['vote', proposed.id, 'yes'])
    assert.is(passed.state, 'passed')
    const last = passed.effectiveHeight! - 1
    await untilVersion([p1, p2, p3], 4)
    await until(
      'p4 has stopped voting',
      async () => (await p4.client.status()).stalled?.causes?.[0]?.code === 'version'
    )
    for (let odometer = 20; odometer < 24; odometer++) assert.is((await append(p1, odometer)).code, 0)
    const status = await p4.client.status()
    assert.equal([status.height, status.version], [last, { inForce: 4, decided: 4, known: 3 }])
    assert.match(
      (await p4.ledger(['status'])).stdout,
      /STALLED .*version 4, and this software knows versions up to 3.*newer build/
    )
    assert.match((await p4.ledger(['get', 'inspection', 'A'])).stdout, /10/)
    assert.is((await p4.ledger(['verify'])).code, 0)
    const late = await append(p4, 30)
    assert.match(late.stderr, /VERSION_UNKNOWN/)
    assert.match(p4.node().stderr(), /"level":"error".*this node stops taking part/)

    // The same after a restart.
    await p4.node().stop()
    await p4.again()
    await until('p4 still waits', async () => (await p4.client.status()).stalled?.causes?.[0]?.code === 'version')
    assert.is((await p4.client.status()).height, last)
    await upgrade(p4)
    await untilVersion(partners, 4)
    assert.is((await append(p4, 30)).code, 0)
    await sameChain(partners)
    await untilSupport('4 4 4 4')
    await verifyAll([p1])
  })
})

test.run()
