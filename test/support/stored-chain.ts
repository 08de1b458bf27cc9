import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeBatch } from '../../src/ledger/batch.js'
import { certificateText } from '../../src/ledger/certificate.js'
import { advance, genesisTip } from '../../src/ledger/chain.js'
import { refusalsOf } from '../../src/ledger/verdict.js'
import { openChain } from '../../src/node/chain.js'
import type { VerifyReport } from '../../src/node/ledger-node.js'
import { openStore } from '../../src/node/store/store.js'
import type { BlockCommit } from '../../src/node/store/store-types.js'
import { encodeRefusals } from '../../src/node/stored-refusals.js'
import { verifyCopy } from '../../src/node/verify-copy.js'
import { FOUNDED_AT, type smallChain } from './small-chain.js'

export type Small = ReturnType<typeof smallChain>
export type Committed = Small['blocks'][number]

/** What stands in the store for a block; a forger changes any of it, and the store gives it good checksums. */
export type Forge = (commit: BlockCommit, block: Committed, chain: Small) => BlockCommit

/** Writes the chain into a real store, the block at `height` as the forger wants it, and verifies the copy. */
export async function verifyStored(chain: Small, height: number, forge: Forge): Promise<VerifyReport> {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-forged-'))
  const store = await openStore({ path: join(folder, 'store'), genesis: chain.scope.genesis })
  try {
    let tip = genesisTip(chain.scope.genesis, FOUNDED_AT)
    for (const block of chain.blocks) {
      const { header, hash, text, execution } = block.executed
      await store.putBatches(block.signed.map((batch) => ({ hash: batch.hash, text: encodeBatch(chain.scope, batch) })))
      const next = advance(tip, block.executed)
      tip = next.tip
      const commit: BlockCommit = {
        height: header.height,
        hash,
        header: text,
        certificate: certificateText(block.certificate),
        batches: block.signed.map(({ header: { author, incarnation, sequence, count }, hash }) => {
          return { author, incarnation, sequence, hash, count }
        }),
        refusals: encodeRefusals(refusalsOf(execution.verdicts)),
        writes: execution.writes,
        entries: execution.entries,
        treeNodes: next.nodes
      }
      await store.commit(header.height === height ? forge(commit, block, chain) : commit)
    }
    const { genesis, model, scope } = chain
    return await verifyCopy(openChain({ scope, genesis: genesis.genesis, model, store }))
  } finally {
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}
