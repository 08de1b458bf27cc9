import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { canonicalText } from '../base/canonical.js'
import { LedgerError } from '../base/errors.js'
import type { ReadGenesis } from '../ledger/genesis.js'
import { homePaths } from './home.js'
import { readHome } from './read-home.js'
import { createFileDurably, makeDirectoryDurably } from './store/durable-file.js'
import { lockHome } from './store/home-lock.js'
import { createGuard } from './store/sign-guard.js'
import { createWriteAheadLog } from './store/write-ahead-log.js'

/**
 * Runs `work` on a home that belongs to no network yet, locked meanwhile; makes the home when it is missing.
 * @throws LedgerError ALREADY_FOUNDED, HOME_LOCKED
 */
export async function withEmptyHome<T>(home: string, work: () => Promise<T>): Promise<T> {
  await makeDirectoryDurably(home)
  const lock = await lockHome(home)
  try {
    if ((await readHome(home)) !== null) {
      throw new LedgerError('ALREADY_FOUNDED', `${home} already holds a network`, { home })
    }
    return await work()
  } finally {
    await lock.release()
  }
}

export interface HomeOwner {
  readonly partner: string
  /** Key text; the key file is there already. */
  readonly key: string
  /** Whether the key may have signed in this network before: then the home gets no guard, and its node rejoins. */
  readonly mayHaveSigned: boolean
  readonly genesis: ReadGenesis
}

/**
 * Makes an empty home one of a network: sign guard, write-ahead log, who this node is, and the genesis, which comes last,
 * so that what was interrupted can be done again.
 * @param extra file to write before the genesis: path and content
 * @throws LedgerError ALREADY_FOUNDED when there is a store of another network, DISK_FULL
 */
export async function settleHome(
  home: string,
  { partner, key, mayHaveSigned, genesis }: HomeOwner,
  extra?: { readonly path: string; readonly content: string }
): Promise<void> {
  const paths = homePaths(home)
  if (existsSync(paths.store)) {
    const message = `${home} has a store but no genesis: it is the home of another network; take an empty one`
    throw new LedgerError('ALREADY_FOUNDED', message, { home })
  }
  // Left behind by an interruption: nothing was signed yet, as only a settled node signs.
  for (const path of [paths.guard, paths.log, paths.partner]) await rm(path, { recursive: true, force: true })
  if (!mayHaveSigned) {
    const guard = await createGuard(paths.guard, { genesis: genesis.hash, key })
    await guard.close()
    const log = await createWriteAheadLog({ path: paths.log, genesis: genesis.hash })
    await log.close()
  }
  await createFileDurably(paths.partner, `${canonicalText({ partner })}\n`, 0o600)
  if (extra !== undefined) {
    await rm(extra.path, { force: true })
    await createFileDurably(extra.path, extra.content, 0o600)
  }
  await createFileDurably(paths.genesis, `${genesis.text}\n`, 0o600)
  await rm(paths.restoredKey, { force: true })
}
