import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { multiaddr } from '@multiformats/multiaddr'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../src/base/errors.js'
import type { ReadableAttachment } from '../../src/node/attachment-types.js'
import { silentLogger } from '../../src/node/log.js'
import { attachmentProtocol, type ServeAttachment } from '../../src/node/network/attachment-protocol.js'
import { encodeFrame, framesOf } from '../../src/node/network/frames.js'
import { startHost } from '../../src/node/network/host.js'
import type { RunningNode } from '../../src/node/node.js'
import { attachmentHome, codeOf, contentOf, hashOf, piecesOf } from '../support/attachment-home.js'
import {
  GENESIS,
  ledgerError,
  meshed,
  peerHosts,
  seedOf,
  type TestPeer,
  until as untilSeen
} from '../support/peer-hosts.js'
import { genesisOf, NETWORK } from '../support/small-chain.js'
import { suite } from '../support/suite.js'
import { appendLines } from '../support/test-home.js'
import { agreed, createNetwork, until } from '../support/whole-nodes.js'

const test = suite('attachments between partners', { timeoutMs: 60_000 })

const hosts = peerHosts()

test.after.each(async () => {
  await hosts.close()
})

const HASH = hashOf('a file')
const NEVER = new AbortController().signal

interface Served {
  readonly asked: string[]
  closed: number
}

/** Bob asks; alice gives what `file` says. */
async function pair(file: (hash: string) => Omit<ReadableAttachment, 'close'> | null): Promise<[TestPeer, Served]> {
  const served: Served = { asked: [], closed: 0 }
  const serveAttachment: ServeAttachment = async (partner, hash) => {
    served.asked.push(partner)
    const found = file(hash)
    const close = async (): Promise<void> => {
      served.closed += 1
    }
    return found === null ? null : { ...found, close }
  }
  const [alice, bob] = await hosts.network(['alice', 'bob'], (name) => (name === 'alice' ? { serveAttachment } : {}))
  await meshed([alice!, bob!])
  return [bob!, served]
}

async function fetched(bob: TestPeer, bytesMax = 10_000_000, signal = NEVER): Promise<Buffer> {
  return await bob.peers.fetchAttachment(
    'alice',
    { hash: HASH, bytesMax },
    async ({ bytes, chunks }) => {
      const found: Uint8Array[] = []
      for await (const chunk of chunks) found.push(chunk)
      assert.is(Buffer.concat(found).length, bytes)
      return Buffer.concat(found)
    },
    signal
  )
}

async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

test('a file comes as it is, large, small or empty', async () => {
  for (const bytes of [0, 1, 65_536, 65_537, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 19, 3 * 2 ** 19 + 1, 3_000_000]) {
    const content = Buffer.alloc(bytes, 'abc')
    const [bob, served] = await pair(() => ({ bytes, chunks: () => chunksOf(content) }))
    const came = await fetched(bob)
    assert.is(hashOf(came), hashOf(content), `${bytes}`)
    assert.equal([served.asked, served.closed], [['bob'], 1])
    await hosts.close()
  }
})

