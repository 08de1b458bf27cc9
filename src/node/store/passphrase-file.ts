import { LedgerError } from '../../base/errors.js'
import { PASSPHRASE_CHARS_MAX } from './key-lock.js'
import { readPrivateText } from './private-file.js'

/** A passphrase in UTF-8, and what may follow its line. */
const FILE_BYTES_MAX = 8192

/**
 * Reads a passphrase: the first line of a file that only its owner can read, or that systemd gave as a credential.
 * @throws LedgerError PASSPHRASE_NEEDED when it is missing, readable by others, empty or too long; what it says never
 * stands in a message
 */
export async function readPassphraseFile(path: string): Promise<string> {
  const fail = (why: string, cause?: unknown): LedgerError =>
    new LedgerError('PASSPHRASE_NEEDED', `the passphrase file ${path} is refused: ${why}`, { path }, cause)
  const text = await readPrivateText({
    path,
    bytesMax: FILE_BYTES_MAX,
    groupOfRoot: true,
    fail,
    missing: (cause) => fail('it is missing', cause)
  })
  const [line = ''] = text.split(/\r?\n/, 1)
  if (line === '') throw fail('its first line is empty')
  if (line.length > PASSPHRASE_CHARS_MAX) throw fail(`its first line has more than ${PASSPHRASE_CHARS_MAX} characters`)
  return line
}
