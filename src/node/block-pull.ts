import type { BatchExchange } from './batch-exchange.js'
import type { ProposedBlock } from './block-content.js'
import type { Wanted } from './block-contents.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { Peers } from './peers.js'

export interface BlockPullDependencies {
  readonly chain: Chain
  readonly peers: Pick<Peers, 'connected' | 'request' | 'blame'>
  readonly log: Logger
  readonly exchange: Pick<BatchExchange, 'fetch'>
  readonly driver: {
    learn(hash: string, block: ProposedBlock): void
    blockOf(hash: string): ProposedBlock | null
    workAvailable(): void
  }
}

/**
 * Gets what a block under way lacks: first the block, then the bodies that it names. It is asked for once a second while
 * nothing moves, and each time of somebody who is not being asked yet: so who keeps silent, or gives something else, holds
 * nobody up.
 */
export function createBlockPull({ chain, peers, log, exchange, driver }: BlockPullDependencies) {
  /** Whom each block is being asked of. */
  const asked = new Map<string, Set<string>>()

  async function askForBlock(height: number, block: string, holders: readonly string[]): Promise<void> {
    for (const partner of [...new Set([...holders, ...peers.connected()])]) {
      if (height !== chain.tip.height + 1 || driver.blockOf(block) !== null) return
      if (!peers.connected().includes(partner) || asked.get(block)?.has(partner)) continue
      await ask(partner, height, block)
    }
  }

  async function ask(partner: string, height: number, block: string): Promise<void> {
    const partners = asked.get(block) ?? new Set()
    asked.set(block, partners.add(partner))
    try {
      const answer = await peers.request(partner, { type: 'proposal', height, block }, {})
      if (answer.block !== null && height === chain.tip.height + 1) take(partner, block, answer.block)
    } catch (error) {
      log.debug('a block could not be pulled', { partner, error })
    } finally {
      partners.delete(partner)
      if (partners.size === 0) asked.delete(block)
    }
  }

  function take(partner: string, hash: string, block: ProposedBlock): void {
    // It may have come another way in the meantime, and nobody looked at it yet.
    if (driver.blockOf(hash) === null) driver.learn(hash, block)
    if (driver.blockOf(hash) === null) peers.blame?.(partner, 'it gives another block than it was asked for')
    else driver.workAvailable()
  }

  return ({ height, block, holders, missing }: Wanted): void => {
    if (missing !== null && missing !== undefined) exchange.fetch(missing, holders)
    else void askForBlock(height, block, holders)
  }
}
