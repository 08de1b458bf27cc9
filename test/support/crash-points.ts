import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { ApiClient } from '../../src/api/client.js'
import type { NodeProcess, SandboxHome } from './processes.js'
import { projectRoot } from './source.js'

/** How a node ends at a durable write: killed before or after it, or by a power cut in the middle of it. */
export const ENDINGS = ['before', 'after', 'power', 'torn'] as const

export type Ending = (typeof ENDINGS)[number]

/** A durable write, by its count from the start of the node, and how the node ends there. */
export interface CrashPoint {
  readonly at: number
  readonly when: Ending
}

/** No write of a node: it runs on. */
export const NO_CRASH: CrashPoint = { at: 0, when: 'before' }

/** Bytes at which guard, journal and log are written anew in these tests: after a few blocks. */
const COMPACT_BYTES = 6_000

/** Milliseconds without progress after which an append of these tests gives up. */
const APPEND_TIMEOUT_MS = 20_000

/** Compiles the node of crash-node.ts. @returns path of the program, to be run instead of bin/ledger-node.js */
export async function buildCrashNode(folder: string): Promise<string> {
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const options = [
    '--outDir',
    folder,
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
    '--ignoreConfig'
  ]
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, ...options, 'test/support/crash-node.ts'], { cwd: projectRoot })
  return join(folder, 'crash-node.js')
}

export interface CrashRun {
  /** Null when it ended before it was ready. */
  readonly node: NodeProcess | null
  /** Ends it, where it has not ended by itself. @returns whether it came to the write */
  ended(): Promise<boolean>
  /** The durable writes so far. */
  writes(): Promise<string[]>
}

/** Starts a node of {@link buildCrashNode} that ends at a write. Any other end before it is ready is an error. */
export async function startUntil(
  home: SandboxHome,
  point: CrashPoint,
  args: readonly string[] = []
): Promise<CrashRun> {
  const plan = { root: projectRoot, compactBytes: COMPACT_BYTES, ...point }
  await writeFile(`${home.home}.plan`, JSON.stringify(plan))
  await rm(`${home.home}.trace`, { force: true })
  const writes = async (): Promise<string[]> => {
    const text = await readFile(`${home.home}.trace`, 'utf8').catch(() => '')
    return text.split('\n').filter((line) => line !== '')
  }
  const isOver = async (): Promise<boolean> => (await writes()).some((line) => line.startsWith('ended at '))
  const node = await home.start(args).catch(async (error: unknown) => {
    if (await isOver()) return null
    throw error
  })
  const end = async (): Promise<boolean> => {
    const code = await node?.stop()
    const over = await isOver()
    if (node !== null && !over) assert.is(code, 0, node.stderr())
    return over
  }
  let ending: Promise<boolean> | null = null
  return {
    node,
    writes,
    ended() {
      ending ??= end()
      return ending
    }
  }
}

/** What was acknowledged to whoever appended: id and height of each note. */
export type Acknowledged = Map<string, string>

/** Appends notes with these numbers; remembers their outcomes. A node that ends meanwhile is no fault. */
export async function appendNumbers(
  client: ApiClient,
  author: string,
  numbers: readonly number[],
  acknowledged: Acknowledged
): Promise<void> {
  async function* lines(): AsyncGenerator<Uint8Array> {
    for (const number of numbers) yield Buffer.from(`${JSON.stringify({ visit: `${author} ${number}` })}\n`)
  }
  try {
    for await (const outcome of client.append('note', lines(), { keyField: 'visit', timeoutMs: APPEND_TIMEOUT_MS })) {
      if (outcome.status === 'pending') continue
      assert.is(outcome.status, 'accepted', JSON.stringify(outcome))
      const name = `${author} ${numbers[outcome.line - 1]}`
      const said = `${outcome.id} ${outcome.height}`
      assert.is(acknowledged.get(name) ?? said, said, `note ${name} has another outcome than before`)
      acknowledged.set(name, said)
    }
  } catch (error) {
    if (!isEnd(error)) throw error
  }
}

/** Every acknowledged record is there as it was acknowledged, and none is there twice. @returns how many there are */
export async function holdsAll(client: ApiClient, acknowledged: Acknowledged): Promise<number> {
  const found = new Map<string, string>()
  for await (const { id, height, data } of client.list('note', { history: true, limit: 100_000 })) {
    const name = String(data.visit)
    assert.is(found.has(name), false, `note ${name} is there twice`)
    found.set(name, `${id} ${height}`)
  }
  for (const [name, said] of acknowledged) assert.is(found.get(name), said, `note ${name} is lost`)
  return found.size
}

/** The copy verifies. */
export async function verifies(client: ApiClient): Promise<void> {
  const report = await client.verify({})
  assert.ok(report.ok, JSON.stringify(report))
}

/** Runs a look at a node that may end meanwhile. */
export async function unlessEnded(look: () => Promise<unknown>): Promise<void> {
  await look().catch((error: unknown) => {
    if (!isEnd(error)) throw error
  })
}

function isEnd(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['NODE_UNREACHABLE', 'CLOSED'].includes(String(error.code))
}
