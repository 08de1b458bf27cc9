/**
 * The node program of crash tests: bin/ledger-node.js with every durable write counted, and the end of the process at
 * one of them. It wraps what node:fs and LevelDB offer before the node is loaded, so the node itself knows nothing of
 * it. It is compiled alone and run from a folder of its own, so it imports nothing of the project.
 *
 * Durable writes are: syncs of files and directories, renames, links, removals, whole files written at once, and synced
 * batches of LevelDB. `HOME.plan` says at which one to end, and how; `HOME.trace` gets one line for each.
 *
 * Of LevelDB's own files its log is torn in the middle of a batch. A home has no batch that is not synced, so that a power
 * cut takes nothing else from it; that LevelDB syncs its tables and its manifest before it counts on them is not tried.
 */
import {
  appendFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync
} from 'node:fs'
import fs, { type FileHandle } from 'node:fs/promises'
import { createRequire, register, syncBuiltinESMExports } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'

/** `power` and `torn` end it before the write as a power cut does: without what was not synced, or with half of it. */
type Ending = 'before' | 'after' | 'power' | 'torn'

interface Plan {
  /** Root of the project. */
  readonly root: string
  /** Count of the write, from 1; 0 for never. */
  readonly at: number
  readonly when: Ending
  /** Bytes at which the guard, the journal and the log are written anew, in the place of their own. */
  readonly compactBytes?: number
}

const home = process.env.LEDGER_HOME ?? ''
const trace = `${home}.trace`
const plan = JSON.parse(readFileSync(`${home}.plan`, 'utf8')) as Plan
let count = 0

interface Tracked {
  path: string
  /** Bytes that are synced; a file of a former run is synced whole. */
  synced: number
}

const files = new Set<Tracked>()
const opened = new WeakMap<FileHandle, Tracked>()
/** Changes of names since the last sync of their directory, oldest first, and how to take each back. */
let names: { readonly directory: string; undo(): void; keep(): void }[] = []

/** @param tear does half of it; without it a torn write leaves half of what was written before and not synced */
async function durably<T>(
  what: string,
  path: string,
  work: () => Promise<T>,
  tear: () => Promise<void> = async () => {}
): Promise<T> {
  if (!path.startsWith(home)) return work()
  count += 1
  const due = count === plan.at
  appendFileSync(trace, `${due ? 'ended at ' : ''}${what} ${relative(home, path)}\n`)
  if (due && plan.when === 'torn') await tear()
  if (due && plan.when !== 'after') end()
  const result = await work()
  if (due) end()
  return result
}

function end(): void {
  if (plan.when === 'power' || plan.when === 'torn') loseBytes()
  if (plan.when === 'power') for (const { undo } of names.reverse()) undo()
  process.kill(process.pid, 'SIGKILL')
}

function loseBytes(): void {
  for (const { path, synced } of files) {
    const size = existsSync(path) && statSync(path).isFile() ? statSync(path).size : 0
    if (size > synced) truncateSync(path, plan.when === 'torn' ? Math.ceil((size + synced) / 2) : synced)
  }
}

function tracked(path: string): Tracked {
  for (const file of files) if (file.path === path) return file
  const file = { path, synced: existsSync(path) ? statSync(path).size : 0 }
  files.add(file)
  return file
}

/** A file that is gone: another may get its name. */
function forget(path: string): void {
  for (const file of files) if (file.path === path) files.delete(file)
}

function nameChanged(path: string, undo: () => void, keep: () => void = () => {}): void {
  names.push({ directory: dirname(path), undo, keep })
}

/** Keeps what has a name under another one, until the directory is synced. */
function aside(path: string): string | null {
  if (!existsSync(path) || statSync(path).isDirectory()) return null
  const kept = `${path}.aside-${process.pid}-${count}`
  linkSync(path, kept)
  return kept
}

const real = { ...fs }

fs.open = (async (path: string, flags?: string | number, mode?: number) => {
  const isNew = !existsSync(path)
  const handle = await real.open(path, flags, mode)
  if (isNew) {
    forget(path)
    files.add({ path, synced: 0 })
    nameChanged(path, () => rmSync(path, { force: true }))
  }
  opened.set(handle, tracked(path))
  return handle
}) as typeof fs.open

fs.mkdir = (async (path: string, options: { recursive: boolean }) => {
  const first = await real.mkdir(path, options)
  if (first !== undefined) nameChanged(first, () => rmSync(first, { recursive: true, force: true }))
  return first
}) as typeof fs.mkdir

