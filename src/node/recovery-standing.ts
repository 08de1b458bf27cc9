import { join } from 'node:path'
import { LedgerError } from '../base/errors.js'
import { readCertificate } from '../ledger/certificate.js'
import { type Recovery, type RecoveryDocument, recoveryHash } from '../ledger/recovery.js'
import type { Chain } from './chain.js'
import type { RecoveryFiles } from './recovery-files.js'
import { putAside } from './store/put-aside.js'

/**
 * Why a node signs nothing in its epoch:
 * - `behind`: a later epoch begins behind a block that its copy does not have yet
 * - `over`: its copy has blocks of an epoch that ended before them
 * - `unfit`: the recovery in its home does not go with its copy
 * - `signed`: a recovery was signed here and is not applied
 */
export interface Barred {
  readonly kind: 'behind' | 'over' | 'unfit' | 'signed'
  readonly document: RecoveryDocument
  readonly why: string
  readonly todo: string
}

/** Whether a node may take part in the epoch of its chain: null when nothing in its home speaks against it. */
export function barredBy(chain: Chain, files: RecoveryFiles): Barred | null {
  const next = chain.scope.epoch + 1
  const known = files.known.find(({ document }) => document.epoch === next)
  if (known !== undefined && !hasGoneOn(chain, known.document)) return barredByKnown(chain, known.document)
  const signed = files.signed.find(({ epoch }) => epoch === next)
  return signed === undefined || hasComeToNothing(chain, signed) ? null : barredBySigned(signed)
}

function barredByKnown(chain: Chain, document: RecoveryDocument): Barred {
  const { epoch, height, head } = document
  if (height > chain.tip.height) {
    return {
      kind: 'behind',
      document,
      why: `epoch ${epoch} begins behind block ${height}, and the copy here ends at block ${chain.tip.height}: it fetches what is missing`,
      todo: 'wait; the other partners have the blocks'
    }
  }
  if (height < chain.tip.height && chain.store.header(height)?.hash === head) {
    return {
      kind: 'over',
      document,
      why: `epoch ${epoch} has begun behind block ${height}: the blocks here from ${height + 1} on are orphaned, and this node signs nothing`,
      todo: 'stop it; ledger-node recovery orphans lists their records. Then ledger-node start --resync, once the others have reinstated this partner if it was suspended'
    }
  }
  return {
    kind: 'unfit',
    document,
    why: `the recovery to epoch ${epoch} in this home does not go with its copy of the chain`,
    todo: 'compare ledger-node recovery show with the other partners; ledger-node start --resync fetches the copy again'
  }
}

function barredBySigned(document: RecoveryDocument): Barred {
  const { epoch, height } = document
  return {
    kind: 'signed',
    document,
    why: `a recovery to epoch ${epoch} behind block ${height} was signed here (${recoveryHash(document)}): nothing more is signed in epoch ${epoch - 1}`,
    todo: 'apply it once it has all signatures: ledger-node recovery apply FILE (docs/recovery.md, "When a recovery is given up")'
  }
}

/**
 * Whether the epoch that a document ends has gone on here for more than a block behind it. No honest signer votes that far, so
 * whoever shows such a document to this copy has former keys and no recovery: what partners of long ago sign must not stop
 * those of today.
 */
export function hasGoneOn(chain: Chain, { height, head }: Pick<RecoveryDocument, 'height' | 'head'>): boolean {
  return chain.tip.height >= height + 2 && chain.store.header(height)?.hash === head
}

/** What a home knows, without recoveries that its copy has outlived: these are put aside, and make room for a real one. */
export async function withoutOutlived(folder: string, chain: Chain, files: RecoveryFiles): Promise<RecoveryFiles> {
  const isOutlived = ({ document }: Recovery): boolean =>
    document.epoch === chain.scope.epoch + 1 && hasGoneOn(chain, document)
  for (const { document } of files.known.filter(isOutlived)) {
    await putAside(join(folder, `epoch-${document.epoch}.json`))
  }
  return { ...files, known: files.known.filter((recovery) => !isOutlived(recovery)) }
}

/**
 * Whether a document that was signed here can never have all signatures: another signer has voted, in the epoch that the
 * document was to end, two blocks behind it. It had not signed by then, as it would have voted no more; and it never will,
 * as its chain is higher.
 */
export function hasComeToNothing(chain: Chain, { height, head, signers }: RecoveryDocument): boolean {
  if (!hasGoneOn(chain, { height, head })) return false
  const stored = chain.store.header(height + 2)
  const certificate = stored === undefined ? null : readCertificate(stored.certificate)
  // Its signature was checked before the block was committed.
  return certificate?.ok === true && certificate.value.votes.some(({ voter }) => signers.includes(voter))
}

/** Signs what a node that takes no part in its epoch may still say, and nothing that counts on the chain. */
export function signerOutOfEpoch(sign: (bytes: string) => string): (bytes: string) => string {
  return (bytes) => {
    if (!/^ledger\/(vote|proposal|batch|recovery)\//.test(bytes)) return sign(bytes)
    throw new LedgerError('SIGN_REFUSED', 'this node signs nothing more in an epoch that is over')
  }
}
