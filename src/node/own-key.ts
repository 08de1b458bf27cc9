import { generateSeed } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import { homePaths } from './home.js'
import { makeDirectoryDurably } from './store/durable-file.js'
import { createKeyFile, type NodeKey, readKeyFile } from './store/key-file.js'

/**
 * The key in a home, or a new one where there is none: a key is never replaced. Makes the home when it is missing.
 * @throws LedgerError KEY_FILE, DISK_FULL
 */
export async function ownKeyOf(home: string): Promise<NodeKey> {
  const { key } = homePaths(home)
  try {
    return await readKeyFile(key)
  } catch (error) {
    if (!(error instanceof LedgerError) || error.details.missing !== true) throw error
  }
  await makeDirectoryDurably(home)
  return await createKeyFile(key, generateSeed())
}
