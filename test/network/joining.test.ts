import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { generateSeed, signer } from '../../src/base/crypto.js'
import { LedgerError } from '../../src/base/errors.js'
import { foundHome } from '../../src/node/found.js'
import { createInvitation, readToken, type Token } from '../../src/node/invitation.js'
import { requestJoin } from '../../src/node/join.js'
import { type Joining, type JoiningOptions, openJoining } from '../../src/node/joining.js'
import { silentLogger } from '../../src/node/log.js'
import type { JoinAnswer } from '../../src/node/network/join-messages.js'
import { openNode } from '../../src/node/node.js'
import { ownKeyOf } from '../../src/node/own-key.js'
import { readHome } from '../../src/node/read-home.js'
import { lockHome } from '../../src/node/store/home-lock.js'
import { keyOf, LOCAL, ledgerError, peerHosts, seedOf, type TestPeer, until } from '../support/peer-hosts.js'
import { NETWORK } from '../support/small-chain.js'
import { suite } from '../support/suite.js'

const test = suite('a node while it is joining', { timeoutMs: 30_000 })
const hosts = peerHosts()
const folders: string[] = []
const opened: { readonly joining: Joining; readonly stop: AbortController }[] = []

test.after.each(async () => {
  for (const { joining, stop } of opened.splice(0)) {
    stop.abort()
    await joining.close()
  }
  await hosts.close()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** An address where nothing listens. */
const NOWHERE = '/ip4/127.0.0.1/tcp/1'
const EXPIRES = 2e12

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ledger-joining-'))
  folders.push(path)
  return path
}

interface Network {
  readonly genesis: string
  /** Canonical text. */
  readonly text: string
}

async function founded(): Promise<Network> {
  const home = await folder()
  await foundHome({ home, networkText: NETWORK, networkFile: 'n.yaml', partner: 'alice', role: 'inspector', now: 1 })
  const { hash, text } = (await readHome(home))!.genesis
  return { genesis: hash, text }
}

/** Starts alice's network layer; her answers come one after the other, the last one again and again. */
async function alice({ genesis }: Pick<Network, 'genesis'>, answers: readonly JoinAnswer[] = []): Promise<TestPeer> {
  hosts.partners.set(keyOf('alice'), 'alice')
  let asked = 0
  return await hosts.start('alice', {
    genesis,
    join: async () => answers[Math.min(asked++, answers.length - 1)]!
  })
}

function tokenFor({ genesis }: Pick<Network, 'genesis'>, addresses: readonly string[]): Token {
  const text = createInvitation({
    scope: { genesis, epoch: 0 },
    title: 'Cars',
    inviter: 'alice',
    sign: signer(seedOf('alice')),
    partner: 'bob',
    role: 'inspector',
    name: 'Bob',
    expires: EXPIRES,
    bootstrap: [{ partner: 'alice', key: keyOf('alice'), addresses }],
    seed: generateSeed()
  })
  const token = readToken(text)
  assert.ok(token.ok)
  return token.value
}

async function joiner(token: Token, more: Partial<JoiningOptions> = {}) {
  const home = more.home ?? (await folder())
  const stop = new AbortController()
  const joining = await openJoining({ home, token, listen: [LOCAL], log: silentLogger, signal: stop.signal, ...more })
  opened.push({ joining, stop })
  return { home, joining, stop }
}

async function isListening(address: string): Promise<boolean> {
  const [, , host, , port] = address.split('/')
  const socket = connect({ host: host!, port: Number(port) })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

test('it listens, says whom it cannot reach, and refuses what needs the network', async () => {
  const network = await founded()
  const { joining, stop, home } = await joiner(tokenFor(network, [NOWHERE]))
  assert.ok(await isListening(joining.addresses()[0]!))
  assert.is(joining.status().stalled, null)
  assert.is(joining.refusal().code, 'JOINING')
  const admitted = joining.admitted()
  admitted.catch(() => {})
  await until(() => joining.status().stalled !== null, 'it says why')
  assert.match(joining.status().stalled!.why, /^nobody of alice answered: alice cannot be reached: .*ECONNREFUSED/)
  assert.match(joining.refusal().message, /not admitted to 'Cars' yet: nobody of alice answered/)
  const { partner, height, head, stateHash } = joining.status()
  assert.equal(partner, { id: 'bob', state: 'joining', role: 'inspector' })
  assert.equal([height, head, stateHash], [0, network.genesis, network.genesis])
  stop.abort()
  await admitted.then(
    () => assert.unreachable('it was not admitted'),
    (error) => assert.not.instance(error, LedgerError)
  )
  assert.is(await readHome(home), null)
})

test('its own clock can tell that the invitation expired, and a partner decides', async () => {
  const network = await founded()
  const { joining } = await joiner(tokenFor(network, [NOWHERE]), { now: () => EXPIRES })
  joining.admitted().catch(() => {})
  await until(() => joining.status().stalled !== null, 'it says why')
  assert.match(joining.status().stalled!.why, '; the invitation expired at 2033-05-18T03:33:20.000Z')
})

test('busy partners and those without a quorum are asked again; admitted, it makes room for the node', async () => {
  const network = await founded()
  const { genesis, text } = network
  const welcome = { genesis: text, bootstrap: [] }
  const a = await alice(network, [
    { type: 'refused', code: 'BUSY', message: 'later' },
    { type: 'pending', ...welcome },
    { type: 'admitted', ...welcome }
  ])
  const { joining, home } = await joiner(tokenFor(network, a.peers.listening()))
  const listening = joining.addresses()
  const admitted = joining.admitted()
  const whys = new Set<string>()
  const asked = (): boolean => {
    whys.add(joining.status().stalled?.why ?? '')
    return a.joins.length === 3
  }
  await until(asked, 'asked three times', 20_000)
  await admitted
  assert.ok(
    [...whys].some((why) => why === 'alice: later'),
    [...whys].join()
  )
  assert.ok(
    [...whys].some((why) => why.includes('no block has the admission yet')),
    [...whys].join()
  )
  assert.is((await readHome(home))?.genesis.hash, genesis)
  assert.is(joining.status().stalled, null)
  assert.equal(a.joins[0]!.addresses, listening, 'it tells where it really listens')
  assert.is(await isListening(listening[0]!), false)
  await (await lockHome(home)).release()
})

test('interrupted after the admission, it asks with the same key', async () => {
  const network = await founded()
  const a = await alice(network, [
    { type: 'pending', genesis: network.text, bootstrap: [] },
    { type: 'admitted', genesis: network.text, bootstrap: [] }
  ])
  const token = tokenFor(network, a.peers.listening())
  const first = await joiner(token)
  first.joining.admitted().catch(() => {})
  await until(() => a.joins.length === 1, 'asked')
  first.stop.abort()
  await first.joining.close()
  const second = await joiner(token, { home: first.home })
  await second.joining.admitted()
  assert.is(a.joins.length, 2)
  assert.is(a.joins[0]!.key, a.joins[1]!.key)
  assert.is((await ownKeyOf(first.home)).publicKey, a.joins[0]!.key)
})

test('of many who come with one token at the same time one is admitted, and told so again; the others are refused', async () => {
  const home = await folder()
  await foundHome({ home, networkText: NETWORK, networkFile: 'n.yaml', partner: 'alice', role: 'inspector', now: 1 })
  const node = await openNode({ home, listen: [LOCAL], log: silentLogger })
  try {
    const read = readToken((await node.invite({ partner: 'bob', role: 'inspector', expiresMs: 3_600_000 })).token)
    assert.ok(read.ok)
    const options = { token: read.value, addresses: [], log: silentLogger }
    const seeds = Array.from({ length: 6 }, () => generateSeed())
    // The first comes twice, as if it had been interrupted while it asked.
    const answers = await Promise.all(
      [seeds[0]!, ...seeds].map(async (seed) => ({ seed, answer: await requestJoin({ ...options, seed }) }))
    )
    const admitted = new Set(answers.filter(({ answer }) => answer.type === 'admitted').map(({ seed }) => seed))
    assert.is(admitted.size, 1)
    const [winner] = admitted
    for (const { seed, answer } of answers) {
      assert.is(answer.type, seed === winner ? 'admitted' : 'refused')
      if (answer.type === 'refused')
        assert.equal([answer.code, answer.message], ['NOT_PERMITTED', 'the invitation was used'])
    }
  } finally {
    await node.close()
  }
})

test('a refusal ends it, and so does a partner of another network; the home stays empty', async () => {
  const network = await founded()
  const a = await alice(network, [{ type: 'refused', code: 'DUPLICATE', message: 'the invitation was used' }])
  const used = await joiner(tokenFor(network, a.peers.listening()))
  const refusal = await ledgerError(used.joining.admitted())
  assert.equal([refusal.code, refusal.message], ['NOT_PERMITTED', 'the invitation was used'])
  const foreign = await joiner(tokenFor({ genesis: '0'.repeat(64) }, a.peers.listening()))
  const other = await ledgerError(foreign.joining.admitted())
  assert.is(other.code, 'NOT_PERMITTED')
  assert.match(other.message, 'alice answered, and is not of the network that the invitation is for')
  assert.is(a.joins.length, 1)
  for (const { home } of [used, foreign]) assert.is(await readHome(home), null)
})

test('one process joins with a home, and a taken port does not leave another locked', async () => {
  const network = await founded()
  const token = tokenFor(network, [NOWHERE])
  const { home, joining } = await joiner(token)
  assert.is((await ledgerError(joiner(token, { home }))).code, 'HOME_LOCKED')
  const [taken] = joining.addresses()
  const elsewhere = await folder()
  const listen = [taken!.replace(/\/p2p\/.*/, '')]
  assert.is((await ledgerError(joiner(token, { home: elsewhere, listen }))).code, 'ADDRESS_IN_USE')
  await joiner(token, { home: elsewhere })
})

test.run()
