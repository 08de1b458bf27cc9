import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { generateSeed, publicKeyOf } from '../../../../src/base/crypto.js'
import { LedgerError } from '../../../../src/base/errors.js'
import { bytesToHex } from '../../../../src/base/hex.js'
import { keyText } from '../../../../src/base/keys.js'
import { createKeyFile, readKeyFile } from '../../../../src/node/store/key-file.js'
import { suite } from '../../../support/suite.js'
import { inDirectory } from './chain-maker.js'

const test = suite('key file')

async function refusalOf(work: () => Promise<unknown>): Promise<LedgerError> {
  try {
    await work()
  } catch (error) {
    assert.ok(error instanceof LedgerError)
    assert.is(error.code, 'KEY_FILE')
    return error
  }
  throw new Error('nothing was thrown')
}

test('a key is read as it was written, by its owner alone', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'key')
    const seed = generateSeed()
    const created = await createKeyFile(path, seed)
    assert.is(statSync(path).mode & 0o777, 0o600)
    assert.is(created.publicKey, keyText(publicKeyOf(seed)))
    assert.equal(await readKeyFile(path), created)
    assert.equal(readdirSync(directory), ['key'], 'nothing else is left')
    const { version, type, publicKey } = JSON.parse(readFileSync(path, 'utf8'))
    assert.equal({ version, type, publicKey }, { version: 1, type: 'ed25519', publicKey: created.publicKey })
  }))

test('a key is never replaced', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'key')
    const first = await createKeyFile(path, generateSeed())
    await refusalOf(() => createKeyFile(path, generateSeed()))
    assert.equal(await readKeyFile(path), first)
  }))

test('what a crash left half written does not hinder', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'key')
    writeFileSync(`${path}.new`, '{"ver')
    await createKeyFile(path, generateSeed())
    assert.not(existsSync(`${path}.new`))
  }))

test('a key that others may read or write is refused with the remedy', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'key')
    await createKeyFile(path, generateSeed())
    for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666]) {
      chmodSync(path, mode)
      assert.match((await refusalOf(() => readKeyFile(path))).message, `chmod 600 ${path}`)
    }
    chmodSync(path, 0o400)
    await readKeyFile(path)
  }))

test('a missing key is told apart', () =>
  inDirectory(async (directory) => {
    const error = await refusalOf(() => readKeyFile(join(directory, 'key')))
    assert.is(error.details.missing, true)
  }))

test('a damaged key is refused, whatever byte is damaged, and never shown', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'key')
    const seed = generateSeed()
    await createKeyFile(path, seed)
    const whole = readFileSync(path)
    for (let byte = 0; byte < whole.length; byte++) {
      const bytes = Buffer.from(whole)
      bytes[byte]! ^= 1
      rmSync(path)
      writeFileSync(path, bytes, { mode: 0o600 })
      // White space may turn into other white space.
      if (isSame(bytes, whole)) continue
      const { message } = await refusalOf(() => readKeyFile(path))
      assert.not.match(message, bytesToHex(seed).slice(8, 40))
    }
  }))

function isSame(a: Buffer, b: Buffer): boolean {
  try {
    return JSON.stringify(JSON.parse(a.toString())) === JSON.stringify(JSON.parse(b.toString()))
  } catch {
    return false
  }
}

test('what is no key file, and one of a later version, is refused', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'key')
    const later = JSON.stringify({ version: 3, type: 'ed25519' })
    for (const text of ['', 'null', '[]', '"key"', '{}', '{"version":1}', later, ' '.repeat(5000)]) {
      rmSync(path, { force: true })
      writeFileSync(path, text, { mode: 0o600 })
      const { message } = await refusalOf(() => readKeyFile(path))
      if (text === later) assert.match(message, 'newer')
    }
  }))

test.run()
