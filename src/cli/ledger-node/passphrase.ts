import { resolve } from 'node:path'
import type { Command } from 'commander'
import { LedgerError } from '../../base/errors.js'
import { homePaths } from '../../node/home.js'
import type { NodeKey, Unlock } from '../../node/store/key-file.js'
import type { LockedKey } from '../../node/store/key-lock.js'
import { readConfig } from '../config.js'
import type { Io } from '../context.js'
import { usage } from '../failure.js'
import { askSecret, isAskable } from '../prompt.js'
import { plain } from '../text.js'

/** How often a wrong passphrase may be typed. */
const TRIES_MAX = 3

/** Where passphrases come from: a file, or the terminal. Never a flag, which others see, nor the environment. */
export interface PassphraseSource {
  readonly io: Pick<Io, 'stdin' | 'stderr'>
  /** Absolute path; null when none is named. */
  readonly file: string | null
  readonly signal?: AbortSignal
}

export function addPassphraseFileOption(command: Command): Command {
  return command.option(
    '--passphrase-file <file>',
    'where the passphrase of the key stands: the first line of the file'
  )
}

/** The file that the line names, or HOME/config.yaml; its paths are relative to the home. */
export async function passphraseFileOf(home: string, flag: string | undefined): Promise<string | null> {
  if (flag !== undefined) return resolve(flag)
  const { passphraseFile } = await readConfig(homePaths(home).config)
  return passphraseFile === undefined || passphraseFile === null ? null : resolve(home, passphraseFile)
}

/**
 * Opens locked keys with the passphrase of the file, which is read each time, or with what is typed at the first time: the
 * next key of a running node is taken up without asking, so the process keeps it as long as it keeps the key.
 */
export function createUnlock(source: PassphraseSource): Unlock {
  let typed: string | null = null
  return async (key, path) => {
    if (typed !== null) {
      const { unlockKey } = await import('../../node/store/key-file.js')
      return await unlockKey(key, path, typed)
    }
    const { opened, passphrase } = await openAsking(source, key, path)
    if (source.file === null) typed = passphrase
    return opened
  }
}

/**
 * Opens a locked key with the passphrase of the file, or what is typed.
 * @throws LedgerError PASSPHRASE_NEEDED, PASSPHRASE_WRONG
 */
export async function openAsking(
  { io, file, signal }: PassphraseSource,
  key: LockedKey,
  path: string
): Promise<{ readonly opened: NodeKey; readonly passphrase: string }> {
  const { unlockKey } = await import('../../node/store/key-file.js')
  if (file !== null) {
    const passphrase = await readFirstLine(file)
    return { opened: await unlockKey(key, path, passphrase), passphrase }
  }
  if (!isAskable(io)) {
    const message = `${path} is locked with a passphrase, and there is no terminal to ask for it`
    throw new LedgerError('PASSPHRASE_NEEDED', message, { path, key: key.publicKey })
  }
  for (let tries = 1; ; tries++) {
    const passphrase = await askSecret(io, `Passphrase of ${plain(path)}: `, signal)
    try {
      return { opened: await unlockKey(key, path, passphrase), passphrase }
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== 'PASSPHRASE_WRONG' || tries === TRIES_MAX) throw error
      io.stderr.write(`${error.message}; try again\n`)
    }
  }
}

/**
 * A passphrase that is chosen: of the file, or typed twice.
 * @param what it is for, such as `New passphrase`
 * @throws LedgerError PASSPHRASE_NEEDED when there is neither; USAGE when it is too short
 */
export async function choosePassphrase({ io, file, signal }: PassphraseSource, what: string): Promise<string> {
  const { PASSPHRASE_CHARS_MAX, PASSPHRASE_CHARS_MIN } = await import('../../node/store/key-lock.js')
  const assertGood = (passphrase: string): string => {
    if (passphrase.length >= PASSPHRASE_CHARS_MIN && passphrase.length <= PASSPHRASE_CHARS_MAX) return passphrase
    throw usage(`a passphrase has ${PASSPHRASE_CHARS_MIN} to ${PASSPHRASE_CHARS_MAX} characters`, 'take several words')
  }
  if (file !== null) return assertGood(await readFirstLine(file))
  if (!isAskable(io)) {
    throw new LedgerError('PASSPHRASE_NEEDED', 'there is no terminal to ask for a passphrase, and no file was named')
  }
  const first = assertGood(await askSecret(io, `${what}: `, signal))
  if ((await askSecret(io, `${what}, once more: `, signal)) === first) return first
  throw usage('the two passphrases differ; nothing was changed', 'run the command again')
}

async function readFirstLine(file: string): Promise<string> {
  const { readPassphraseFile } = await import('../../node/store/passphrase-file.js')
  return await readPassphraseFile(file)
}
