import type { LedgerError } from '../../src/base/errors.js'
import { type Recovery, type RecoveryDocument, recoveryBytes, recoveryHash } from '../../src/ledger/recovery.js'
import { type Chain, openChain } from '../../src/node/chain.js'
import type { Logger } from '../../src/node/log.js'
import { markEpoch, readyBatches } from '../../src/node/recovery-enter.js'
import { createRecoveryLearning } from '../../src/node/recovery-learning.js'
import { assertGuardAllows, assertLogAllows, assertSigner } from '../../src/node/recovery-sign.js'
import { openSetHistory } from '../../src/node/set-history.js'
import type { Store } from '../../src/node/store/store-types.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { VirtualDisk } from './virtual-disk.js'

/** What a virtual home holds of recoveries, as the files of a real one: each is durable at once. */
export interface VirtualRecoveries {
  readonly known: Recovery[]
  readonly signed: RecoveryDocument[]
  entered: number
}

interface Home {
  readonly self: string
  readonly disk: VirtualDisk
  readonly founded: SimulatedGenesis
}

export function chainAt({ genesis, model }: SimulatedGenesis, store: Store, { known }: VirtualRecoveries): Chain {
  const scope = { genesis: genesis.hash, epoch: 0 }
  return openChain({ scope, genesis: genesis.genesis, model, store, recoveries: known })
}

/** Whether an epoch begins behind the copy for which the home is not ready. */
export function isToEnter(recoveries: VirtualRecoveries, founded: SimulatedGenesis, disk: VirtualDisk): boolean {
  const { scope, rulebook } = chainAt(founded, disk.look().store, recoveries)
  return rulebook.recovery !== undefined && recoveries.entered < scope.epoch
}

/** As `enterEpoch` of a real home; a crash in between is made good by the next call. */
export async function enterVirtually(
  recoveries: VirtualRecoveries,
  {
    self,
    disk,
    founded,
    key
  }: Home & { readonly key: { readonly publicKey: string; readonly sign: (bytes: string) => string } }
): Promise<void> {
  const { store, guard } = disk.look()
  const chain = chainAt(founded, store, recoveries)
  await readyBatches(chain, self, key)
  await disk.renewLog()
  if (guard.whole) await markEpoch(guard, chain, self)
  recoveries.entered = chain.scope.epoch
}

/** What a running node does with recoveries that others tell of. */
export async function learnVirtually(
  recoveries: VirtualRecoveries,
  chain: Chain,
  log: Logger,
  told: readonly Recovery[],
  onEpoch: (error: LedgerError) => void
): Promise<boolean> {
  const sets = await openSetHistory(chain)
  const keep = async (recovery: Recovery): Promise<void> => {
    if (recoveries.known.length === 0) recoveries.known.push(recovery)
  }
  return await createRecoveryLearning({ chain, sets, keep, known: recoveries.known, log, onEpoch }).learn(told)
}

/** Why a home does not sign a document; null when it may. */
export function objectionOf(
  { self, disk, founded }: Home,
  recoveries: VirtualRecoveries,
  document: RecoveryDocument
): string | null {
  const { store, guard, entries } = disk.look()
  const chain = chainAt(founded, store, recoveries)
  try {
    assertSigner(chain, self, document, recoveryHash(document))
    assertGuardAllows(chain, self, guard)
    assertLogAllows(chain, self, entries)
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/** Signs it, after the home has noted that. */
export function signVirtually(
  { self, founded }: Home,
  recoveries: VirtualRecoveries,
  document: RecoveryDocument
): Recovery['signatures'][number] {
  recoveries.signed.push(document)
  return { signer: self, signature: founded.signerOf(self)(recoveryBytes(document)) }
}
