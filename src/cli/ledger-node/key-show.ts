import { existsSync } from 'node:fs'
import { LedgerError } from '../../base/errors.js'
import { homePaths } from '../../node/home.js'
import { readHome } from '../../node/read-home.js'
import type { StoredKey } from '../../node/store/key-document.js'
import type { Context } from '../context.js'
import { EXIT, usage } from '../failure.js'
import { choosePassphrase, openAsking, passphraseFileOf } from './passphrase.js'

/** The public key, alone; what else there is to know is said beside it, or with --json. Needs no passphrase. */
export async function showKey(context: Context): Promise<number> {
  const { readKeys } = await import('../../node/key-set.js')
  const { isLocked } = await import('../../node/store/key-document.js')
  const { readStoredKey } = await import('../../node/store/key-file.js')
  const paths = homePaths(context.home)
  const { key, next } = await readKeys(paths)
  if (key === null && !existsSync(paths.partner)) throw notFounded(context.home)
  const present = key ?? (await readStoredKey(paths.key))
  const partner = (await readHome(context.home).catch(() => null))?.partner ?? null
  if (context.json) {
    const shown = (one: StoredKey) => ({ key: one.publicKey, locked: isLocked(one) })
    context.out.write(`${JSON.stringify({ partner, ...shown(present), next: next === null ? null : shown(next) })}\n`)
    return EXIT.done
  }
  const words = (one: StoredKey): string => (isLocked(one) ? 'locked with a passphrase' : 'not locked: no passphrase')
  context.out.write(`${present.publicKey}\n`)
  context.note(`${partner === null ? 'of no network yet' : `partner ${partner}`}; ${words(present)}`)
  if (next !== null) context.note(`next key ${next.publicKey}; ${words(next)}`)
  return EXIT.done
}

/** Makes the next key, locked as the one in use is, and prints it. */
export async function newKey(context: Context, flag: string | undefined): Promise<number> {
  const { readKeys } = await import('../../node/key-set.js')
  const paths = homePaths(context.home)
  if (!existsSync(paths.partner)) throw notFounded(context.home)
  const { key: present, next } = await readKeys(paths)
  const key = next?.publicKey ?? (await makeNext(context, flag, present))
  context.out.write(context.json ? `${JSON.stringify({ key })}\n` : `${key}\n`)
  context.note('it is taken up once the chain names it: ledger propose key PARTNER KEY')
  return EXIT.done
}

async function makeNext(context: Context, flag: string | undefined, present: StoredKey | null): Promise<string> {
  const { createKeyFile } = await import('../../node/store/key-file.js')
  const { isLocked } = await import('../../node/store/key-document.js')
  const { generateSeed } = await import('../../base/crypto.js')
  const { home, io } = context
  const paths = homePaths(home)
  const file = await passphraseFileOf(home, flag)
  const isClear = present !== null && !isLocked(present)
  // The node runs, and would know no passphrase when it is to take the key up.
  if (isClear && flag !== undefined) {
    throw usage('the key in use has no passphrase, so its node knows none', 'set one first: ledger-node key passphrase')
  }
  let passphrase: string | null = null
  if (present !== null && isLocked(present)) {
    passphrase = (await openAsking({ io, file }, present, paths.key)).passphrase
  } else if (file !== null) passphrase = await choosePassphrase({ io, file }, 'Passphrase')
  return (await createKeyFile(paths.nextKey, generateSeed(), passphrase)).publicKey
}

function notFounded(home: string): LedgerError {
  return new LedgerError('NOT_FOUNDED', `${home} holds no network yet`)
}
