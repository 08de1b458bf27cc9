import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { LedgerError } from '../base/errors.js'
import { type Recovery, type RecoveryDocument, readRecovery, recoveryHash, recoveryText } from '../ledger/recovery.js'
import { createFileDurably, makeDirectoryDurably, replaceFileDurably } from './store/durable-file.js'

/** What a home knows of recoveries, besides what its chain tells. Kept when the copy is thrown away. */
export interface RecoveryFiles {
  /** Complete ones: applied by the operator, or learned from others and proven. By epoch. */
  readonly known: readonly Recovery[]
  /** Documents that this home has signed: nothing is signed in the epochs before them. By epoch. */
  readonly signed: readonly RecoveryDocument[]
  /** The newest epoch for which guard, log and own batches were made ready. */
  readonly entered: number
}

const KNOWN = /^epoch-(\d{1,10})\.json$/
const SIGNED = /^signed-(\d{1,10})\.json$/
const ENTERED = 'entered'

/**
 * Reads the folder of recoveries of a home.
 * @throws LedgerError LOG_DAMAGED when a file in it cannot be read: what was signed would be forgotten
 */
export async function readRecoveryFiles(folder: string): Promise<RecoveryFiles> {
  if (!existsSync(folder)) return { known: [], signed: [], entered: 0 }
  const names = await readdir(folder)
  const known: Recovery[] = []
  const signed: RecoveryDocument[] = []
  for (const name of names) {
    if (KNOWN.test(name)) known.push(await readFrom(join(folder, name)))
    if (SIGNED.test(name)) signed.push((await readFrom(join(folder, name))).document)
  }
  const entered = names.includes(ENTERED) ? Number(await readFile(join(folder, ENTERED), 'utf8')) : 0
  if (!Number.isSafeInteger(entered)) throw damaged(join(folder, ENTERED), 'it is no epoch')
  return {
    known: known.sort((a, b) => a.document.epoch - b.document.epoch),
    signed: signed.sort((a, b) => a.epoch - b.epoch),
    entered
  }
}

async function readFrom(path: string): Promise<Recovery> {
  const read = readRecovery(await readFile(path, 'utf8'))
  if (!read.ok) throw damaged(path, read.refusal.message)
  return read.value
}

/** Keeps a complete recovery, durable when the promise resolves. Another one of its epoch is never replaced. */
export async function keepRecovery(folder: string, recovery: Recovery): Promise<void> {
  const { epoch } = recovery.document
  await keepOne(join(folder, `epoch-${epoch}.json`), folder, recovery, (before) => {
    return `this home knows another recovery to epoch ${epoch} already, ${before}: the network has split in two`
  })
}

/**
 * Notes that this home signs a document, durable when the promise resolves: to be called before the signature leaves.
 * @throws LedgerError SIGN_REFUSED when it has signed another one for that epoch
 */
export async function keepSigned(folder: string, document: RecoveryDocument): Promise<void> {
  await keepOne(join(folder, `signed-${document.epoch}.json`), folder, { document, signatures: [] }, (before) => {
    return `this home has signed another recovery to epoch ${document.epoch}, ${before}: it never signs two`
  })
}

async function keepOne(
  path: string,
  folder: string,
  recovery: Recovery,
  problem: (before: string) => string
): Promise<void> {
  await makeDirectoryDurably(folder)
  if (existsSync(path)) {
    const before = recoveryHash((await readFrom(path)).document)
    if (before !== recoveryHash(recovery.document)) {
      throw new LedgerError('SIGN_REFUSED', problem(before), { path, before })
    }
    return
  }
  await createFileDurably(path, `${recoveryText(recovery)}\n`, 0o600)
}

/** Notes that everything is ready for an epoch. */
export async function noteEntered(folder: string, epoch: number): Promise<void> {
  await makeDirectoryDurably(folder)
  await replaceFileDurably(join(folder, ENTERED), `${epoch}\n`, 0o600)
}

/** Where the orphaned records of an epoch that has ended are kept, once the copy that held them is gone. */
export function orphansPath(folder: string, epoch: number): string {
  return join(folder, `orphans-of-epoch-${epoch}.ndjson`)
}

function damaged(path: string, problem: string): LedgerError {
  return new LedgerError('LOG_DAMAGED', `${path}: ${problem}`, { path })
}
