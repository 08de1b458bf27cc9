import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { LedgerError } from '../base/errors.js'
import { isPartnerId } from '../base/ids.js'
import { type ReadGenesis, readGenesis } from '../ledger/genesis.js'
import { homePaths } from './home.js'

/** What a home says of itself, before anything in it is opened. */
export interface HomeContent {
  readonly genesis: ReadGenesis
  /** Own partner id. */
  readonly partner: string
}

/**
 * Reads what a home was founded with; null when it was not.
 * @throws LedgerError STORE_DAMAGED when it cannot be read, or is missing in a home that was used
 */
export async function readHome(home: string): Promise<HomeContent | null> {
  const paths = homePaths(home)
  const genesisText = await textOf(paths.genesis)
  if (genesisText === null) {
    // The store comes after the genesis, so this is no founding that was interrupted.
    if (existsSync(paths.store)) throw damaged(paths.genesis, 'it is missing, though there is a store')
    return null
  }
  const genesis = readGenesis(genesisText)
  if (!genesis.ok && genesis.refusal.code === 'VERSION_UNKNOWN') {
    throw new LedgerError('VERSION_UNKNOWN', `${paths.genesis}: ${genesis.refusal.message}`, { path: paths.genesis })
  }
  if (!genesis.ok) throw damaged(paths.genesis, genesis.refusal.message)
  const partnerText = await textOf(paths.partner)
  if (partnerText === null) throw damaged(paths.partner, 'it is missing')
  const partner = partnerIn(partnerText)
  if (partner === null) throw damaged(paths.partner, 'it names no partner')
  return { genesis: genesis.value, partner }
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw damaged(path, 'it cannot be read', error)
  }
}

function partnerIn(text: string): string | null {
  try {
    const { partner } = JSON.parse(text) as { partner?: unknown }
    return isPartnerId(partner) ? partner : null
  } catch {
    return null
  }
}

function damaged(path: string, problem: string, cause?: unknown): LedgerError {
  const more = path.endsWith('genesis.json') ? ', or copy it from another partner: it is the same everywhere' : ''
  return new LedgerError('STORE_DAMAGED', `${path}: ${problem}; restore it from a backup${more}`, { path }, cause)
}
