import { type FileHandle, open } from 'node:fs/promises'
import type { Context } from '../context.js'
import { usage } from '../failure.js'
import { plain } from '../text.js'

/** Bytes read from a file at once. */
const PIECE_BYTES = 64 * 1024

const LINE_FEED = 0x0a

/** Files and stdin as one pipe of bytes. */
export interface Input {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Where a line of the pipe is, in words: `line 7`, or `visits.ndjson:7` when there are several files. */
  placeOf(line: number): string
  /** Bytes handed on so far. */
  readonly bytes: () => number
  /** Bytes of all files together; null when stdin, or something else without a size, is among them. */
  readonly bytesTotal: number | null
  close(): Promise<void>
}

interface Source {
  readonly path: string
  /** Null for stdin. */
  readonly file: FileHandle | null
  /** Null when unknown. */
  readonly size: number | null
}

/**
 * Opens everything before anything is sent, so that a misspelt name does not leave half of the work done.
 * @param paths `-` stands for stdin
 * @throws LedgerError USAGE when a file cannot be read
 */
export async function openInput(paths: readonly string[], context: Context): Promise<Input> {
  if (paths.filter((path) => path === '-').length > 1) throw usage('stdin (-) can be read only once')
  const sources: Source[] = []
  const close = async (): Promise<void> => {
    for (const { file } of sources.splice(0)) await file?.close()
  }
  try {
    for (const path of paths) sources.push(path === '-' ? { path, file: null, size: null } : await openFile(path))
  } catch (error) {
    await close()
    throw error
  }
  if (paths.includes('-') && context.io.stdin.isTTY) {
    context.note('reading records from the terminal, one JSON object a line; Ctrl-D ends')
  }
  const sizes = sources.map(({ size }) => size)
  const bytesTotal = sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  return { ...joined([...sources], context), bytesTotal, close }
}

async function openFile(path: string): Promise<Source> {
  let file: FileHandle | undefined
  try {
    file = await open(path, 'r')
    const stats = await file.stat()
    if (stats.isDirectory()) throw new Error('it is a directory')
    return { path, file, size: stats.isFile() ? stats.size : null }
  } catch (error) {
    await file?.close()
    throw cannotRead(path, error)
  }
}

function cannotRead(path: string, error: unknown): Error {
  const reason = error instanceof Error ? error.message : String(error)
  return usage(`cannot read ${path}: ${reason}`, 'check the name and the permissions of the file')
}

function joined(sources: readonly Source[], context: Context): Pick<Input, 'chunks' | 'placeOf' | 'bytes'> {
  let bytes = 0
  let lines = 0
  /** Lines of the pipe before each file, as far as reading has come. */
  const starts: { readonly path: string; readonly before: number }[] = []
  const several = sources.length > 1

  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (const source of sources) {
      starts.push({ path: source.path, before: lines })
      let last = LINE_FEED
      for await (const chunk of chunksOf(source, context)) {
        bytes += chunk.length
        if (several) lines += lineFeedsIn(chunk)
        last = chunk.at(-1) ?? last
        yield chunk
      }
      // A file without a line break at its end must not run into the next one.
      if (several && last !== LINE_FEED && source !== sources.at(-1)) {
        lines += 1
        yield Uint8Array.of(LINE_FEED)
      }
    }
  }

  return {
    chunks: chunks(),
    bytes: () => bytes,
    placeOf(line) {
      const start = several ? starts.findLast(({ before }) => before < line) : undefined
      if (start === undefined) return `line ${line}`
      return `${start.path === '-' ? 'stdin' : plain(start.path)}:${line - start.before}`
    }
  }
}

async function* chunksOf({ path, file }: Source, context: Context): AsyncGenerator<Uint8Array> {
  if (file === null) {
    for await (const chunk of context.io.stdin) yield chunk as Uint8Array
    return
  }
  for (;;) {
    // A new buffer each time: the one before may still wait to be sent.
    const buffer = Buffer.allocUnsafe(PIECE_BYTES)
    const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES, null).catch((error: unknown) => {
      throw cannotRead(path, error)
    })
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

function lineFeedsIn(chunk: Uint8Array): number {
  let count = 0
  for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) count += 1
  return count
}
