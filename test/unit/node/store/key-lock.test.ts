import {
  chmodSync,
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { canonicalText } from '../../../../src/base/canonical.js'
import { generateSeed, publicKeyOf, sha256Hex } from '../../../../src/base/crypto.js'
import { type ErrorCode, LedgerError } from '../../../../src/base/errors.js'
import { bytesToHex } from '../../../../src/base/hex.js'
import type { Json } from '../../../../src/base/json.js'
import { keyText } from '../../../../src/base/keys.js'
import { changePassphrase } from '../../../../src/node/key-passphrase.js'
import { isLocked, keyDocument, readKeyDocument } from '../../../../src/node/store/key-document.js'
import {
  createKeyFile,
  createStoredKey,
  keyFileText,
  lockKey,
  openKey,
  readKeyFile,
  readStoredKey,
  type Unlock,
  unlockKey
} from '../../../../src/node/store/key-file.js'
import { isCost, type LockedKey, lockSeed, unlockSeed } from '../../../../src/node/store/key-lock.js'
import { readPassphraseFile } from '../../../../src/node/store/passphrase-file.js'
import { replacePrivateFile } from '../../../../src/node/store/private-file.js'
import { suite } from '../../../support/suite.js'
import { inDirectory } from './chain-maker.js'

const test = suite('locked key', { timeoutMs: 30_000 })

/** As weak as it may be: the tests are about the form. */
const CHEAP = { N: 1024, r: 8, p: 1 }
const WORDS = 'correct horse battery'

const seed = generateSeed()
const publicKey = keyText(publicKeyOf(seed))
const unlockWith =
  (passphrase: string): Unlock =>
  (key, path) =>
    unlockKey(key, path, passphrase)

async function failureOf(work: () => Promise<unknown>, code: ErrorCode): Promise<LedgerError> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof LedgerError, String(error))
    assert.is(error.code, code, error.message)
    const told = JSON.stringify([error.message, error.details])
    assert.not.match(told, bytesToHex(seed).slice(8, 40))
    assert.not.match(told, WORDS)
    return error
  }
  throw new Error('nothing was thrown')
}

test('a key is opened by its passphrase alone, and locked anew each time', async () => {
  const one = await lockSeed(publicKey, seed, WORDS, CHEAP)
  const other = await lockSeed(publicKey, seed, WORDS, CHEAP)
  assert.equal(await unlockSeed(one, WORDS), seed)
  assert.is(await unlockSeed(one, `${WORDS} `), null)
  assert.is(await unlockSeed(one, ''), null)
  for (const part of ['sealed', 'kdf', 'cipher'] as const) assert.not.equal(one[part], other[part])
  assert.not.match(JSON.stringify(one), bytesToHex(seed))
})

test('a passphrase is the same however its characters are composed', async () => {
  const key = await lockSeed(publicKey, seed, 'r\u00e9sum\u00e9s are read', CHEAP)
  assert.equal(await unlockSeed(key, 're\u0301sume\u0301s are read'), seed)
})

const VECTOR = new URL('../../../vectors/locked-key.json', import.meta.url)

test('a key that was locked once is opened by every later version', async () => {
  const { passphrase, seed: expected, file } = JSON.parse(readFileSync(VECTOR, 'utf8'))
  const key = readKeyDocument(file)
  assert.ok(typeof key !== 'string' && isLocked(key))
  assert.is(bytesToHex((await unlockKey(key, 'key', passphrase)).seed), expected)
  assert.equal(keyDocument(key), file)
})

test('everything that stands beside the sealed seed is bound to it', async () => {
  const key = await lockSeed(publicKey, seed, WORDS, CHEAP)
  const others: LockedKey[] = [
    { ...key, publicKey: keyText(publicKeyOf(generateSeed())) },
    { ...key, kdf: { ...key.kdf, p: 2 } },
    { ...key, cipher: { ...key.cipher, nonce: '00'.repeat(12) } },
    { ...key, sealed: `${key.sealed.slice(0, -2)}${key.sealed.endsWith('00') ? '01' : '00'}` }
  ]
  for (const other of others) assert.is(await unlockSeed(other, WORDS), null)
})