test('whoever is slow to take a large file gets all of it', async () => {
  const content = Buffer.alloc(20_000_000, 'abc')
  const [bob] = await pair(() => ({ bytes: content.length, chunks: () => chunksOf(content) }))
  const want = { hash: HASH, bytesMax: content.length }
  const came = await bob.peers.fetchAttachment(
    'alice',
    want,
    async ({ chunks }) => {
      let bytes = 0
      for await (const chunk of chunks) {
        bytes += chunk.length
        // Nothing is read while a disk writes.
        if (bytes % 1_000_000 < 65_536) await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return bytes
    },
    NEVER
  )
  assert.is(came, content.length)
})

test('what is not here is said to be so', async () => {
  const [bob] = await pair(() => null)
  assert.is((await ledgerError(fetched(bob))).code, 'NOT_FOUND')
})

test('a build without files is asked in vain, and is no liar', async () => {
  const [alice, bob] = await hosts.network(['alice', 'bob'])
  await meshed([alice!, bob!])
  assert.is((await ledgerError(fetched(bob!))).code, 'NODE_UNREACHABLE')
  assert.is(bob!.peers.misconduct('alice').seen, 0)
})

test('more than a record says is not taken, nor is more or less than was announced', async () => {
  const [bob] = await pair(() => ({ bytes: 6, chunks: () => chunksOf(Buffer.from('a file and more')) }))
  assert.is((await ledgerError(fetched(bob, 5))).code, 'TOO_LARGE')
  assert.is(bob.peers.misconduct('alice').seen, 0)
  assert.is((await ledgerError(fetched(bob))).code, 'MALFORMED')
  assert.is(bob.peers.misconduct('alice').seen, 1)
  await hosts.close()
  const [again] = await pair(() => ({ bytes: 60, chunks: () => chunksOf(Buffer.from('a file')) }))
  assert.is((await ledgerError(fetched(again))).code, 'NODE_UNREACHABLE')
})

test('a file that turns out to be damaged does not come whole', async () => {
  async function* damaged(): AsyncGenerator<Uint8Array> {
    yield Buffer.alloc(100_000)
    throw new LedgerError('STORE_DAMAGED', 'a byte is another one')
  }
  const [bob, served] = await pair(() => ({ bytes: 200_000, chunks: damaged }))
  assert.is((await ledgerError(fetched(bob))).code, 'NODE_UNREACHABLE')
  assert.is(served.closed, 1)
})

test('whoever asks may stop, and the file is closed', async () => {
  const stop = new AbortController()
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (let count = 0; ; count++) {
      if (count === 3) stop.abort(new LedgerError('CLOSED', 'enough'))
      yield Buffer.alloc(65_536)
    }
  }
  const [bob, served] = await pair(() => ({ bytes: 90_000_000, chunks: endless }))
  assert.is((await ledgerError(fetched(bob, 90_000_000, stop.signal))).code, 'CLOSED')
  await untilSeen(() => served.closed === 1, 'the file is closed')
})

test('a stranger gets nothing, and a question that is none is told of', async () => {
  const [bob, served] = await pair(() => ({ bytes: 6, chunks: () => chunksOf(Buffer.from('a file')) }))
  const address = multiaddr([...hosts.addresses.values()][0]![0]!)
  const zoe = await startHost({
    seed: seedOf('zoe'),
    listen: [],
    announce: [],
    isPartner: () => true,
    log: silentLogger
  })
  try {
    const connection = await zoe.libp2p.dial(address)
    const ask = async (): Promise<unknown> => {
      const stream = await connection.newStream(attachmentProtocol(GENESIS))
      const frames = framesOf(stream, 1000)
      await frames.write([encodeFrame({ hash: HASH })], AbortSignal.timeout(3_000))
      return await frames.read(AbortSignal.timeout(3_000))
    }
    assert.not.equal(await codeOf(ask()), 'done')
    assert.equal(served.asked, [])
  } finally {
    await zoe.close()
  }
  const odd = bob.peers.fetchAttachment('alice', { hash: '../../key', bytesMax: 5 }, async () => null, NEVER)
  assert.is((await ledgerError(odd)).code, 'NODE_UNREACHABLE')
  assert.equal(served.asked, [])
})

/** Notes may have a file. */
const WITH_FILES = NETWORK.replace(
  '        text: { type: string, maxLength: 200 }\n',
  '        text: { type: string, maxLength: 200 }\n        report: { type: attachment, mediaTypes: [text/plain] }\n'
)

/** Puts a file in at a node and writes a record that has it. */
async function note(node: RunningNode, content: string): Promise<string> {
  const { hash, bytes } = await node.attachments.put(piecesOf(content), {})
  const report = { bytes, hash, name: 'report.txt', type: 'text/plain' }
  const [outcome] = await appendLines(node, 'note', [JSON.stringify({ text: 'x', report })])
  assert.is(outcome?.status, 'accepted', JSON.stringify(outcome))
  return hash
}

async function read(node: RunningNode, hash: string, again = false): Promise<string> {
  return await contentOf(await node.attachments.read(hash, { again }))
}

test('a file goes from node to node when it is asked for, and is gone where it was removed', async () => {
  const network = await createNetwork({ networkText: WITH_FILES, keepPorts: true })
  try {
    const [p1] = network.nodes as [RunningNode]
    const p2 = await network.join('p2')
    const p3 = await network.join('p3', 'reader')
    const content = 'a report '.repeat(40_000)
    const hash = await note(p1, content)
    await until('all have the record', () => [p2, p3].every((node) => node.status().height === p1.status().height))
    assert.equal(p2.attachments.about(hash).held, false)
    assert.is(p2.attachments.about(hash).author, 'p1')

    assert.is(await read(p2, hash), content)
    assert.equal((await p2.attachments.list({})).length, 1)
    await p1.attachments.remove(hash)
    assert.is(await codeOf(p1.attachments.read(hash, {})), 'NOT_FOUND')

    // The author does not have it any more; p2 does.
    assert.is(await read(p3, hash), content)
    await p2.attachments.remove(hash)
    await p3.attachments.remove(hash)
    const error = await ledgerError(p3.attachments.read(hash, { again: true }))
    assert.is(error.code, 'NOT_FOUND')
    assert.match(error.message, /asked: p1 \(it does not have it\), p2 \(it does not have it\)/)
    const report = await p1.verify({})
    assert.ok(report.ok, 'the chain is as it was')
  } finally {
    await network.remove()
  }
})

