import { canonicalText } from '../../src/base/canonical.js'
import { verifySignature } from '../../src/base/crypto.js'
import type { Json } from '../../src/base/json.js'
import { type Recovery, type RecoveryDocument, recoveryBytes } from '../../src/ledger/recovery.js'
import type { LogEntry } from '../../src/node/store/write-ahead-log.js'
import { BrokenPromise } from './broken-promise.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { SimulatedNetwork } from './simulated-network.js'
import type { StoreContent } from './virtual-store.js'
import type { Submission } from './workload.js'

/** The chain goes on from the block of the document, and holds it for ever with the signatures of all survivors. */
export function checkRecovery(
  founded: SimulatedGenesis,
  document: RecoveryDocument,
  { blocks, state }: StoreContent
): void {
  const wrong = (what: string): BrokenPromise => new BrokenPromise('the chain holds the recovery', what)
  if (blocks[document.height - 1]?.hash !== document.head) throw wrong('its block is another one')
  const kept = JSON.parse(state.get(`E:${document.epoch}`)?.text ?? 'null') as Recovery | null
  if (canonicalText((kept?.document ?? null) as Json) !== canonicalText(document as unknown as Json))
    throw wrong('its document is another one')
  const survivors = founded.voters.filter((id) => !document.lost.includes(id))
  for (const id of survivors) {
    const signature = kept?.signatures.find(({ signer }) => signer === id)?.signature
    const bytes = recoveryBytes(document)
    if (signature === undefined || !verifySignature(founded.keyOf(id), bytes, signature))
      throw wrong(`${id} has not signed it`)
  }
}

/**
 * The lost have the same blocks as all others up to the recovery, and behind them either those of the new epoch or one of
 * the old one.
 * @returns what was acknowledged in that block: it is left behind, and nothing else
 */
export function checkOldEpoch(
  { partners, recovering, submissions }: SimulatedNetwork,
  { height }: RecoveryDocument,
  longest: StoreContent
): ReadonlySet<unknown> {
  const orphaned = new Set<Submission>()
  for (const { id, content } of partners.filter((partner) => recovering.isLost(partner.id))) {
    const other = content.blocks.findIndex(({ hash }, index) => hash !== longest.blocks[index]?.hash)
    if (other < 0) continue
    const where = `${id} has another block ${other + 1} of ${content.blocks.length}, behind ${height}`
    if (other !== height) throw new BrokenPromise('agreement', where)
    if (content.blocks.length > height + 1) throw new BrokenPromise('the old epoch is over', where)
    for (const each of submissions()) if (each.author === id && each.decided?.height === height + 1) orphaned.add(each)
  }
  return orphaned
}

/** Whoever signs a recovery must not have seen a block above it decided: counts in plain steps what its log holds. */
export function isDecidedAbove(entries: readonly LogEntry[], height: number, quorum: number): boolean {
  const voters = new Map<string, Set<string>>()
  for (const { height: of, text } of entries) {
    const { entry } = JSON.parse(text) as { readonly entry?: LoggedVote }
    if (of !== height + 1 || entry === undefined) continue
    if (entry.type === 'certificate') return true
    if (entry.vote?.kind !== 'precommit' || entry.vote.block === null) continue
    const place = `${entry.vote.round} ${entry.vote.block}`
    const known = voters.get(place) ?? new Set()
    voters.set(place, known.add(entry.vote.voter))
    if (known.size >= quorum) return true
  }
  return false
}

interface LoggedVote {
  readonly type: string
  readonly vote?: {
    readonly kind: string
    readonly round: number
    readonly block: string | null
    readonly voter: string
  }
}
