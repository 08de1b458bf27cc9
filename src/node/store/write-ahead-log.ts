import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { assertInvariant, LedgerError } from '../../base/errors.js'
import { type AppendFile, createAppendFile, FILE_BYTES_MAX, logDamaged, openAppendFile } from './append-file.js'
import { writeError } from './disk-errors.js'
import { syncDirectory } from './durable-file.js'

/** Size at which the log goes on in a new segment; old ones are deleted whole. */
export const SEGMENT_BYTES = 8 * 1024 * 1024

const SEGMENT_NAME = /^\d{10}\.log$/

/** A segment that has not got its number yet: nothing in it was ever durable. */
const UNFINISHED = 'unfinished.log'

/** Something that happened at a height, in words that only the caller knows. */
export interface LogEntry {
  readonly height: number
  readonly text: string
}

/**
 * From where to where a log reaches. Both ends only ever move on while the log lives: the first when segments are deleted,
 * the last with each entry. So whoever has noted it can tell later whether something is missing at one of the ends.
 */
export interface LogStretch {
  readonly from: number
  readonly to: number
}

/**
 * What led to everything this node has said since its last committed block (consensus.md, 10): an entry is durable, by
 * {@link WriteAheadLog.sync}, before what follows from it leaves the node.
 */
export interface WriteAheadLog {
  /** @throws LedgerError DISK_FULL, LIMIT_EXCEEDED */
  append(height: number, text: string): void
  /** Makes all that was appended before the call durable, and tells how far that reaches. */
  sync(): Promise<LogStretch>
  /** What of the log is here, durable or not. */
  readonly stretch: LogStretch
  /** Forgets segments that hold only entries of this height and below, once the store has committed it. */
  committed(height: number): Promise<void>
  close(): Promise<void>
}

export interface WriteAheadLogOptions {
  /** Directory of the segments. */
  readonly path: string
  readonly genesis: string
  /** @default SEGMENT_BYTES */
  readonly segmentBytes?: number
}

interface Segment {
  readonly number: number
  /** Highest height in it; -1 while it is empty. */
  heightMax: number
}

/**
 * Creates an empty log, durable when the promise resolves. Only for a node that has said nothing yet.
 * @throws LedgerError LOG_DAMAGED when there is a log already, DISK_FULL
 */
export async function createWriteAheadLog(options: WriteAheadLogOptions): Promise<WriteAheadLog> {
  const { path } = options
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    await syncDirectory(join(path, '..'))
  } catch (error) {
    throw writeError(path, error)
  }
  if ((await segmentNames(path)).length > 0) {
    throw new LedgerError('LOG_DAMAGED', `there is a write-ahead log already: ${path}`, { path })
  }
  const segment = { number: 1, heightMax: -1 }
  const file = await newSegmentFile(options, segment.number)
  await file.publish(segmentPath(path, segment.number))
  return writeAheadLog(options, [], segment, file)
}

/**
 * Opens the log and checks all of it.
 * @param fromHeight entries below this height are left out
 * @returns the entries from there on, in the order they were appended. Only a torn last one may be missing.
 * @throws LedgerError LOG_DAMAGED when it is missing or damaged; `details.missing` is true when nothing is there
 */
export async function openWriteAheadLog(
  options: WriteAheadLogOptions,
  fromHeight: number
): Promise<{ log: WriteAheadLog; entries: LogEntry[] }> {
  const { path } = options
  await rm(join(path, UNFINISHED), { force: true })
  const names = await segmentNames(path)
  if (names.length === 0) {
    throw new LedgerError('LOG_DAMAGED', `the write-ahead log is missing: ${path}`, { path, missing: true })
  }
  const entries: LogEntry[] = []
  const segments: Segment[] = []
  let file: AppendFile | null = null
  try {
    for (const name of names) {
      const segment: Segment = { number: Number.parseInt(name, 10), heightMax: -1 }
      const before = segments.at(-1)
      if (before !== undefined && segment.number !== before.number + 1) {
        throw new LedgerError('LOG_DAMAGED', `${path} lacks its segment ${before.number + 1}`, { path })
      }
      await file?.close()
      const opened = await openAppendFile(join(path, name))
      file = opened.file
      // A segment is synced whole before the next one gets its number.
      if (opened.bytesCut > 0 && name !== names.at(-1)) throw logDamaged(file.path, file.size, 'it ends too early')
      for (const entry of readSegment(options, segment, file.path, opened.records)) {
        segment.heightMax = Math.max(segment.heightMax, entry.height)
        if (entry.height >= fromHeight) entries.push(entry)
      }
      segments.push(segment)
    }
  } catch (error) {
    await file?.close()
    throw error
  }
  const last = segments.pop()
  assertInvariant(last !== undefined && file !== null, 'a log that was opened has a segment')
  return { log: writeAheadLog(options, segments, last, file), entries }
}