test('a file is opened as it was written; its public key needs no passphrase', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'key')
    await createStoredKey(path, await lockKey({ publicKey, seed }, WORDS, CHEAP))
    assert.is(statSync(path).mode & 0o777, 0o600)
    assert.not.match(readFileSync(path, 'utf8'), bytesToHex(seed))
    const stored = await readStoredKey(path)
    assert.ok(isLocked(stored))
    assert.is(stored.publicKey, publicKey)
    assert.equal(await readKeyFile(path, unlockWith(WORDS)), { publicKey, seed })
    await failureOf(() => readKeyFile(path), 'PASSPHRASE_NEEDED')
    await failureOf(() => readKeyFile(path, unlockWith('correct horse batterY')), 'PASSPHRASE_WRONG')
    await failureOf(() => createKeyFile(path, seed), 'KEY_FILE')
  }))

test(
  'a new key is locked at the cost that is the default',
  () =>
    inDirectory(async (directory) => {
      await createKeyFile(join(directory, 'key'), seed, WORDS)
      const stored = await readStoredKey(join(directory, 'key'))
      assert.ok(isLocked(stored))
      assert.equal([stored.kdf.N, stored.kdf.r, stored.kdf.p], [2 ** 17, 8, 1])
      assert.equal(await openKey(stored, 'key', unlockWith(WORDS)), { publicKey, seed })
    }),
  { timeoutMs: 60_000 }
)

test('a damaged locked key is told from a wrong passphrase, whatever byte is damaged or gone', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'key')
    const whole = Buffer.from(keyFileText(await lockKey({ publicKey, seed }, WORDS, CHEAP)))
    const put = (bytes: Uint8Array): void => {
      rmSync(path, { force: true })
      writeFileSync(path, bytes, { mode: 0o600 })
    }
    for (let byte = 0; byte < whole.length; byte++) {
      const flipped = Buffer.from(whole)
      flipped[byte]! ^= 1
      const isSame = sameJson(flipped, whole)
      put(flipped)
      if (!isSame) await failureOf(() => readStoredKey(path), 'KEY_FILE')
    }
    for (let length = 0; length < whole.length - 1; length += 7) {
      put(whole.subarray(0, length))
      await failureOf(() => readStoredKey(path), 'KEY_FILE')
    }
    put(whole)
    assert.equal(await readKeyFile(path, unlockWith(WORDS)), { publicKey, seed })
  }))

function sameJson(a: Buffer, b: Buffer): boolean {
  try {
    return JSON.stringify(JSON.parse(a.toString())) === JSON.stringify(JSON.parse(b.toString()))
  } catch {
    return false
  }
}

test('what would take too much memory or time is refused before anything is worked out', async () => {
  const good = await lockSeed(publicKey, seed, WORDS, CHEAP)
  const costs = [
    [1024, 8, 1],
    [2 ** 17, 8, 1],
    [2 ** 18, 8, 2],
    [2 ** 16, 32, 2]
  ]
  for (const [N, r, p] of costs) assert.ok(isCost({ N: N!, r: r!, p: p! }), `${N} ${r} ${p}`)
  const hostile: unknown[][] = [
    [2 ** 19, 8, 1],
    [2 ** 30, 8, 1],
    [2 ** 17, 32, 1],
    [2 ** 17, 8, 5],
    [2 ** 10, 8, 17],
    [2 ** 10, 33, 1],
    [1023, 8, 1],
    [3000, 8, 1],
    [512, 8, 1],
    [0, 8, 1],
    [-1024, 8, 1],
    [1024.5, 8, 1],
    ['1024', 8, 1],
    [1024, null, 1],
    [1024, 8, Number.MAX_SAFE_INTEGER]
  ]
  for (const [N, r, p] of hostile) {
    const kdf = { ...good.kdf, N, r, p } as LockedKey['kdf']
    const read = readKeyDocument(keyDocument({ ...good, kdf }))
    assert.match(String(read), 'more memory or time', JSON.stringify(kdf))
  }
})

test('members that no locked key has are refused, also with a checksum that holds', async () => {
  const good = keyDocument(await lockSeed(publicKey, seed, WORDS, CHEAP)) as Record<string, Json>
  const summed = ({ checksum: _, ...content }: Record<string, Json>) => ({
    ...content,
    checksum: sha256Hex(canonicalText(content))
  })
  assert.ok(typeof readKeyDocument(summed(good)) !== 'string')
  const kdf = good.kdf as Record<string, Json>
  const cipher = good.cipher as Record<string, Json>
  for (const bad of [
    { ...good, more: 1 },
    { ...good, kdf: { ...kdf, name: 'pbkdf2' } },
    { ...good, kdf: { ...kdf, more: 1 } },
    { ...good, kdf: { ...kdf, salt: '00' } },
    { ...good, kdf: null },
    { ...good, cipher: { ...cipher, name: 'aes-256-cbc' } },
    { ...good, cipher: { ...cipher, nonce: 'zz'.repeat(12) } },
    { ...good, sealed: 7 },
    { ...good, sealed: '' },
    { ...good, publicKey: 'key' },
    { ...good, type: 'rsa' },
    { ...good, version: 3 }
  ] as Record<string, Json>[]) {
    assert.type(readKeyDocument(summed(bad)), 'string', JSON.stringify(bad))
  }
})

