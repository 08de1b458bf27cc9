import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { endsWithUs } from '../leftovers.js'
import { bytesBelow } from '../processes.js'
import { withTemporaryFolder } from '../temporary-folder.js'
import type { Appended, NodeOptions, Order, Told } from './node.js'

const NODE = fileURLToPath(new URL('node.ts', import.meta.url))

/** Batches that the author sends before their turn. */
const AHEAD = 4

/** What the bare prototype did with a file. */
export interface PrototypeRun {
  readonly records: number
  readonly recordsPerSecond: number
  /** Of all nodes together over their number, microseconds. */
  readonly cpuMicrosecondsPerRecordAndNode: number
  /** Milliseconds of each batch, from its last record being read to its block on the author's disk. */
  readonly times: readonly number[]
  /** Of the node that needed most. */
  readonly memoryPeakMiB: number
  /** Of one copy, vote log included. */
  readonly diskBytesPerRecord: number
  /** Records a second that a node checks again from its disk. */
  readonly replayedPerSecond: number
}

export interface PrototypeOptions {
  /** Records, one JSON object a line. */
  readonly file: string
  /** Cars that they refer to. */
  readonly vehicles: string
  /** Records of a batch. @default 1000 */
  readonly batch?: number
  /** Batches under way at a time. @default 4; 1 for batches of fewer than 1000 */
  readonly ahead?: number
  /** @default 4 */
  readonly size?: number
}

interface Node {
  readonly port: number
  ask<Answer>(order: Order): Promise<Answer>
  stop(): Promise<void>
}

/** Runs the prototype over a file. @throws Error when a node fails, or the copies differ */
export async function runPrototype(options: PrototypeOptions): Promise<PrototypeRun> {
  const { file, vehicles, batch = 1000, ahead = batch < 1000 ? 1 : AHEAD, size = 4 } = options
  return await withTemporaryFolder('ledger-prototype-', async (folder) => {
    const seeds = Array.from({ length: size }, (_, self) => createHash('sha256').update(`node ${self}`).digest('hex'))
    const nodes: Node[] = []
    try {
      for (let self = 0; self < size; self++) {
        const own = join(folder, String(self))
        await mkdir(own)
        nodes.push(await startNode({ self, size, folder: own, seeds, vehicles }))
      }
      const ports = nodes.map(({ port }) => port)
      await Promise.all(nodes.map((node) => node.ask({ type: 'connect', ports })))
      await Promise.all(nodes.map((node) => node.ask({ type: 'measure' })))
      const appended = await nodes[0]!.ask<Appended>({ type: 'append', file, batch, ahead })
      const { height, records, seconds, times } = appended
      const told = await Promise.all(nodes.map((node) => node.ask<Told>({ type: 'tell', height })))
      if (new Set(told.map(({ head }) => head)).size !== 1) throw new Error('the copies of the prototype differ')
      const disk = await bytesBelow(folder)
      const replayedPerSecond = await nodes.at(-1)!.ask<number>({ type: 'replay' })
      const cpuSeconds = told.reduce((sum, one) => sum + one.cpuSeconds, 0)
      return {
        records,
        recordsPerSecond: records / seconds,
        cpuMicrosecondsPerRecordAndNode: (cpuSeconds / records / size) * 1e6,
        times,
        memoryPeakMiB: Math.max(...told.map((one) => one.memoryPeakMiB)),
        diskBytesPerRecord: disk / records / size,
        replayedPerSecond
      }
    } finally {
      await Promise.all(nodes.map((node) => node.stop()))
    }
  })
}

async function startNode(options: NodeOptions): Promise<Node> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', NODE, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  endsWithUs(child)
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const answer = async (): Promise<unknown> => {
    const { value, done } = await lines.next()
    if (done === true) throw new Error('a node of the prototype has ended')
    return JSON.parse(value)
  }
  const port = (await answer()) as number
  return {
    port,
    async ask<Answer>(order: Order): Promise<Answer> {
      child.stdin!.write(`${JSON.stringify(order)}\n`)
      return (await answer()) as Answer
    },
    async stop() {
      child.stdin!.end()
      await exited
    }
  }
}
