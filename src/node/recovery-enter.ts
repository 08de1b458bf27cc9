import { signer } from '../base/crypto.js'
import { authorSequence } from '../ledger/author-sequence.js'
import { type Batch, batchBytes, batchHash, encodeBatch, readBatch } from '../ledger/batch.js'
import { partnerOf } from '../ledger/partner-set.js'
import type { Chain } from './chain.js'
import { marksOfRejoin } from './guard-marks.js'
import type { HomePaths } from './home.js'
import type { Logger } from './log.js'
import { noteEntered, orphansPath, type RecoveryFiles } from './recovery-files.js'
import { pendingRecords } from './recovery-orphans.js'
import { replaceFileDurably } from './store/durable-file.js'
import type { NodeKey } from './store/key-file.js'
import { putAside } from './store/put-aside.js'
import { openGuard, type SignGuard } from './store/sign-guard.js'
import { createWriteAheadLog } from './store/write-ahead-log.js'

export interface EnterOptions {
  readonly paths: HomePaths
  /** Opened with its recovery: its next block is the first of the new epoch. */
  readonly chain: Chain
  readonly self: string
  readonly key: NodeKey
  readonly files: RecoveryFiles
  readonly log: Logger
}

/**
 * Makes a home ready for the epoch that begins behind its tip: own batches that no block has are signed again with the same
 * ids, all others are void; the log begins anew, as what it tells is of the epoch that is over; and the guard gets marks of
 * the new epoch, behind which it signs nothing of the old one. To be called before guard and log are opened. A crash in
 * between is made good by the next call.
 */
export async function enterEpoch({ paths, chain, self, key, files, log }: EnterOptions): Promise<void> {
  const { epoch, genesis } = chain.scope
  if (chain.rulebook.recovery === undefined || files.entered >= epoch) return
  const { document } = chain.rulebook.recovery
  if (document.lost.includes(self)) await putOrphansDown(paths.recovery, chain, self)
  await readyBatches(chain, self, { publicKey: key.publicKey, sign: signer(key.seed) })
  await putAside(paths.log)
  const wal = await createWriteAheadLog({ path: paths.log, genesis })
  await wal.close()
  const guard = await openGuard(paths.guard, { genesis, key: key.publicKey })
  try {
    if (guard.whole) await markEpoch(guard, chain, self)
  } finally {
    await guard.close()
  }
  await noteEntered(paths.recovery, epoch)
  log.warn('a new epoch begins', { epoch, after: document.height, lost: document.lost, signers: document.signers })
}

/** From here on nothing of an earlier epoch comes before the guard's newest places. */
export async function markEpoch(guard: SignGuard, chain: Chain, self: string): Promise<void> {
  const { next } = authorSequence(chain.store.state, self)
  const incarnation = partnerOf(chain.rulebook.partners, self)?.incarnation ?? 0
  const { vote, batch } = marksOfRejoin(chain.scope, incarnation, chain.tip.height, next)
  const { epoch } = chain.scope
  if (vote !== undefined && (guard.lastVote?.position.epoch ?? -1) < epoch) {
    guard.guardVote(vote.position, vote.message, () => vote.signature)
  }
  if (batch !== undefined && (guard.lastBatch?.position.epoch ?? -1) < epoch) {
    guard.guardBatch(batch.position, batch.message, () => batch.signature)
  }
  await guard.sync()
}

/** Own key, however it signs. */
interface OwnKey {
  readonly publicKey: string
  readonly sign: (bytes: string) => string
}

/** Signs own batches that no block has again for the epoch that begins, where this partner goes on in it; drops all others. */
export async function readyBatches(chain: Chain, self: string, key: OwnKey): Promise<void> {
  const isLost = chain.rulebook.recovery?.document.lost.includes(self) === true
  if (!isLost) await signBatchesAgain(chain, self, key)
  const kept = new Set(isLost ? [] : currentOutbox(chain))
  await chain.store.dropBatches(chain.store.uncommitted().filter((hash) => !kept.has(hash)))
}

async function signBatchesAgain(chain: Chain, self: string, { publicKey, sign }: OwnKey): Promise<void> {
  const { scope, store } = chain
  const own = partnerOf(chain.rulebook.partners, self)
  if (own?.key !== publicKey) return
  let { next } = authorSequence(store.state, self)
  for (const { sequence, hash: former } of [...store.outbox()].sort((a, b) => a.sequence - b.sequence)) {
    const batch = readOwnBatch(chain, store.readBatch(former))
    // Of an incarnation before this one it was void already.
    if (sequence !== next || batch === null || batch.header.incarnation !== own.incarnation) return
    next++
    const { header, records } = batch
    const text = encodeBatch(scope, {
      header,
      hash: batchHash(scope, header),
      signature: sign(batchBytes(scope, header)),
      records
    })
    await store.putBatches([{ hash: batchHash(scope, header), text, own: sequence }])
  }
}

/** An own batch of the epoch of the chain or the one before. */
export function readOwnBatch({ scope, limits }: Chain, text: string | undefined): Batch | null {
  if (text === undefined) return null
  for (const epoch of [scope.epoch, scope.epoch - 1]) {
    const read = readBatch({ ...scope, epoch }, limits, text)
    if (read.ok) return read.value
  }
  return null
}

/** Own batches that are signed for this epoch. */
function currentOutbox(chain: Chain): string[] {
  return chain.store
    .outbox()
    .map(({ hash }) => hash)
    .filter((hash) => readBatch(chain.scope, chain.limits, chain.store.readBatch(hash) ?? '').ok)
}

async function putOrphansDown(folder: string, chain: Chain, self: string): Promise<void> {
  const lines = [...pendingRecords(chain, self)].map((record) => `${JSON.stringify(record)}\n`)
  // A crash may have come after these were dropped: what was written then stays.
  if (lines.length > 0) await replaceFileDurably(orphansPath(folder, chain.scope.epoch - 1), lines.join(''), 0o600)
}
