import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import { generateSeed, signer, verifySignature } from '../../../src/base/crypto.js'
import type { Json, JsonObject } from '../../../src/base/json.js'
import { joinBytes } from '../../../src/ledger/system-judge.js'
import { foundHome } from '../../../src/node/found.js'
import { homePaths } from '../../../src/node/home.js'
import { createInvitation, readToken, type Token } from '../../../src/node/invitation.js'
import { joinRequestOf, prepareHome } from '../../../src/node/join.js'
import { keysToBackUp, restoreKey } from '../../../src/node/key-backup.js'
import type { JoinAnswer } from '../../../src/node/network/join-messages.js'
import { ownKeyOf } from '../../../src/node/own-key.js'
import { readHome } from '../../../src/node/read-home.js'
import { ledgerError } from '../../support/peer-hosts.js'
import { NETWORK } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('preparing the home of a partner that joins')
const folders: string[] = []

test.after.each(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'ledger-join-'))
  folders.push(path)
  return path
}

const ROLE = 'inspector'

/** A founded home and a token for somebody else. */
async function invited(): Promise<{ token: Token; genesis: string }> {
  const home = await folder()
  const founded = await foundHome({
    home,
    networkText: NETWORK,
    networkFile: 'n.yaml',
    partner: 'alice',
    role: ROLE,
    now: 1
  })
  const genesis = (await readHome(home))!.genesis.text
  const { seed, publicKey } = await ownKeyOf(home)
  const text = createInvitation({
    scope: { genesis: founded.genesis, epoch: 0 },
    title: 'Cars',
    inviter: 'alice',
    sign: signer(seed),
    partner: 'bob',
    role: ROLE,
    name: 'Bob',
    expires: 2e12,
    bootstrap: [{ partner: 'alice', key: publicKey, addresses: ['/ip4/192.0.2.1/tcp/1'] }],
    seed: generateSeed()
  })
  const token = readToken(text)
  assert.ok(token.ok)
  return { token: token.value, genesis }
}

async function codeOf(home: string, token: Token, answer: JoinAnswer): Promise<string> {
  return (await ledgerError(prepareHome({ home, token, answer }))).code
}

test('the request is signed by the joiner and by whoever holds the invitation', async () => {
  const { token } = await invited()
  const seed = generateSeed()
  const request = joinRequestOf(token, seed, ['/ip4/192.0.2.9/tcp/1'])
  const scope = { genesis: token.genesis, epoch: 0 }
  const { key, addresses, invitation } = request
  const bytes = joinBytes(scope, { invitation: invitation.key, key, addresses })
  assert.ok(verifySignature(key, bytes, request.keySignature))
  assert.ok(verifySignature(invitation.key, bytes, request.redeemSignature))
  assert.is(request.invitationSignature, token.signature)
})

test('a prepared home is one of the network, with its own key and the token in it', async () => {
  const { token, genesis } = await invited()
  const home = await folder()
  const { publicKey } = await ownKeyOf(home)
  const bootstrap = [{ partner: 'carol', key: publicKey, addresses: ['/ip4/192.0.2.3/tcp/1'] }]
  await prepareHome({ home, token, answer: { type: 'admitted', genesis, bootstrap } })
  const content = await readHome(home)
  assert.is(content?.partner, 'bob')
  assert.is(content?.genesis.hash, token.genesis)
  assert.is((await ownKeyOf(home)).publicKey, publicKey)
  const saved = readToken(await readFile(join(home, 'invitation.json'), 'utf8'))
  assert.ok(saved.ok)
  assert.equal(saved.value, { ...token, bootstrap })
  assert.is((await stat(join(home, 'invitation.json'))).mode & 0o77, 0)
  assert.is(await codeOf(home, token, { type: 'admitted', genesis, bootstrap }), 'ALREADY_FOUNDED')
})

test('a key that was restored gets no guard: what it has signed before is not known', async () => {
  const { token, genesis } = await invited()
  const answer: JoinAnswer = { type: 'admitted', genesis, bootstrap: [] }
  const first = await folder()
  await ownKeyOf(first)
  const stored = await keysToBackUp(first, async () => null)
  await prepareHome({ home: first, token, answer })
  assert.ok(existsSync(homePaths(first).guard))

  const home = await folder()
  const backup = { partner: 'bob', genesis: token.genesis, made: '2026-01-01T00:00:00.000Z', ...stored }
  assert.equal(await restoreKey(home, backup), { key: stored.key.publicKey, isNew: true, isFounded: false })
  assert.ok(existsSync(homePaths(home).restoredKey))
  await prepareHome({ home, token, answer })
  const { guard, log, restoredKey } = homePaths(home)
  assert.equal([guard, log, restoredKey].filter(existsSync), [])
  assert.is((await ownKeyOf(home)).publicKey, stored.key.publicKey)
})

test('a refusal, another network or a genesis that is none leave the home empty', async () => {
  const { token, genesis } = await invited()
  const home = await folder()
  const other = JSON.parse(genesis) as JsonObject
  const answers: JoinAnswer[] = [
    { type: 'refused', code: 'NOT_PERMITTED', message: 'the invitation has expired' },
    { type: 'admitted', genesis: canonicalText({ ...other, time: 2 }), bootstrap: [] },
    { type: 'admitted', genesis: '{}', bootstrap: [] },
    { type: 'pending', genesis: canonicalText({ ...other, engine: { rules: 'x' } as Json }), bootstrap: [] }
  ]
  for (const answer of answers) assert.is(await codeOf(home, token, answer), 'NOT_PERMITTED')
  assert.is(await readHome(home), null)
  await prepareHome({ home, token, answer: { type: 'pending', genesis, bootstrap: [] } })
  assert.is((await readHome(home))?.partner, 'bob')
})

test.run()
