import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import { generateSeed, publicKeyOf, sha256Hex, signer, verifySignature } from '../../../src/base/crypto.js'
import { LedgerError } from '../../../src/base/errors.js'
import type { Json } from '../../../src/base/json.js'
import { keyText } from '../../../src/base/keys.js'
import { invitationBytes } from '../../../src/ledger/system-judge.js'
import { createInvitation, readToken, TOKEN_PREFIX, type Token, tokenText } from '../../../src/node/invitation.js'
import { suite } from '../../support/suite.js'

const test = suite('invitation tokens')

const scope = { genesis: 'ab'.repeat(32), epoch: 0 }
const inviterSeed = new Uint8Array(32).fill(1)
const inviterKey = keyText(publicKeyOf(inviterSeed))
const options = {
  scope,
  title: 'Car service — Zürich',
  inviter: 'alice',
  sign: signer(inviterSeed),
  partner: 'bob',
  role: 'garage',
  name: "Bob's garage",
  expires: 1_800_000_000_000,
  bootstrap: [{ partner: 'alice', key: inviterKey, addresses: ['/ip4/192.0.2.1/tcp/4001'] }],
  seed: new Uint8Array(32).fill(2)
}
const token = createInvitation(options)

function read(text: string): Token {
  const outcome = readToken(text)
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.refusal.message)
  return outcome.value
}

/** A token with its check right, whatever is in it. */
function encoded(content: Json): string {
  const text = canonicalText(content)
  const check = sha256Hex(`${TOKEN_PREFIX}\n${text}`).slice(0, 16)
  return TOKEN_PREFIX + Buffer.from(check + text).toString('base64url')
}

test('a token is one readable line that carries everything', () => {
  assert.match(token, /^ledger-invite-1\.[A-Za-z0-9_-]+$/)
  const content = read(token)
  assert.is(content.genesis, scope.genesis)
  assert.is(content.title, options.title)
  assert.equal(content.bootstrap, options.bootstrap)
  assert.is(content.invitation.key, keyText(publicKeyOf(options.seed)))
  assert.ok(verifySignature(inviterKey, invitationBytes(scope, content.invitation), content.signature))
  assert.is(tokenText(content), token)
})

test('white space around it does no harm', () => {
  assert.equal(read(`  ${token}\r\n`), read(token))
})

test('every changed character is refused', () => {
  for (let at = 0; at < token.length; at++) {
    for (const other of ['A', '_', '!', String.fromCharCode(token.charCodeAt(at) ^ 1)]) {
      if (token[at] === other) continue
      const changed = token.slice(0, at) + other + token.slice(at + 1)
      assert.not.ok(readToken(changed).ok, `${other} at ${at}`)
    }
  }
})

test('every flipped byte of the content is refused', () => {
  const bytes = Buffer.from(token.slice(TOKEN_PREFIX.length), 'base64url')
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [1, 0x20, 0x80, 0xff]) {
      const changed = Buffer.from(bytes)
      changed[at]! ^= mask
      assert.not.ok(readToken(TOKEN_PREFIX + changed.toString('base64url')).ok, `byte ${at}`)
    }
  }
})

test('cut short, doubled, empty and endless ones are refused', () => {
  for (let length = 0; length < token.length; length++) assert.not.ok(readToken(token.slice(0, length)).ok)
  for (const text of [token + token, `${token}=`, `${token}A`, 'x'.repeat(1_000_000), TOKEN_PREFIX, '']) {
    assert.not.ok(readToken(text).ok)
  }
})

test('a token whose secret is not of its invitation is refused', () => {
  const other = Buffer.from(generateSeed()).toString('hex')
  assert.not.ok(readToken(tokenText({ ...read(token), secret: other })).ok)
})

test('members too many, too few or of another kind are refused', () => {
  const content = read(token)
  assert.ok(readToken(encoded(content as unknown as Json)).ok)
  const { title: _, ...without } = content
  for (const bad of [
    without,
    { ...content, epoch: '0' },
    { ...content, bootstrap: {} },
    { ...content, genesis: 'x' }
  ]) {
    assert.not.ok(readToken(encoded(bad as unknown as Json)).ok)
  }
  const peer = options.bootstrap[0]!
  assert.not.ok(readToken(tokenText({ ...content, bootstrap: Array.from({ length: 17 }, () => peer) })).ok)
})

test('what no token can carry is refused when it is made', () => {
  try {
    createInvitation({ ...options, title: 'x'.repeat(5000) })
  } catch (error) {
    assert.instance(error, LedgerError)
    return
  }
  throw new Error('it should have failed')
})

test.run()
