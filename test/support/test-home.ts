import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { foundHome } from '../../src/node/found.js'
import type { AppendOptions, AppendOutcome } from '../../src/node/ledger-node.js'
import { type Logger, silentLogger } from '../../src/node/log.js'
import { openNode, type RunningNode } from '../../src/node/node.js'
import { NETWORK } from './small-chain.js'

/** A founded home in a folder of its own, and the nodes opened on it, all gone after `remove`. */
export async function createTestHome(network = NETWORK, role = 'inspector') {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-test-'))
  const home = join(folder, 'home')
  const found = { home, networkText: network, networkFile: 'network.yaml', partner: 'p1', role, now: Date.now() }
  await foundHome(found)
  const opened = new Set<RunningNode>()
  return {
    folder,
    home,
    async open(options: { now?: () => number; log?: Logger; cacheBytesMax?: number } = {}): Promise<RunningNode> {
      const node = await openNode({ home, log: silentLogger, ...options })
      opened.add(node)
      return node
    },
    async close(node: RunningNode): Promise<void> {
      opened.delete(node)
      await node.close()
    },
    async remove(): Promise<void> {
      for (const node of opened) await node.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Appends lines (text, or bytes as they are) and collects the outcomes. */
export async function appendLines(
  node: RunningNode,
  object: string,
  lines: readonly (string | Uint8Array)[],
  options: AppendOptions = {}
): Promise<AppendOutcome[]> {
  const outcomes: AppendOutcome[] = []
  for await (const outcome of node.append(object, chunksOf(lines), options)) outcomes.push(outcome)
  return outcomes
}

async function* chunksOf(lines: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) yield Buffer.concat([Buffer.from(line), Buffer.from('\n')])
}
