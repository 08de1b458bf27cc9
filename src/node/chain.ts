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
  readonly scope: Scope
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
  readonly scope: Scope
  readonly genesis: Genesis
  readonly model: Model
  readonly store: Store
  /** Newest version of the network that this software is to know; for tests. @default VERSION_MAX */
  readonly versionMax?: number | undefined
}

/** Opens the chain at the head of its store. Throws STORE_DAMAGED when the head cannot be read. */
export function openChain(options: ChainOptions): Chain {
  const { scope, genesis, model, store, versionMax = VERSION_MAX } = options
  const founding = foundingOf(genesis)
  let rulebook = rulebookAfter(scope, model, founding, store.state)
  let tip = tipOf(store, scope, genesis)
  return {
    scope,
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
