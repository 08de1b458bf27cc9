import { existsSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../src/base/errors.js'
import type { Recovery } from '../../src/ledger/recovery.js'
import { recoveryHash } from '../../src/ledger/recovery.js'
import { encodeItem } from '../../src/node/consensus-log.js'
import { homePaths } from '../../src/node/home.js'
import type { RunningNode } from '../../src/node/node.js'
import {
  applyRecovery,
  mergeRecoveries,
  proposeRecovery,
  signRecovery,
  withStoppedHome
} from '../../src/node/recovery-home.js'
import { openWriteAheadLog } from '../../src/node/store/write-ahead-log.js'
import { suite } from '../support/suite.js'
import { agreed, createNetwork, until } from '../support/whole-nodes.js'

const test = suite('recovery of whole nodes', { timeoutMs: 120_000 })

type Network = Awaited<ReturnType<typeof createNetwork>>

async function append(node: RunningNode, odometer: number): Promise<void> {
  const lines = (async function* () {
    yield Buffer.from(`{"vehicle":"A","odometer":${odometer}}\n`)
  })()
  for await (const outcome of node.append('inspection', lines, {})) assert.is(outcome.status, 'accepted')
}

/** Opens a home again each time that an epoch ends under it, as `ledger-node start` does. */
async function keptOpen(network: Network, id: string): Promise<{ readonly node: RunningNode; readonly times: number }> {
  const kept = { node: await network.open(id), times: 1 }
  const watch = (): void => {
    const ended = kept.node
    ended.done.catch(async (error: unknown) => {
      assert.is(error instanceof LedgerError && error.code, 'EPOCH_CHANGED')
      if (!network.nodes.includes(ended)) return
      await network.close(ended)
      kept.node = await network.open(id)
      kept.times++
      watch()
    })
  }
  watch()
  return kept
}

async function signedBy(network: Network, recovery: Recovery, ...ids: readonly string[]): Promise<Recovery> {
  const hash = recoveryHash(recovery.document)
  const signed: Recovery[] = []
  for (const id of ids) {
    signed.push(await withStoppedHome(network.home(id), (home) => signRecovery(home, recovery, hash)))
  }
  return mergeRecoveries(signed)
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => '',
    (error: LedgerError) => `${error.code}: ${error.message}`
  )
}

function propose(network: Network, id: string, lost: readonly string[]): Promise<Recovery> {
  return withStoppedHome(network.home(id), async (home) => proposeRecovery(home, lost))
}

test('one of three goes on alone; an observer follows, and a lost one without a block of its own needs no resync', async () => {
  const network = await createNetwork({ keepPorts: true })
  try {
    const p1 = network.nodes[0]!
    const [p2, p3] = [await network.join('p2'), await network.join('p3')]
    const reader = await network.join('o4', 'reader')
    await append(p1, 1)
    await agreed([p1, p2, p3, reader])
    assert.match(await refusalOf(propose(network, 'p1', ['p2', 'p3'])), /^HOME_LOCKED/)
    for (const node of [p1, p2, p3, reader]) await network.close(node)
    const complete = await signedBy(network, await propose(network, 'p1', ['p2', 'p3']), 'p1')
    await withStoppedHome(network.home('p1'), (home) => applyRecovery(home, complete))

    const first = await network.open('p1')
    await until('the first block of the epoch', () => first.status().height === complete.document.height + 1)
    assert.is(first.status().epoch, 1)
    await append(first, 2)
    const observer = await keptOpen(network, 'o4')
    await until('the observer follows', () => observer.node.status().head === first.status().head)
    assert.is(observer.times, 2, 'once in each epoch')
    assert.ok((await observer.node.verify({})).ok)

    const back = await keptOpen(network, 'p2')
    await until('p2 knows', () => back.node.status().epoch === 1)
    assert.is(back.node.status().partner.state, 'suspended')
    const { id } = await first.propose({
      change: { kind: 'reinstate', partner: 'p2' },
      expiresMs: 3_600_000,
      force: true
    })
    await until('p2 votes again', () => {
      return back.node.status().partner.state === 'active' && back.node.status().quorum.needed === 2
    })
    assert.is(first.proposal(id)?.state, 'enacted')
    await append(back.node, 3)
    await agreed([first, back.node, observer.node])
    assert.ok((await back.node.verify({})).ok)
  } finally {
    await network.remove()
  }
})

/** The log holds what was verified: its signatures are not looked at again. */
async function refusesAboveCertificate(
  network: Network,
  id: string,
  lost: readonly string[],
  genesis: string
): Promise<void> {
  const proposed = await propose(network, id, lost)
  const height = proposed.document.height + 1
  const votes = ['p1', 'p3', 'p4'].map((voter) => ({ incarnation: 0, signature: 'ab'.repeat(64), voter }))
  const certificate = { block: 'ab'.repeat(32), height, round: 9, votes }
  const paths = homePaths(network.home(id))
  const { log } = await openWriteAheadLog({ path: paths.log, genesis }, height)
  log.append(height, encodeItem({ kind: 'input', entry: { type: 'certificate', certificate } }))
  await log.sync()
  await log.close()
  const said = await refusalOf(signedBy(network, proposed, id))
  assert.match(said, /NOT_PERMITTED.*holds a certificate for block/)
  assert.not.ok(existsSync(paths.recovery), 'and has not noted that it did')
}

test('whoever signed signs nothing more, and is free again once the old epoch went on two blocks without it', async () => {
  const network = await createNetwork({ keepPorts: true })
  try {
    const p1 = network.nodes[0]!
    const others = [await network.join('p2'), await network.join('p3'), await network.join('p4')]
    await agreed([p1, ...others])
    await network.close(p1)
    for (const node of others) await network.close(node)
    const proposed = await propose(network, 'p1', ['p3', 'p4'])
    const half = await signedBy(network, proposed, 'p1')
    assert.match(
      await refusalOf(withStoppedHome(network.home('p1'), (home) => applyRecovery(home, half))),
      /VERIFICATION_FAILED.*signatures of p2 are missing/
    )
    const again = await Promise.all(['p2', 'p3', 'p4'].map((id) => network.open(id)))
    for (const odometer of [1, 2, 3]) await append(again[0]!, odometer)
    assert.match(
      await refusalOf(
        (async () => {
          await network.close(again[0]!)
          return await signedBy(network, proposed, 'p2')
        })()
      ),
      /NOT_PERMITTED.*above the/
    )
    again[0] = await network.open('p2')
    const barred = await network.open('p1')
    assert.is(barred.status().stalled?.causes?.[0]?.code, 'recovery-signed')
    await until('it has fetched what the others decided', () => barred.status().head === again[0]!.status().head)
    assert.match(barred.status().stalled?.why ?? '', /signed here/)
    await network.close(barred)
    const free = await network.open('p1')
    assert.is(free.status().stalled, null)
    await network.close(again[2]!)
    await append(free, 9)
    await agreed([free, again[0]!, again[1]!])
    const { genesis } = free.status()
    for (const node of [free, again[0]!, again[1]!]) await network.close(node)
    await refusesAboveCertificate(network, 'p2', ['p3', 'p4'], genesis)
  } finally {
    await network.remove()
  }
})

test.run()