fs.rename = (async (from: string, to: string) =>
  durably('rename', to, async () => {
    const old = aside(to)
    forget(to)
    const file = tracked(from)
    await real.rename(from, to)
    file.path = to
    nameChanged(
      to,
      () => {
        renameSync(to, from)
        if (old !== null) renameSync(old, to)
      },
      () => old !== null && rmSync(old)
    )
  })) as typeof fs.rename

fs.link = (async (from: string, to: string) =>
  durably('link', to, async () => {
    await real.link(from, to)
    forget(to)
    files.add({ path: to, synced: tracked(from).synced })
    nameChanged(to, () => rmSync(to, { force: true }))
  })) as typeof fs.link

fs.rm = (async (path: string, options: { recursive?: boolean; force?: boolean }) => {
  if (!existsSync(path)) return real.rm(path, options)
  return durably('remove', path, async () => {
    const old = aside(path)
    await real.rm(path, options)
    forget(path)
    if (old === null) return
    nameChanged(
      path,
      () => renameSync(old, path),
      () => rmSync(old)
    )
  })
}) as typeof fs.rm

fs.writeFile = (async (path: string, content: string, options: object) =>
  durably('write', path, async () => {
    const isNew = !existsSync(path)
    await real.writeFile(path, content, options)
    forget(path)
    files.add({ path, synced: 0 })
    if (isNew) nameChanged(path, () => rmSync(path, { force: true }))
  })) as typeof fs.writeFile

const handle = await real.open(new URL(import.meta.url), 'r')
const handles = Object.getPrototypeOf(handle) as FileHandle
await handle.close()
for (const name of ['sync', 'datasync'] as const) {
  const sync = handles[name]
  handles[name] = async function (this: FileHandle) {
    const file = opened.get(this)
    if (file === undefined) return sync.call(this)
    const { path } = file
    if ((await this.stat()).isDirectory()) {
      return durably('sync names in', path, async () => {
        await sync.call(this)
        for (const { keep } of names.filter(({ directory }) => directory === path)) keep()
        names = names.filter(({ directory }) => directory !== path)
      })
    }
    return durably('sync', path, async () => {
      const { size } = await this.stat()
      await sync.call(this)
      file.synced = Math.max(file.synced, size)
    })
  }
}
syncBuiltinESMExports()

const require = createRequire(join(plan.root, 'package.json'))
const { ClassicLevel } = require('classic-level') as { ClassicLevel: new (path: string) => { batch(): object } }
const { ChainedBatch } = require(join(dirname(require.resolve('classic-level')), 'chained-batch.js')) as {
  ChainedBatch: { prototype: { _write(options: { sync?: boolean }): Promise<void>; db: { location: string } } }
}
if (ClassicLevel === undefined) throw new Error('LevelDB is not where it was')
const write = ChainedBatch.prototype._write
ChainedBatch.prototype._write = async function (options) {
  const { location } = this.db
  // What is not synced is lost with the power: here nothing of a home may be so, and so nothing is kept track of.
  if (options.sync !== true && location.startsWith(home)) throw new Error(`a batch in ${location} is not synced`)
  if (options.sync !== true) return write.call(this, options)
  const tear = async (): Promise<void> => {
    const before = newestLog(location)
    await write.call(this, options)
    const { path, size } = newestLog(location)
    truncateSync(path, Math.ceil((size + (path === before.path ? before.size : 0)) / 2))
  }
  return durably('batch in', location, () => write.call(this, options), tear)
}

/** The log that LevelDB writes to: that of the highest number. */
function newestLog(location: string): { readonly path: string; readonly size: number } {
  const logs = readdirSync(location).filter((name) => /^\d+\.log$/.test(name))
  const path = join(location, logs.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).at(-1) ?? '')
  return { path, size: statSync(path).size }
}

if (plan.compactBytes !== undefined) {
  // Nothing of the node says how large these files may grow; so the constants are changed as the source is loaded.
  const hook = `export async function load (url, context, next) {
    const loaded = await next(url, context)
    if (!/\\/(compact-file|write-ahead-log)\\.js$/.test(url)) return loaded
    const source = String(loaded.source)
    const changed = source.replace(/_BYTES = (8|1024) \\* 1024( \\* 1024)?;?$/m, '_BYTES = ${plan.compactBytes}')
    if (changed === source) throw new Error('no size to change in ' + url)
    return { ...loaded, source: changed }
  }`
  register(`data:text/javascript,${encodeURIComponent(hook)}`)
}

await import(pathToFileURL(join(plan.root, 'bin/ledger-node.js')).href)
