import { parse } from 'yaml'
import type { RunningNode } from '../../src/node/node.js'

/** Proposes a network file on a node that decides alone, and waits until it is in force. */
export async function bringIntoForce(node: RunningNode, file: string): Promise<void> {
  const change = { kind: 'model' as const, network: parse(file) }
  const { id } = await node.propose({ change, expiresMs: 600_000, force: true })
  while (node.proposal(id)?.state !== 'enacted') await new Promise((resolve) => setTimeout(resolve, 5))
}
