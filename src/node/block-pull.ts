import type { BatchExchange } from './batch-exchange.js'
import type { ProposedBlock } from './block-content.js'
import type { Wanted } from './block-contents.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { Peers } from './peers.js'

export interface BlockPullDependencies {
  readonly chain: Chain
  readonly peers: Peers
  readonly log: Logger
  readonly exchange: Pick<BatchExchange, 'fetch'>
  readonly driver: { learn(hash: string, block: ProposedBlock): void; workAvailable(): void }
}

/** Gets what a block under way lacks: first the block, then the bodies that it names. */
export function createBlockPull({ chain, peers, log, exchange, driver }: BlockPullDependencies) {
  async function askForBlock(height: number, block: string, holders: readonly string[]): Promise<void> {
    for (const partner of [...new Set([...holders, ...peers.connected()])]) {
      if (!peers.connected().includes(partner) || height !== chain.tip.height + 1) continue
      try {
        const answer = await peers.request(partner, { type: 'proposal', height, block }, {})
        if (answer.block === null) continue
        driver.learn(block, answer.block)
        return driver.workAvailable()
      } catch (error) {
        log.debug('a block could not be pulled', { partner, error })
      }
    }
  }

  return ({ height, block, holders, missing }: Wanted): void => {
    if (missing !== null && missing !== undefined) exchange.fetch(missing, holders)
    else void askForBlock(height, block, holders)
  }
}
