import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { LedgerError } from '../../base/errors.js'
import { homePaths } from '../../node/home.js'
import type { Context } from '../context.js'
import { EXIT } from '../failure.js'
import { choosePassphrase, createUnlock, passphraseFileOf } from './passphrase.js'

export interface PassphraseChange {
  readonly passphraseFile?: string
  readonly newPassphraseFile?: string
  readonly remove?: true
}

/** Sets, changes or removes the passphrase of the keys of the home. */
export async function changeKeyPassphrase(context: Context, change: PassphraseChange): Promise<number> {
  const { changePassphrase } = await import('../../node/key-passphrase.js')
  const { home, io } = context
  const { key, nextKey } = homePaths(home)
  if (!existsSync(key) && !existsSync(nextKey)) {
    throw new LedgerError('KEY_FILE', `there is no key in ${home}`, { path: key, missing: true })
  }
  const { newPassphraseFile, remove } = change
  const file = await passphraseFileOf(home, change.passphraseFile)
  const chosen = { io, file: newPassphraseFile === undefined ? null : resolve(newPassphraseFile) }
  const keys = await changePassphrase({
    home,
    unlock: createUnlock({ io, file }),
    choose: async () => (remove === true ? null : await choosePassphrase(chosen, 'New passphrase'))
  })
  const locked = remove !== true
  if (context.json) context.out.write(`${JSON.stringify({ keys, locked })}\n`)
  else for (const one of keys) context.out.write(`${one}\n`)
  context.note(
    locked
      ? 'locked; a backup made before keeps its own passphrase, or none: make a new one'
      : 'not locked any more: whoever can read the file has the key'
  )
  return EXIT.done
}
