import { assertInvariant, LedgerError } from '../base/errors.js'
import type { Frontier, LogNode } from '../base/merkle-log.js'
import type { Scope } from '../base/tagged.js'
import { type BlockHeader, readHeader } from '../ledger/block.js'
import { type Certificate, certificateText } from '../ledger/certificate.js'
import { advance, type ExecutedBlock, genesisTip, type Tip } from '../ledger/chain.js'
import { type CheckedBatch, foundingOf, type Rulebook, rulebookAfter } from '../ledger/execution.js'
import type { Genesis, Limits } from '../ledger/genesis.js'
import type { Model } from '../ledger/model.js'
import { VERSION_MAX } from '../ledger/network-version.js'
import { type Recovery, type RecoveryGround, recoveryProblemAt } from '../ledger/recovery.js'
import { epochAt, type KeptRecovery, recoveriesIn } from '../ledger/recovery-state.js'
import { refusalsOf } from '../ledger/verdict.js'
import type { Store } from './store/store-types.js'
import { encodeRefusals } from './stored-refusals.js'

/** A block that has just been committed. */
export interface CommittedBlock {
  readonly header: BlockHeader
  readonly hash: string
  readonly batches: readonly CheckedBatch[]
  readonly executed: ExecutedBlock
}

/** The chain of one network as this node has it: its end, what is in force there, and the one way to extend it. */
export interface Chain {
  /** Of the next block. It stays while the chain is open: where an epoch ends the node opens its chain again. */
  readonly scope: Scope
  /** Of a block that is committed, or the next one. */
  scopeAt(height: number): Scope
  /** Recoveries that blocks carried out, oldest first. */
  readonly recoveries: readonly KeptRecovery[]
  /** All recoveries up to the epoch of the next block, oldest first. */
  passed(): readonly Recovery[]
  /** A recovery of this home that begins an epoch behind the tip, for which this chain has to be opened again. */
  due(): Recovery | null
  /** What was in force in the epoch that has ended behind the tip; null unless the next block begins an epoch. */
  readonly ended: Rulebook | null
  /** Where the tip stands for a recovery; null where one begins already. */
  ground(): RecoveryGround | null
  readonly genesis: Genesis
  readonly limits: Limits
  /** Of the genesis; every later one stands in the state. */
  readonly foundingModel: Model
  readonly store: Store
  /** In force for the next block. */
  readonly rulebook: Rulebook
  readonly tip: Tip
  /** Newest version of the network that this software knows. */
  readonly versionMax: number
  /** Writes a block that a certificate covers, whole or not at all; durable when the promise resolves. */
  commit(executed: ExecutedBlock, batches: readonly CheckedBatch[], certificate: Certificate): Promise<CommittedBlock>
}

export interface ChainOptions {
  /** Its epoch follows from the store. */
  readonly scope: Scope
  readonly genesis: Genesis
  readonly model: Model
  readonly store: Store
  /** Newest version of the network that this software is to know; for tests. @default VERSION_MAX */
  readonly versionMax?: number | undefined
  /** Complete recoveries that lie in the home; one that holds at the head begins an epoch there. @default none */
  readonly recoveries?: readonly Recovery[]
}

/** Opens the chain at the head of its store. Throws STORE_DAMAGED when the head cannot be read. */
export function openChain(options: ChainOptions): Chain {
  const { genesis, model, store, versionMax = VERSION_MAX, recoveries: given = [] } = options
  const founding = foundingOf(genesis)
  let tip = tipOf(store, options.scope, genesis)
  let rulebook = rulebookAfter(options.scope, model, founding, store.state)
  let recoveries = recoveriesIn(store.state)

  function ground(): RecoveryGround | null {
    if (rulebook.recovery !== undefined) return null
    const { scope, partners: now, nextPartners: latest } = rulebook
    return { scope, height: tip.height, head: tip.hash, now, latest }
  }

  function due(): Recovery | null {
    const place = ground()
    return place === null ? null : (given.find((recovery) => recoveryProblemAt(place, recovery) === null) ?? null)
  }

  const beginning = due()
  const before = rulebook
  if (beginning !== null) rulebook = rulebookAfter(options.scope, model, founding, store.state, beginning)
  const { scope } = rulebook

  function passed(): readonly Recovery[] {
    const kept = recoveries.map(({ document, signatures }) => ({ document, signatures }))
    return rulebook.recovery === undefined ? kept : [...kept, rulebook.recovery]
  }

  return {
    scope,
    scopeAt(height) {
      const documents = passed().map(({ document }) => document)
      return { genesis: scope.genesis, epoch: epochAt(documents, height) }
    },
    passed,
    get recoveries() {
      return recoveries
    },
    due,
    get ended() {
      return rulebook.recovery === undefined ? null : before
    },
    ground,
    genesis,
    limits: genesis.limits,
    foundingModel: model,
    store,
    versionMax,
    get rulebook() {
      return rulebook
    },
    get tip() {
      return tip
    },
    async commit(executed, batches, certificate) {
      const { header, hash, execution } = executed
      assertInvariant(header.height === tip.height + 1, 'blocks are committed in order')
      assertInvariant(certificate.block === hash, 'a block is committed by its own certificate')
      const next = advance(tip, executed)
      await store.commit({
        height: header.height,
        hash,
        header: executed.text,
        certificate: certificateText(certificate),
        batches: batches.map(({ header: { author, incarnation, sequence, count }, hash }) => {
          return { author, incarnation, sequence, hash, count }
        }),
        refusals: encodeRefusals(refusalsOf(execution.verdicts)),
        writes: execution.writes,
        entries: execution.entries,
        treeNodes: next.nodes
      })
      tip = next.tip
      if (rulebook.recovery !== undefined) recoveries = recoveriesIn(store.state)
      rulebook = rulebookAfter(scope, model, founding, store.state)
      return { header, hash, batches, executed }
    }
  }
}

function tipOf(store: Store, scope: Scope, genesis: Genesis): Tip {
  if (store.head === null) return genesisTip(scope.genesis, genesis.time)
  const { height, hash } = store.head
  const stored = store.header(height)
  const header = stored === undefined ? null : readHeader(stored.header)
  if (header === null || !header.ok) {
    throw new LedgerError('STORE_DAMAGED', `the store has no readable header of its newest block, ${height}`, {
      height
    })
  }
  const history = frontierOf(height, (level, index) => store.treeNode(level, index))
  return { height, hash, resultHash: header.value.result, time: header.value.time, history }
}

/** The frontier of the first `size` leaves, from stored nodes: one peak for each 1 of `size` in binary, largest first. */
function frontierOf(size: number, node: (level: LogNode['level'], index: LogNode['index']) => string): Frontier {
  const peaks: string[] = []
  let start = 0
  for (let level = Math.floor(Math.log2(size)); level >= 0; level--) {
    const count = 2 ** level
    if (Math.floor(size / count) % 2 === 0) continue
    peaks.push(node(level, start / count))
    start += count
  }
  return { size, peaks }
}