function writeAheadLog(
  options: WriteAheadLogOptions,
  older: Segment[],
  newest: Segment,
  opened: AppendFile
): WriteAheadLog {
  const { path, segmentBytes = SEGMENT_BYTES } = options
  let segment = newest
  let current = opened
  /** Until it resolves, `current` may not have its number yet, and nothing in it is durable. */
  let rotating: Promise<void> | null = null
  let failure: unknown = null

  /** Segments are numbered for good, and none has more bytes than a file may have. */
  function stretch(): LogStretch {
    const { number } = older[0] ?? segment
    return { from: number * FILE_BYTES_MAX, to: segment.number * FILE_BYTES_MAX + current.size }
  }

  async function rotate(): Promise<void> {
    const old = current
    try {
      const number = segment.number + 1
      const fresh = await newSegmentFile(options, number)
      older.push(segment)
      segment = { number, heightMax: -1 }
      current = fresh
      await old.sync()
      await fresh.publish(segmentPath(path, number))
    } catch (error) {
      failure = error
      throw error
    } finally {
      if (current !== old) await old.close()
    }
  }

  return {
    append(height, text) {
      if (failure !== null) throw failure
      current.append(`${height} ${text}`)
      segment.heightMax = Math.max(segment.heightMax, height)
      if (current.size < segmentBytes || rotating !== null) return
      rotating = rotate().finally(() => {
        rotating = null
      })
      // Whoever syncs next is told of a failure.
      rotating.catch(() => {})
    },
    async sync() {
      if (failure !== null) throw failure
      const reached = stretch()
      await rotating
      await current.sync()
      return reached
    },
    get stretch() {
      return stretch()
    },
    async committed(height) {
      // Before the newest segment has its number, the one before it must stay.
      await rotating
      // Oldest first and without gaps, as opening expects.
      while (older.length > 0 && older[0]!.heightMax <= height) {
        const done = older.shift()!
        await rm(segmentPath(path, done.number), { force: true })
        await syncDirectory(path)
      }
    },
    async close() {
      await rotating?.catch(() => {})
      await current.close()
    }
  }
}

async function newSegmentFile(options: WriteAheadLogOptions, number: number): Promise<AppendFile> {
  const unfinished = join(options.path, UNFINISHED)
  await rm(unfinished, { force: true })
  const file = await createAppendFile(unfinished)
  file.append(segmentHead(options, number))
  return file
}

function* readSegment(
  options: WriteAheadLogOptions,
  segment: Segment,
  path: string,
  records: readonly Uint8Array[]
): Generator<LogEntry> {
  const decoder = new TextDecoder()
  const expected = segmentHead(options, segment.number)
  const [head, ...rest] = records
  const found = head === undefined ? 'nothing' : decoder.decode(head)
  if (found !== expected) {
    const message = `${path} belongs to another network, place or version: ${found}`
    throw new LedgerError('LOG_DAMAGED', message, { path, found, expected })
  }
  for (const record of rest) {
    const text = decoder.decode(record)
    const end = text.indexOf(' ')
    const height = Number(text.slice(0, Math.max(0, end)))
    // Else it would count as one of no height, and be left out.
    if (end < 1 || !Number.isSafeInteger(height) || height < 0) throw logDamaged(path, 0, 'an entry has no height')
    yield { height, text: text.slice(end + 1) }
  }
}

function segmentHead({ genesis }: WriteAheadLogOptions, number: number): string {
  return JSON.stringify({ format: 1, genesis, kind: 'write-ahead log', segment: number })
}

function segmentPath(path: string, number: number): string {
  return join(path, `${String(number).padStart(10, '0')}.log`)
}

async function segmentNames(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => SEGMENT_NAME.test(name)).sort()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}
