import type { ApiClient } from '../../../src/api/client.js'
import { LedgerError } from '../../../src/base/errors.js'
import type { AppendOutcome } from '../../../src/node/ledger-node.js'
import type { Acknowledgement, Append, Read } from './history-check.js'

/** Keys that all clients write to. */
const BOOKS = ['a', 'b', 'c', 'd']

const PAUSE_MS = 60
/** How long a node may say nothing before its client asks again. */
const PATIENCE_MS = 6_000

/** Where a client appends and reads. */
export interface Desk {
  readonly id: string
  readonly client: ApiClient
  /** How many times its node lost its copy. */
  readonly copy: () => number
}

export interface Load {
  /** Everything that was asked for, with what became of it; grows while the load goes on. */
  readonly appends: readonly Append[]
  readonly reads: readonly Read[]
  /** Outcomes that no fault explains: refusals. */
  readonly complaints: readonly string[]
  /** When a record was acknowledged that was called for after this time: at any node, or at this one. */
  acknowledgedSince(time: number, at?: string): number | null
  /** Ends when every client knows what became of its last record, or `patienceMs` later. */
  stop(patienceMs: number): Promise<void>
}

/**
 * One client at each node: appends a record, asks again until it knows what became of it, reads, and so on. Asking again
 * with the same --key-field gives the original outcome, so a broken connection makes no second record.
 */
export function startLoad(desks: readonly Desk[], random: () => number): Load {
  const appends: { -readonly [Name in keyof Append]: Append[Name] }[] = []
  const reads: Read[] = []
  const complaints: string[] = []
  const ending = new AbortController()
  let stopping = false
  let number = 0
  const now = (): number => performance.now()
  const any = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!

  async function work(desk: Desk): Promise<void> {
    while (!stopping) {
      const append = { at: desk.id, book: any(BOOKS), number: number++, calledAt: now(), acknowledged: null }
      appends.push(append)
      await insist(desk, append)
      if (stopping) return
      await look(any(desks), any(BOOKS))
      await pause(PAUSE_MS * (0.5 + random()))
    }
  }

  async function insist(desk: Desk, append: (typeof appends)[number]): Promise<void> {
    while (!ending.signal.aborted && append.acknowledged === null) {
      const copy = desk.copy()
      const outcome = await tried(desk, append)
      if (outcome?.status === 'accepted') {
        const { id, height } = outcome
        append.acknowledged = { at: now(), copy, id, height } satisfies Acknowledgement
      } else if (outcome?.status === 'refused') {
        complaints.push(`${desk.id} refused ${append.number}: ${JSON.stringify(outcome)}`)
        return
      } else await pause(300)
    }
  }

  /** Null when nobody said what became of it. */
  async function tried(desk: Desk, { book, number: value }: Append): Promise<AppendOutcome | null> {
    const controller = new AbortController()
    const timer = setTimeout(() => controller.abort(), PATIENCE_MS)
    const onEnd = (): void => controller.abort()
    ending.signal.addEventListener('abort', onEnd, { once: true })
    const options = { keyField: 'number', timeoutMs: PATIENCE_MS / 2, signal: controller.signal }
    try {
      const line = Buffer.from(`${JSON.stringify({ book, number: value })}\n`)
      for await (const outcome of desk.client.append('entry', oneChunk(line), options)) {
        if (outcome.status === 'refused' && outcome.code === 'NOT_PERMITTED') return null
        return outcome
      }
      return null
    } catch (error) {
      // Down, on its way up, rejoining: whatever else a node says is told.
      const known = error instanceof LedgerError && RETRIED.includes(error.code)
      if (!known) complaints.push(`${desk.id} about ${value}: ${error}`)
      return null
    } finally {
      clearTimeout(timer)
      ending.signal.removeEventListener('abort', onEnd)
    }
  }

  async function look(desk: Desk, book: string): Promise<void> {
    const calledAt = now()
    const copy = desk.copy()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS, undefined)
    })
    const seen = await Promise.race([newest(desk.client, book), late])
    clearTimeout(timer)
    if (seen === undefined || desk.copy() !== copy) return
    reads.push({ at: desk.id, copy, book, calledAt, answeredAt: now(), number: seen })
  }

  const clients = desks.map(work)
  return {
    appends,
    reads,
    complaints,
    acknowledgedSince(time, at) {
      const after = appends.filter((each) => each.calledAt >= time && (at === undefined || each.at === at))
      const times = after.flatMap(({ acknowledged }) => acknowledged?.at ?? [])
      return times.length === 0 ? null : Math.min(...times)
    },
    async stop(patienceMs) {
      stopping = true
      const timer = setTimeout(() => ending.abort(), patienceMs)
      await Promise.all(clients)
      clearTimeout(timer)
      ending.abort()
    }
  }
}

/** What a node says that goes down, comes up, or has to rejoin. */
const RETRIED: readonly string[] = ['NODE_UNREACHABLE', 'CLOSED', 'NOT_PERMITTED', 'BUSY', 'DISK_FULL', 'JOINING']

/** The newest number in a book as this node has it; null for none; undefined when it does not answer. */
async function newest(client: ApiClient, book: string): Promise<number | null | undefined> {
  try {
    return (await client.get('entry', [book])).data.number as number
  } catch (error) {
    return error instanceof LedgerError && error.code === 'NOT_FOUND' ? null : undefined
  }
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
