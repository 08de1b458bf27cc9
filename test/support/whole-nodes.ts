import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { foundHome } from '../../src/node/found.js'
import { readToken } from '../../src/node/invitation.js'
import { prepareHome, requestJoin } from '../../src/node/join.js'
import { silentLogger } from '../../src/node/log.js'
import { type NodeOptions, openNode, type RunningNode } from '../../src/node/node.js'
import { ownKeyOf } from '../../src/node/own-key.js'
import { QUICK } from './local-network.js'
import { NETWORK } from './small-chain.js'

/** With readers that do not vote. */
const OBSERVED = NETWORK.replace(
  'reader: { append: [], govern: false }',
  'reader: { append: [], govern: false, vote: false }'
)

const DAY_MS = 24 * 3_600_000

export interface WholeNodesOptions extends Partial<NodeOptions> {
  /** Two partners that never get a connection to each other. */
  readonly apart?: readonly [string, string]
  /** Whether a home that is opened again listens where it did before, as real nodes do. @default false */
  readonly keepPorts?: boolean
  /** @default that of small-chain.ts, with readers that do not vote */
  readonly networkText?: string
}

/** Waits until a look says yes; fails with what was waited for. */
export async function until(what: string, holds: () => boolean, ms = 30_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Waits until all copies end in the same block. */
export async function agreed(nodes: readonly RunningNode[]): Promise<void> {
  await until('all have the same head', () => new Set(nodes.map((node) => node.status().head)).size === 1)
}

/** Founds a network and lets partners join, each a whole node with libp2p on loopback, all in this process. */
export async function createNetwork({
  apart = ['', ''],
  keepPorts = false,
  networkText = OBSERVED,
  ...options
}: WholeNodesOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-partners-'))
  const nodes: RunningNode[] = []
  const keys = new Map<string, string>()
  const home = (id: string): string => join(folder, id)
  const ports = new Map<string, readonly string[]>()
  const isForbidden = (id: string, key: string): boolean => {
    const other = apart.find((name) => name !== id)
    return apart.includes(id) && other !== undefined && keys.get(other) === key
  }
  /** @param own options of this node alone */
  async function open(id: string, own: Partial<NodeOptions> = {}): Promise<RunningNode> {
    keys.set(id, (await ownKeyOf(home(id))).publicKey)
    const forbidden = (key: string): boolean => isForbidden(id, key)
    const listen = ports.get(id) ?? ['/ip4/127.0.0.1/tcp/0']
    const common = { listen, log: silentLogger, timeouts: QUICK, forbidden, ...options }
    const node = await openNode({ home: home(id), ...common, ...own })
    if (keepPorts)
      ports.set(
        id,
        node.addresses().map((address) => address.replace(/\/p2p\/.*$/, ''))
      )
    nodes.push(node)
    return node
  }
  await foundHome({
    home: home('p1'),
    networkText,
    networkFile: 'n.yaml',
    partner: 'p1',
    role: 'inspector',
    now: Date.now()
  })
  await open('p1')
  return {
    nodes,
    home,
    open,
    async join(id: string, role = 'inspector'): Promise<RunningNode> {
      const { token: text } = await nodes[0]!.invite({ partner: id, role, expiresMs: DAY_MS })
      const token = readToken(text)
      assert.ok(token.ok)
      const { seed } = await ownKeyOf(home(id))
      const ask = () => requestJoin({ token: token.value, seed, addresses: [], log: silentLogger })
      let answer = await ask()
      if (answer.type === 'waiting') {
        const { proposal, waiting } = answer
        for (const node of nodes.filter(({ partner }) => waiting.includes(partner))) {
          await until('the ballot has come', () => node.show(proposal) !== null)
          // It may have passed already.
          await node.vote(proposal, { yes: true, force: true }).catch(() => {})
        }
        // Whoever is asked may not have the block yet.
        for (let left = 100; answer.type === 'waiting' && left > 0; left--) {
          await new Promise((resolve) => setTimeout(resolve, 100))
          answer = await ask()
        }
      }
      await prepareHome({ home: home(id), token: token.value, answer })
      const node = await open(id)
      await until(`${id} is active`, () => node.status().partner.state === 'active' && !node.status().syncing)
      return node
    },
    async close(node: RunningNode): Promise<void> {
      nodes.splice(nodes.indexOf(node), 1)
      await node.close()
    },
    async remove(): Promise<void> {
      for (const node of nodes) await node.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
