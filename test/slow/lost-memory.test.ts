import { existsSync, readFileSync, truncateSync } from 'node:fs'
import { cp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { signer } from '../../src/base/crypto.js'
import type { SignedVote } from '../../src/consensus/types.js'
import { countIn, evidenceCountKey } from '../../src/ledger/evidence.js'
import { partnerOf } from '../../src/ledger/partner-set.js'
import { type CheckedRecord, checkRecord, encodeRecord } from '../../src/ledger/record.js'
import { createAdmission } from '../../src/node/admission.js'
import { readToken } from '../../src/node/invitation.js'
import { joinRequestOf } from '../../src/node/join.js'
import type { BatchMessage, PeerMessage } from '../../src/node/peers.js'
import type { Replica } from '../../src/node/replica-types.js'
import { frameRecord, PREAMBLE, scanFrames } from '../../src/node/store/frames.js'
import { openStore } from '../../src/node/store/store.js'
import { createLocalNetwork, type LocalNode, type LocalOptions } from '../support/local-network.js'
import { seedOf } from '../support/small-chain.js'
import { suite } from '../support/suite.js'

const test = suite('replicas that lost their memory', { timeoutMs: 60_000 })

const TWO = ['p1', 'p2']
const THREE = ['p1', 'p2', 'p3']
const FOUR = ['p1', 'p2', 'p3', 'p4']

type Said = Parameters<NonNullable<LocalOptions['passes']>>[2]

/** Complains when somebody signs two things for one place. */
function signatureWatch(complain: (why: string) => void): (message: PeerMessage) => void {
  const seen = new Map<string, string>()
  const see = (place: string, content: string): void => {
    const before = seen.get(place) ?? content
    seen.set(place, before)
    if (before !== content) complain(`${place}: ${before} and ${content}`)
  }
  const seeVote = ({ voter, incarnation, height, round, kind, block }: SignedVote): void => {
    see(`${kind} of ${voter}/${incarnation} at ${height}, round ${round}`, block ?? 'nil')
  }
  const seeBatch = ({ author, incarnation, sequence, hash }: Omit<BatchMessage, 'type'>): void => {
    see(`batch ${author}/${incarnation}/${sequence}`, hash)
  }
  return (message) => {
    if (message.type === 'vote') seeVote(message.vote)
    if (message.type === 'batch') seeBatch(message)
    if (message.type === 'status') for (const batch of message.batches) seeBatch(batch)
    if (message.type !== 'proposal') return
    const { proposer, incarnation, height, round, block, validRound } = message.proposal
    see(`proposal of ${proposer}/${incarnation} at ${height}, round ${round}`, `${block} ${validRound}`)
    for (const vote of message.prevotes) seeVote(vote)
  }
}

/** A network in which everything said is looked at: nobody may ever sign two things for one place. */
async function watchedNetwork(ids: readonly string[]) {
  const contradictions: string[] = []
  const said: { readonly from: string; readonly message: Said }[] = []
  const watch = signatureWatch((why) => contradictions.push(why))
  /** Changed by a test to cut the line. */
  const line = { passes: (_from: string, _to: string, _message: Said): boolean => true }
  const network = await createLocalNetwork(ids, {
    passes(from, to, message) {
      if (message.type !== 'request' && message.type !== 'gossip') {
        watch(message)
        said.push({ from, message })
      }
      return line.passes(from, to, message)
    }
  })
  const home = (id: string): string => join(network.folder, id)
  const nodes = (): LocalNode[] => [...network.nodes.values()]
  return {
    network,
    line,
    said,
    home,
    nodes,
    at: (id: string): LocalNode => network.nodes.get(id)!,
    async openAll(): Promise<void> {
      for (const id of ids) await network.open(id)
    },
    async stop(id: string): Promise<void> {
      await network.nodes.get(id)!.stop()
    },
    /** What must hold in the end, whatever happened. */
    async check(): Promise<void> {
      await agreed(nodes())
      assert.equal(contradictions, [])
      for (const node of nodes()) {
        assert.equal(node.failures, [], node.id)
        for (const id of ids) assert.is(countIn(node.replica.chain.store.state, evidenceCountKey(id)), 0, id)
      }
    }
  }
}

type Watched = Awaited<ReturnType<typeof watchedNetwork>>

function withNetwork(ids: readonly string[], work: (watched: Watched) => Promise<void>): () => Promise<void> {
  return async () => {
    const watched = await watchedNetwork(ids)
    try {
      await watched.openAll()
      await work(watched)
      await watched.check()
    } finally {
      watched.line.passes = () => true
      await watched.network.remove()
    }
  }
}

/** Resolves to the verdict's code; nobody waiting when the node stops is no fault. */
function append(replica: Replica, vehicle: string, odometer: number): Promise<string> {
  const decided = appended(replica, vehicle, odometer)
  decided.catch(() => {})
  return decided
}

function recordOf({ chain }: Replica, vehicle: string, odometer: number): CheckedRecord {
  const text = encodeRecord({ object: 'inspection', data: { vehicle, odometer } })
  return checkRecord(chain.rulebook.model, text, chain.limits.recordBytesMax)
}

async function appended(replica: Replica, vehicle: string, odometer: number): Promise<string> {
  const { batch, index } = replica.own.add(recordOf(replica, vehicle, odometer))
  const { verdicts } = await batch.decided
  return verdicts[index]?.code ?? 'accepted'
}

async function until(what: string, holds: () => boolean, ms = 25_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await pause(10)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function agreed(nodes: readonly LocalNode[]): Promise<void> {
  await until('all have the same tip', () => new Set(nodes.map(({ replica }) => replica.chain.tip.hash)).size === 1)
}

function incarnationOf(node: LocalNode, id: string): number | undefined {
  return partnerOf(node.replica.chain.rulebook.partners, id)?.incarnation
}

/** The incarnations that somebody signed with, votes and proposals. */
function incarnationsSaid(said: Watched['said'], id: string): Set<number> {
  const found = new Set<number>()
  for (const { from, message } of said) {
    if (from !== id) continue
    if (message.type === 'vote' && message.vote.voter === id) found.add(message.vote.incarnation)
    if (message.type === 'proposal' && message.proposal.proposer === id) found.add(message.proposal.incarnation)
  }
  return found
}

async function rejoined(node: LocalNode): Promise<void> {
  await until(`${node.id} has rejoined`, () => !node.replica.rejoining && (incarnationOf(node, node.id) ?? 0) > 0)
}

test(
  'an old copy of a whole home signs nothing, says so, and takes part again under its next incarnation',
  withNetwork(FOUR, async ({ network, said, home, stop, at, nodes }) => {
    assert.is(await append(at('p4').replica, 'a', 1), 'accepted')
    await agreed(nodes())
    await stop('p4')
    await cp(home('p4'), home('copy'), { recursive: true })
    const second = await network.open('p4')
    for (const odometer of [2, 3, 4]) assert.is(await append(second.replica, 'a', odometer), 'accepted')
    await agreed(nodes())
    await stop('p4')
    await rm(home('p4'), { recursive: true })
    await rename(home('copy'), home('p4'))
    said.length = 0
    const back = await network.open('p4')
    assert.match(back.replica.notSigning ?? '', /first asks 2 more partners what they know of it/)
    await rejoined(back)
    assert.is(await append(back.replica, 'a', 5), 'accepted')
    assert.equal([...incarnationsSaid(said, 'p4')], [1])
    assert.is(back.replica.notSigning, null)
  })
)

test(
  'an old copy is noticed by what others hold in no block yet; what was appended to it meanwhile is void, and it says so',
  withNetwork(FOUR, async ({ network, home, stop, at, nodes }) => {
    assert.is(await append(at('p4').replica, 'a', 1), 'accepted')
    await agreed(nodes())
    await stop('p4')
    await cp(home('p4'), home('copy'), { recursive: true })
    const second = await network.open('p4')
    await until('it takes part', () => second.replica.notSigning === null)
    await stop('p2')
    await stop('p3')
    void append(second.replica, 'a', 2)
    await until('its batch is with another', () => at('p1').replica.mempool.size().batches === 1)
    await stop('p4')
    await stop('p1')
    await rm(home('p4'), { recursive: true })
    await rename(home('copy'), home('p4'))
    const old = await network.open('p4')
    // The same sequence as before, with other content: nobody may ever see it.
    const outcome = append(old.replica, 'b', 9).then(
      () => 'decided',
      (error: Error) => error.message
    )
    await until('it is stored', () => old.replica.mempool.size().batches === 1)
    await network.open('p1')
    assert.match(await outcome, /the sign guard is an old one.*append it again after the rejoin/)
    await until('no later start finds the old guard', () => !existsSync(join(home('p4'), 'guard')))
    await stop('p4')
    const back = await network.open('p4')
    assert.is(back.replica.rejoining, true)
    await network.open('p2')
    await network.open('p3')
    await rejoined(back)
    assert.is(await append(back.replica, 'a', 3), 'accepted')
  })
)

test(
  'a node that is restarted alone stores what is appended and lets it out once others have vouched for it',
  withNetwork(FOUR, async ({ network, said, stop, at, nodes }) => {
    assert.is(await append(at('p1').replica, 'a', 1), 'accepted')
    await agreed(nodes())
    for (const id of FOUR) await stop(id)
    said.length = 0
    const first = await network.open('p1')
    await network.open('p2')
    const waiting = append(first.replica, 'a', 2)
    await until('it is stored', () => first.replica.mempool.size().batches === 1)
    await pause(1_000)
    const ofFirst = said.filter(({ from }) => from === 'p1').map(({ message }) => message)
    assert.not(ofFirst.some(({ type }) => type === 'batch' || type === 'vote' || type === 'proposal'))
    assert.equal(
      ofFirst.flatMap((message) => (message.type === 'status' ? message.batches : [])),
      []
    )
    assert.match(first.replica.notSigning ?? '', /1 more partner/)
    await network.open('p3')
    assert.is(await waiting, 'accepted')
    await network.open('p4')
  })
)

/** Takes the end of a log away, from an entry on, as if nothing had been written since. */
function cutLog(path: string, isFirstLost: (entry: string) => boolean): void {
  const scanned = scanFrames(readFileSync(path))
  if (scanned.damagedAt !== undefined) throw new Error(`${path} is damaged: ${scanned.why}`)
  const entries = scanned.records.map((record) => Buffer.from(record).toString())
  const lost = entries.findIndex(isFirstLost)
  assert.ok(lost > 0, entries.join('\n'))
  const kept = entries.slice(0, lost).reduce<Buffer>((bytes, entry) => {
    return Buffer.concat([bytes, frameRecord(entry, bytes.length)])
  }, PREAMBLE)
  truncateSync(path, kept.length)
}

test(
  'a log that ends before an own vote, whole in itself, is noticed: nothing is signed before the next incarnation',
  withNetwork(FOUR, async ({ network, said, home, stop, at, nodes }) => {
    assert.is(await append(at('p1').replica, 'a', 1), 'accepted')
    await agreed(nodes())
    const height = at('p1').replica.chain.tip.height + 1
    for (const id of ['p3', 'p4']) await stop(id)
    void append(at('p2').replica, 'a', 2)
    await until('p1 has voted', () => {
      return said.some(({ from, message }) => {
        return from === 'p1' && message.type === 'vote' && message.vote.height === height
      })
    })
    await stop('p1')
    cutLog(join(home('p1'), 'log', '0000000001.log'), (entry) => {
      return entry.startsWith(`${height} `) && entry.includes('"type":"vote"') && entry.includes('"voter":"p1"')
    })
    said.length = 0
    const back = await network.open('p1')
    assert.is(back.replica.rejoining, true)
    for (const id of ['p3', 'p4']) await network.open(id)
    await rejoined(back)
    assert.is(await append(back.replica, 'b', 1), 'accepted')
    assert.equal([...incarnationsSaid(said, 'p1')], [1])
  })
)

for (const ids of [TWO, FOUR]) {
  test(
    `of ${ids.length} partners one lost a batch that nobody else has seen: it goes on under its next incarnation`,
    withNetwork(ids, async ({ network, home, stop, at, nodes }) => {
      assert.is(await append(at('p1').replica, 'a', 1), 'accepted')
      await agreed(nodes())
      const others = ids.filter((id) => id !== 'p1')
      for (const id of others) await stop(id)
      const { batch } = at('p1').replica.own.add(recordOf(at('p1').replica, 'a', 2))
      await batch.durable
      batch.decided.catch(() => {})
      await stop('p1')
      const store = await openStore({ path: join(home('p1'), 'store'), genesis: network.genesis.hash })
      await store.dropBatches(store.outbox().map(({ hash }) => hash))
      await store.close()
      const back = await network.open('p1')
      const early = append(back.replica, 'a', 3)
      for (const id of others) await network.open(id)
      assert.match(await early.catch((error: Error) => error.message), /batch p1\/1 .*nobody has it.*append it again/)
      await rejoined(back)
      assert.is(await append(back.replica, 'a', 3), 'accepted')
    })
  )
}

for (const ids of [TWO, THREE]) {
  for (const [what, names] of [
    ['its sign guard', ['guard']],
    ['its sign guard and its log', ['guard', 'log']],
    ['its whole disk', ['guard', 'log', 'store']]
  ] as const) {
    test(
      `of ${ids.length} partners that are all needed one loses ${what}: the network goes on`,
      withNetwork(ids, async ({ network, home, stop, at, nodes }) => {
        assert.is(await append(at('p2').replica, 'a', 1), 'accepted')
        assert.is(await append(at('p1').replica, 'a', 2), 'accepted')
        await agreed(nodes())
        await stop('p2')
        const waiting = append(at('p1').replica, 'a', 3)
        await pause(300)
        for (const name of names) await rm(join(home('p2'), name), { recursive: true })
        const back = await network.open('p2')
        assert.is(back.replica.rejoining, true)
        assert.is(await waiting, 'accepted')
        await rejoined(back)
        assert.is(await append(back.replica, 'a', 4), 'accepted')
        assert.is(await append(at('p1').replica, 'a', 5), 'accepted')
        await agreed(nodes())
        await stop('p2')
        const again = await network.open('p2')
        assert.is(await append(again.replica, 'a', 6), 'accepted')
        assert.is(incarnationOf(again, 'p2'), 1)
      })
    )
  }
}

test(
  'an old copy of a home in a network of two is noticed, and the network goes on',
  withNetwork(TWO, async ({ network, home, stop, at, nodes }) => {
    assert.is(await append(at('p2').replica, 'a', 1), 'accepted')
    await agreed(nodes())
    await stop('p2')
    await cp(home('p2'), home('copy'), { recursive: true })
    const second = await network.open('p2')
    assert.is(await append(second.replica, 'a', 2), 'accepted')
    await agreed(nodes())
    await stop('p2')
    await rm(home('p2'), { recursive: true })
    await rename(home('copy'), home('p2'))
    const back = await network.open('p2')
    await rejoined(back)
    assert.is(await append(back.replica, 'a', 3), 'accepted')
  })
)

test(
  'what one of two has decided alone before it lost its disk is decided again, and the next height is not signed twice',
  withNetwork(TWO, async ({ network, line, said, home, stop, at, nodes }) => {
    assert.is(await append(at('p1').replica, 'a', 1), 'accepted')
    await agreed(nodes())
    const before = at('p1').replica.chain.tip.height
    // p1 hears p2 until the precommits; of the decision it hears nothing.
    line.passes = (from, to, message) => {
      if (from === 'p1' && message.type === 'request') return message.request.type === 'batches'
      if (from !== 'p2' || to !== 'p1') return true
      if (message.type === 'status') return false
      return !(message.type === 'vote' && (message.vote.kind === 'precommit' || message.vote.height > before + 1))
    }
    void append(at('p1').replica, 'a', 2)
    await until('p2 has decided alone', () => at('p2').replica.chain.tip.height === before + 1)
    assert.is(at('p1').replica.chain.tip.height, before)
    const { hash } = at('p2').replica.chain.tip
    void append(at('p2').replica, 'b', 1)
    await until('p2 has voted on the next block', () => {
      return said.some(({ from, message }) => {
        return from === 'p2' && message.type === 'vote' && message.vote.height === before + 2
      })
    })
    await stop('p2')
    for (const name of ['guard', 'log', 'store']) await rm(join(home('p2'), name), { recursive: true })
    line.passes = () => true
    const back = await network.open('p2')
    void append(at('p1').replica, 'c', 1)
    void append(at('p1').replica, 'd', 1)
    await rejoined(back)
    for (const { replica } of nodes()) assert.is(replica.chain.store.block(before + 1)?.hash, hash)
  })
)

test(
  'a crash between the fresh start and the rejoin: it goes on from there, and signs no place twice',
  withNetwork(TWO, async ({ network, line, said, home, stop, at, nodes }) => {
    assert.is(await append(at('p1').replica, 'a', 1), 'accepted')
    await agreed(nodes())
    await stop('p2')
    const waiting = append(at('p1').replica, 'a', 2)
    for (const name of ['guard', 'log', 'store']) await rm(join(home('p2'), name), { recursive: true })
    // What p2 signs is lost on the way.
    line.passes = (from, _to, message) => from !== 'p2' || message.type === 'request' || message.type === 'status'
    said.length = 0
    const isVote = ({ from, message }: (typeof said)[number]): boolean => from === 'p2' && message.type === 'vote'
    let back = await network.open('p2')
    await until('it votes again', () => said.some(isVote))
    assert.is(back.replica.rejoining, true)
    for (const { message } of said.filter(isVote)) assert.ok(message.type === 'vote' && message.vote.round >= 2)
    await stop('p2')
    back = await network.open('p2')
    assert.is(back.replica.rejoining, true)
    await until('others have vouched for it', () => back.replica.notSigning === null)
    await stop('p2')
    line.passes = () => true
    back = await network.open('p2')
    assert.is(await waiting, 'accepted')
    await rejoined(back)
    assert.is(await append(back.replica, 'a', 3), 'accepted')
  })
)

test(
  'when both of two have lost their guards nobody can tell what was decided: they wait, and say so',
  withNetwork(TWO, async ({ network, home, stop, at, nodes }) => {
    assert.is(await append(at('p1').replica, 'a', 1), 'accepted')
    await agreed(nodes())
    for (const id of TWO) await stop(id)
    for (const id of TWO) await rm(join(home(id), 'guard'))
    for (const id of TWO) await network.open(id)
    await pause(2_500)
    for (const { replica } of nodes()) {
      assert.is(replica.rejoining, true)
      assert.match(replica.notSigning ?? '', /all others must tell what they know of it; not yet told: p/)
    }
  })
)

test(
  'two of two that restart, one without its guard, find together again',
  withNetwork(TWO, async ({ network, home, stop, at, nodes }) => {
    assert.is(await append(at('p1').replica, 'a', 1), 'accepted')
    await agreed(nodes())
    for (const id of TWO) await stop(id)
    await rm(join(home('p2'), 'guard'))
    const [first, second] = [await network.open('p1'), await network.open('p2')]
    const waiting = append(first.replica, 'a', 2)
    await rejoined(second)
    assert.is(await waiting, 'accepted')
  })
)

test('a pending partner that is restarted behind the others is not ready before it has caught up', async () => {
  const { network, line, check } = await watchedNetwork(['p1'])
  try {
    const first = await network.open('p1')
    const { genesis } = network
    const admission = createAdmission({
      replica: first.replica,
      self: 'p1',
      sign: signer(seedOf('p1')),
      genesisText: genesis.text,
      made: { add: async () => {} },
      writer: { write: async () => 'p1/0/0' },
      list: { isOver: () => false },
      now: Date.now,
      addresses: () => [{ partner: 'p1', key: genesis.genesis.partners[0]!.key, addresses: ['/ip4/127.0.0.1/tcp/1'] }]
    })
    const { token } = await admission.invite({ partner: 'p2', role: 'inspector', expiresMs: 60_000 })
    const read = readToken(token)
    assert.ok(read.ok)
    assert.is((await admission.join(joinRequestOf(read.value, seedOf('p2'), []))).type, 'admitted')
    // It gets its copy, and cannot ask what is known of it.
    line.passes = (from, _to, message) =>
      !(from === 'p2' && message.type === 'request' && message.request.type === 'known')
    const joiner = await network.open('p2')
    const stateOf = (node: LocalNode): string | undefined =>
      partnerOf(node.replica.chain.rulebook.partners, 'p2')?.state
    await until('it is pending', () => stateOf(joiner) === 'pending')
    await pause(300)
    await joiner.stop()
    for (const odometer of [1, 2, 3]) await append(first.replica, 'a', odometer)
    const { height } = first.replica.chain.tip
    line.passes = () => false
    const back = await network.open('p2')
    await pause(1_500)
    assert.is(back.replica.own.waiting(), 0)
    assert.is(stateOf(back), 'pending')
    line.passes = () => true
    await until('it is active', () => stateOf(back) === 'active')
    const ready = back.replica.chain.store.locate('p2', 0)
    const text = back.replica.chain.store.readBatch(ready?.hash ?? '') ?? ''
    const said = JSON.parse(text.split('\n')[1] ?? '{}') as { data?: { height?: number } }
    assert.ok((said.data?.height ?? 0) >= height, text)
    await check()
  } finally {
    line.passes = () => true
    await network.remove()
  }
})

test.run()
