import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { publicKeyOf } from '../../base/crypto.js'
import { LedgerError } from '../../base/errors.js'
import { bytesToHex, hexToBytes } from '../../base/hex.js'
import { keyText } from '../../base/keys.js'
import { writeError } from './disk-errors.js'
import { createFileDurably } from './durable-file.js'

/** A partner's private key. */
export interface NodeKey {
  /** Key text, as in keys.ts. */
  readonly publicKey: string
  /** 32 bytes (RFC 8032). */
  readonly seed: Uint8Array
}

const VERSION = 1
const TYPE = 'ed25519'
const SEED_BYTES = 32

/** A key file is a short JSON object; what is larger is none. */
const FILE_BYTES_MAX = 4096

/** Permission bits of group and others. */
const OTHERS = 0o077

/**
 * Writes a key to a new file that only its owner can read: JSON with `version`, `type`, `publicKey` and `seed` (hex).
 * Durable when the promise resolves; never replaces a file.
 * @throws LedgerError KEY_FILE when there is a file already, DISK_FULL
 */
export async function createKeyFile(path: string, seed: Uint8Array): Promise<NodeKey> {
  const publicKey = keyText(publicKeyOf(seed))
  const content = { version: VERSION, type: TYPE, publicKey, seed: bytesToHex(seed) }
  try {
    await createFileDurably(path, `${JSON.stringify(content, null, 2)}\n`, 0o600)
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw keyFileError(path, 'it exists already and is never replaced', error)
    throw writeError(path, error)
  }
  return { publicKey, seed }
}

/**
 * Reads a key file.
 * @throws LedgerError KEY_FILE when it is missing, readable or writable by others, or not what {@link createKeyFile}
 * writes; `details.missing` is true when there is no file. The key itself never stands in a message.
 */
export async function readKeyFile(path: string): Promise<NodeKey> {
  return parseKey(path, await readPrivateText(path))
}

async function readPrivateText(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw keyFileError(path, 'it cannot be read', error)
    throw new LedgerError(
      'KEY_FILE',
      `the key file is missing: ${path}; restore a backup`,
      { path, missing: true },
      error
    )
  })
  try {
    // Of the open file, so that nobody can exchange it between check and use.
    const { mode, size } = await file.stat()
    if ((mode & OTHERS) !== 0) throw keyFileError(path, `other users have access to it; run: chmod 600 ${path}`)
    if (size > FILE_BYTES_MAX) throw keyFileError(path, 'it is too large to be a key file')
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

function parseKey(path: string, text: string): NodeKey {
  const { version, type, publicKey, seed: seedHex } = parseObject(path, text)
  if (typeof version === 'number' && version > VERSION) {
    throw keyFileError(path, `it has version ${version}, written by a newer ledger-node; upgrade this one`)
  }
  if (version !== VERSION || type !== TYPE)
    throw keyFileError(path, `it is not an ${TYPE} key of version ${VERSION}; restore a backup`)
  const seed = typeof seedHex === 'string' ? hexToBytes(seedHex) : null
  if (seed === null || seed.length !== SEED_BYTES) throw keyFileError(path, 'its seed is damaged; restore a backup')
  if (keyText(publicKeyOf(seed)) !== publicKey) {
    throw keyFileError(path, 'its seed and its public key do not belong together; restore a backup')
  }
  return { publicKey, seed }
}

function parseObject(path: string, text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Without the cause: its message may quote the file.
    throw keyFileError(path, 'it is not JSON; restore a backup')
  }
  if (typeof value !== 'object' || value === null) throw keyFileError(path, 'it is not a JSON object; restore a backup')
  return value as Record<string, unknown>
}

function keyFileError(path: string, why: string, cause?: unknown): LedgerError {
  return new LedgerError('KEY_FILE', `the key file ${path} is refused: ${why}`, { path }, cause)
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
