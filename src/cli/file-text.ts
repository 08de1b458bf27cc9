import { readFile } from 'node:fs/promises'
import { usage } from './failure.js'

/** Bytes of a file that is read whole: far above any receipt. */
const FILE_BYTES_MAX = 64 * 1024 * 1024

/**
 * Text of a file that holds a proof, a genesis or a checkpoint. Bytes that are not UTF-8 are told by what verifies: they
 * cannot be what was printed.
 * @throws LedgerError USAGE when it cannot be read
 */
export async function textOf(path: string): Promise<string> {
  try {
    const bytes = await readFile(path)
    if (bytes.length > FILE_BYTES_MAX) throw new Error('it is too large')
    return bytes.toString('utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw usage(`cannot read ${path}: ${reason}`, 'check the name and the permissions of the file')
  }
}
