import { existsSync } from 'node:fs'
import { signer } from '../base/crypto.js'
import { LedgerError } from '../base/errors.js'
import { authorSequence } from '../ledger/author-sequence.js'
import { batchBytes, batchHash, encodeBatch } from '../ledger/batch.js'
import { partnerOf } from '../ledger/partner-set.js'
import type { Chain } from './chain.js'
import { marksOfRejoin } from './guard-marks.js'
import type { HomePaths } from './home.js'
import type { Logger } from './log.js'
import { readOwnBatch } from './recovery-enter.js'
import { renameDurably } from './store/durable-file.js'
import { type NodeKey, openKey, readStoredKey, type Unlock } from './store/key-file.js'
import { putAside } from './store/put-aside.js'
import { createGuard } from './store/sign-guard.js'

export interface KeyChangeOptions {
  readonly paths: HomePaths
  readonly chain: Chain
  readonly self: string
  readonly log: Logger
}

export interface TakeUpOptions extends KeyChangeOptions {
  readonly unlock: Unlock
}

/**
 * The key of a home. When the chain names the next one that lies there, that takes its place first, with a sign guard
 * that begins behind the tip: nothing was ever signed with it. To be called before guard and log are opened; a crash in
 * between is made good by the next call. Only the key that is used is opened.
 * @throws LedgerError KEY_FILE, PASSPHRASE_NEEDED, PASSPHRASE_WRONG
 */
export async function takeUpKey({ paths, chain, self, log, unlock }: TakeUpOptions): Promise<NodeKey> {
  // Who lost its key and had the others vote for a new one: whatever the former key signed is not known here any more.
  if (!existsSync(paths.key) && existsSync(paths.nextKey)) await renameDurably(paths.nextKey, paths.key)
  const present = await readStoredKey(paths.key)
  const named = partnerOf(chain.rulebook.partners, self)
  if (named === undefined || named.key === present.publicKey || !existsSync(paths.nextKey)) {
    return await openKey(present, paths.key, unlock)
  }
  const stored = await readStoredKey(paths.nextKey)
  if (stored.publicKey !== named.key) return await openKey(present, paths.key, unlock)
  const next = await openKey(stored, paths.nextKey, unlock)
  const { next: sequence } = authorSequence(chain.store.state, self)
  const marks = marksOfRejoin(chain.scope, named.incarnation, chain.tip.height, sequence)
  await signBatchesAgain(chain, self, named.incarnation, next)
  await putAside(paths.guard)
  const guard = await createGuard(paths.guard, { genesis: chain.scope.genesis, key: next.publicKey }, marks)
  await guard.close()
  await renameDurably(paths.nextKey, paths.key)
  log.info('this node signs with its next key', { key: next.publicKey })
  return next
}

/**
 * Makes way for the next key when a quorum says that it is in force and the copy here is behind: the former key, with which
 * nobody gives it blocks any more, is put aside. What was signed with it counts for nothing, so the node rejoins.
 * @returns why the node has to start again; null when the key that is named does not lie in the home
 */
export async function makeWayFor(
  named: string,
  { paths, log }: Pick<KeyChangeOptions, 'paths' | 'log'>
): Promise<LedgerError | null> {
  if (!existsSync(paths.nextKey) || (await readStoredKey(paths.nextKey)).publicKey !== named) return null
  log.info('a quorum says that the next key of this node is in force', { key: named })
  await putAside(paths.key)
  return new LedgerError('KEY_CHANGED', 'the next key of this node is in force', { key: named })
}

/** What ends a node whose key the chain has replaced: KEY_CHANGED when the next one lies in its home, else KEY_FILE. */
export async function keyChangedError({ paths, chain, self }: KeyChangeOptions): Promise<LedgerError> {
  const key = partnerOf(chain.rulebook.partners, self)?.key ?? ''
  const next = existsSync(paths.nextKey) ? (await readStoredKey(paths.nextKey)).publicKey : null
  if (next === key) return new LedgerError('KEY_CHANGED', 'the next key of this node is in force', { key })
  const message = `the partners gave ${self} another key, ${key}: this node's key counts for nothing; put that key in its home`
  return new LedgerError('KEY_FILE', message, { partner: self, key })
}

/**
 * Own batches that no block has are void with the former key. With the same records and sequences, and so the same record
 * ids, they are signed again: who was told that a record is pending need not append it anew.
 */
async function signBatchesAgain(chain: Chain, self: string, incarnation: number, { seed }: NodeKey): Promise<void> {
  const { scope, store } = chain
  const sign = signer(seed)
  let { next } = authorSequence(store.state, self)
  for (const { sequence, hash: former } of store.outbox()) {
    // A recovery may have ended the epoch in which they were signed.
    const batch = readOwnBatch(chain, store.readBatch(former))
    // Of an incarnation before the last one they were void already.
    if (sequence !== next || batch === null || batch.header.incarnation < incarnation - 1) return
    next++
    if (batch.header.incarnation === incarnation) continue
    const header = { ...batch.header, incarnation }
    const hash = batchHash(scope, header)
    const signature = sign(batchBytes(scope, header))
    const { records } = batch
    await store.putBatches([{ hash, text: encodeBatch(scope, { header, hash, signature, records }), own: sequence }])
  }
}
