import { readHome } from '../../node/read-home.js'
import type { Context } from '../context.js'
import { EXIT } from '../failure.js'
import { plain } from '../text.js'
import { choosePassphrase, passphraseFileOf } from './passphrase.js'

export interface KeyBackupArguments {
  readonly file?: string
  readonly passphraseFile?: string
  readonly inClear?: true
}

/** How a key in clear is kept in a backup: locked with a passphrase that is chosen, or in clear because that was said. */
export function chooseBackupLock(
  { home, io, note }: Context,
  { passphraseFile, inClear }: Pick<KeyBackupArguments, 'passphraseFile' | 'inClear'>
): () => Promise<string | null> {
  return async () => {
    if (inClear === true) {
      note('the key in the backup is in clear: whoever can read it can sign as this partner')
      return null
    }
    const file = await passphraseFileOf(home, passphraseFile)
    if (file === null)
      note('the key is in clear; choose a passphrase for the backup, or break off and say --no-passphrase')
    return await choosePassphrase({ io, file }, 'Passphrase of the backup')
  }
}

/** Writes the keys of the home to a new file. */
export async function backUpKey(context: Context, args: KeyBackupArguments): Promise<number> {
  const { createKeyBackup, keysToBackUp } = await import('../../node/key-backup.js')
  const { isLocked } = await import('../../node/store/key-document.js')
  const { home } = context
  const { file = '' } = args
  const content = await readHome(home).catch(() => null)
  const keys = await keysToBackUp(home, chooseBackupLock(context, args))
  const backup = {
    partner: content?.partner ?? null,
    genesis: content?.genesis.hash ?? null,
    made: new Date().toISOString(),
    ...keys
  }
  await createKeyBackup(file, backup)
  const locked = isLocked(keys.key)
  if (context.json) {
    context.out.write(
      `${JSON.stringify({ file, key: keys.key.publicKey, locked, next: keys.next?.publicKey ?? null })}\n`
    )
  }
  context.note(
    `${plain(file)} holds the key ${keys.key.publicKey}${keys.next === null ? '' : ' and the next one'}, ${
      locked ? 'locked' : 'in clear'
    }; keep it where only you reach it`
  )
  return EXIT.done
}

/** Puts the keys of a backup into the home, and says what comes next. */
export async function restoreKeyFrom(context: Context, file: string): Promise<number> {
  const { readKeyBackup, restoreKey } = await import('../../node/key-backup.js')
  const { key, isNew, isFounded } = await restoreKey(context.home, await readKeyBackup(file))
  if (context.json) context.out.write(`${JSON.stringify({ key, restored: isNew })}\n`)
  else context.out.write(`${key}\n`)
  if (!isNew) context.note('this key was there already')
  context.note('be sure that it runs nowhere else: a key must never run in two places')
  context.note(
    isFounded
      ? 'start the node with: ledger-node start'
      : 'copy genesis.json and peers.json from the home of any partner into this one, then: ledger-node start; or start it with the invitation that it joined with. It rejoins, see docs/partners.md'
  )
  return EXIT.done
}