test('what a node knows of files is read from the chain again, and what is new is fetched by whoever keeps all', async () => {
  const network = await createNetwork({ networkText: WITH_FILES, keepPorts: true })
  try {
    const [p1] = network.nodes as [RunningNode]
    const p2 = await network.join('p2')
    const first = await note(p1, 'the first')
    await agreed(network.nodes)
    await network.close(p2)
    await rm(join(network.home('p2'), 'attachment-index'), { recursive: true })
    const settings = { keep: 'all', bytesMax: 1_000_000 } as const
    const again = await network.open('p2', { attachments: settings })
    await until('p2 has the first', () => again.attachments.about(first).held)
    await until('p1 commits again', () => p1.status().quorum.online === 2)
    const second = await note(p1, 'the second')
    await until('p2 has the record', () => again.status().height === p1.status().height)
    await until('p2 has the second', () => again.attachments.about(second).held)

    // Damaged here and there: it comes from the other, who has a good one.
    const path = join(network.home('p1'), 'attachments', second.slice(0, 2), second.slice(2, 4), second)
    await writeFile(path, 'the sEcond')
    assert.is(await read(p1, second), 'the second')
    await writeFile(path, 'the sEcond')
    await again.attachments.remove(second)
    assert.is(await codeOf(again.attachments.read(second, { again: true })), 'NOT_FOUND')
    assert.is(await codeOf(p1.attachments.read(second, {})), 'STORE_DAMAGED')
  } finally {
    await network.remove()
  }
})

test('files count from the block on in which the network file has them, also when the index is made anew', async () => {
  const network = await createNetwork({ networkText: NETWORK })
  try {
    const [p1] = network.nodes as [RunningNode]
    const content = 'a report'
    const { hash } = await p1.attachments.put(piecesOf(content), {})
    const report = { bytes: 8, hash, name: 'report.txt', type: 'text/plain' }
    const definition = genesisOf([], WITH_FILES).genesis.network
    const { id } = await p1.propose({ change: { kind: 'model', network: definition }, expiresMs: 600_000 })
    const line = JSON.stringify({ text: 'x', report })
    for (let left = 20; ; left--) {
      const [outcome] = await appendLines(p1, 'note', [line])
      if (outcome?.status === 'accepted') break
      assert.ok(left > 0, JSON.stringify(outcome))
      assert.is(p1.attachments.about(hash).record, null)
      await appendLines(p1, 'note', ['{"text":"the next block"}'])
    }
    assert.is(p1.proposal(id).state, 'enacted')
    const { record } = p1.attachments.about(hash)
    assert.is(record === null ? '' : p1.show(record)?.status, 'accepted')
    await network.close(p1)
    await rm(join(network.home('p1'), 'attachment-index'), { recursive: true })
    const again = await network.open('p1')
    assert.is(again.attachments.about(hash).record, record)
  } finally {
    await network.remove()
  }
})

test('a partner that sends other bytes is disbelieved, and the next one is asked', async () => {
  const giving =
    (content: string): ServeAttachment =>
    async () => ({ bytes: 6, chunks: () => chunksOf(Buffer.from(content)), close: async () => {} })
  const serve: Record<string, ServeAttachment> = { alice: giving('b file'), carol: giving('a file') }
  const peers = await hosts.network(['alice', 'bob', 'carol'], (name) => {
    return serve[name] === undefined ? {} : { serveAttachment: serve[name] }
  })
  await meshed(peers)
  const bob = peers[1]!
  const home = await attachmentHome({}, bob.peers)
  try {
    home.commit('alice', 'a file')
    assert.is(await contentOf(await home.attachments.read(HASH, {})), 'a file')
    assert.is(bob.peers.misconduct('alice').seen, 1)
    assert.is(bob.peers.misconduct('carol').seen, 0)
  } finally {
    await home.close()
  }
})

test.run()