test('a locked seed that is not that of the public key is refused', async () => {
  const key = await lockSeed(publicKey, generateSeed(), WORDS, CHEAP)
  await failureOf(() => unlockKey(key, 'key', WORDS), 'KEY_FILE')
})

test('a passphrase file is its first line, for its owner alone', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'passphrase')
    const put = (text: string, mode = 0o600): void => {
      rmSync(path, { force: true })
      writeFileSync(path, text)
      chmodSync(path, mode)
    }
    for (const end of ['', '\n', '\r\n', '\nsecond line\n']) {
      put(`${WORDS}${end}`)
      assert.is(await readPassphraseFile(path), WORDS)
    }
    put(WORDS, 0o400)
    assert.is(await readPassphraseFile(path), WORDS)
    for (const mode of [0o644, 0o604, 0o622]) {
      put(WORDS, mode)
      assert.match((await failureOf(() => readPassphraseFile(path), 'PASSPHRASE_NEEDED')).message, 'chmod 600')
    }
    for (const text of ['', '\n', `\n${WORDS}`, 'x'.repeat(1025), 'x'.repeat(9000)]) {
      put(text)
      await failureOf(() => readPassphraseFile(path), 'PASSPHRASE_NEEDED')
    }
    rmSync(path)
    await failureOf(() => readPassphraseFile(path), 'PASSPHRASE_NEEDED')
    await failureOf(() => readPassphraseFile(directory), 'PASSPHRASE_NEEDED')
  }))

test('nothing is left of what a private file held before', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'key')
    writeFileSync(path, 'the former one', { mode: 0o600 })
    writeFileSync(`${path}.new`, 'left over', { mode: 0o600 })
    const former = openSync(path, 'r')
    await replacePrivateFile(path, 'the new one')
    assert.is(readFileSync(former, 'latin1'), '\0'.repeat('the former one'.length), 'overwritten')
    closeSync(former)
    assert.equal([readdirSync(directory), readFileSync(path, 'utf8')], [['key'], 'the new one'])
    assert.is(statSync(path).mode & 0o777, 0o600)
    // Another name of it is somebody else's business.
    linkSync(path, join(directory, 'other'))
    await replacePrivateFile(path, 'the newest one')
    assert.is(readFileSync(join(directory, 'other'), 'utf8'), 'the new one')
  }))

test(
  'the passphrase of both keys is set, changed and removed together, and an interruption made good',
  () =>
    inDirectory(async (home) => {
      const next = generateSeed()
      await createKeyFile(join(home, 'key'), seed)
      await createKeyFile(join(home, 'key.next'), next)
      const opened = async (name: string, passphrase: string): Promise<Uint8Array> =>
        (await readKeyFile(join(home, name), unlockWith(passphrase))).seed
      const change = (before: string, after: string | null): Promise<readonly string[]> =>
        changePassphrase({ home, unlock: unlockWith(before), choose: async () => after, cost: CHEAP })

      assert.is((await change('', WORDS)).length, 2)
      assert.equal([await opened('key', WORDS), await opened('key.next', WORDS)], [seed, next])
      await failureOf(() => change('another', 'new words here'), 'PASSPHRASE_WRONG')
      assert.equal(await opened('key', WORDS), seed)

      // As if it had ended between the two files.
      rmSync(join(home, 'key.next'))
      const locked = await lockKey({ publicKey: keyText(publicKeyOf(next)), seed: next }, 'new words here', CHEAP)
      await createStoredKey(join(home, 'key.next'), locked)
      await change(WORDS, 'new words here')
      assert.equal([await opened('key', 'new words here'), await opened('key.next', 'new words here')], [seed, next])

      await change('new words here', null)
      for (const name of ['key', 'key.next']) assert.not(isLocked(await readStoredKey(join(home, name))))
      assert.equal(await openKey(await readStoredKey(join(home, 'key')), 'key', unlockWith('')), { publicKey, seed })
      assert.equal(
        readdirSync(home).filter((name) => name.startsWith('key')),
        ['key', 'key.next']
      )
    }),
  { timeoutMs: 60_000 }
)

test.run()
