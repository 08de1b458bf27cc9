import { assertInvariant } from '../../base/errors.js'
import { damaged } from './disk-errors.js'
import {
  bodyKey,
  bodyNumberKey,
  bodyNumberOfKey,
  KIND,
  outboxKey,
  outboxSequenceOfKey,
  prefixEnd,
  uncommittedKey
} from './layout.js'
import type { LevelBatch, LevelDatabase } from './level-database.js'
import type { BatchBody, BatchRef, OutboxEntry } from './store-types.js'

/** Characters of a batch hash, which stands before each body. */
const HASH_CHARS = 64

/** Bodies read last that are kept ready: readers of single records come back to them. */
const RECENT_MAX = 16

/**
 * Batch bodies. A body gets the next number, and its key is that number: LevelDB then never sorts bodies among each
 * other, which would write each several times. The hash leads to the number.
 */
export interface BodyTable {
  put(bodies: readonly BatchBody[]): Promise<void>
  has(hash: string): boolean
  readBytes(hash: string): Uint8Array | undefined
  readText(hash: string): string | undefined
  uncommitted(): string[]
  outbox(): OutboxEntry[]
  drop(hashes: readonly string[]): Promise<void>
  /** Marks the bodies of a block as committed. @returns what to do once the batch is written */
  commit(batch: LevelBatch, refs: readonly BatchRef[]): () => void
}

interface RecentBody {
  readonly bytes: Buffer
  /** Filled when it is first asked for. */
  text: string | null
}

interface Uncommitted {
  readonly bodyNumber: number
  readonly sequence: number | null
}

export async function openBodyTable(database: LevelDatabase): Promise<BodyTable> {
  const uncommitted = await readUncommitted(database)
  let nextNumber = await firstFreeNumber(database)
  /** Bodies being written, so that none is written twice. */
  const writing = new Map<string, Promise<void>>()
  const recent = new Map<string, RecentBody>()

  /** A body counts from the moment it is durable: LevelDB shows it before. */
  function numberOf(hash: string): number | undefined {
    if (writing.has(hash)) return undefined
    const known = uncommitted.get(hash)
    if (known !== undefined) return known.bodyNumber
    const text = database.getText(bodyNumberKey(hash))
    return text === undefined ? undefined : Number(text)
  }

  function read(hash: string): RecentBody | undefined {
    database.assertUsable()
    const known = recent.get(hash)
    if (known !== undefined) return known
    const bodyNumber = numberOf(hash)
    if (bodyNumber === undefined) return undefined
    const name = `batch ${hash}`
    const stored = database.getBytes(bodyKey(bodyNumber), HASH_CHARS, name)
    if (stored === undefined) throw damaged(name, 'it is missing')
    if (stored.head !== hash) throw damaged(name, 'another batch stands in its place')
    const body = { bytes: stored.body, text: null }
    recent.set(hash, body)
    if (recent.size > RECENT_MAX) forgetOldest(recent)
    return body
  }

  /** Whether putting it changes anything: a stored body may still have to be listed in the outbox. */
  function isNews({ hash, own }: BatchBody): boolean {
    const known = uncommitted.get(hash)
    if (known !== undefined) return own !== undefined && known.sequence === null
    return database.getText(bodyNumberKey(hash)) === undefined
  }

  async function write(bodies: readonly BatchBody[]): Promise<void> {
    const batch = database.batch()
    const added: [string, Uncommitted][] = []
    for (const { hash, text, own } of bodies) {
      assertInvariant(hash.length === HASH_CHARS, 'a batch hash has 64 digits')
      let bodyNumber = uncommitted.get(hash)?.bodyNumber
      if (bodyNumber === undefined) {
        bodyNumber = nextNumber++
        batch.putBytes(bodyKey(bodyNumber), hash, text)
        batch.putText(bodyNumberKey(hash), String(bodyNumber))
        batch.putText(uncommittedKey(bodyNumber), hash)
      }
      if (own !== undefined) batch.putText(outboxKey(own), hash)
      added.push([hash, { bodyNumber, sequence: own ?? null }])
    }
    await batch.write()
    for (const [hash, entry] of added) {
      if (entry.sequence !== null) unlist(entry.sequence)
      uncommitted.set(hash, entry)
    }
  }

  /** An own batch that another one has replaced in the outbox. */
  function unlist(sequence: number): void {
    for (const [hash, entry] of uncommitted) {
      if (entry.sequence === sequence) uncommitted.set(hash, { ...entry, sequence: null })
    }
  }

  return {
    async put(bodies) {
      const news = new Map<string, BatchBody>()
      for (const body of bodies) if (!writing.has(body.hash) && isNews(body)) news.set(body.hash, body)
      if (news.size > 0) {
        const written = write([...news.values()]).finally(() => {
          for (const hash of news.keys()) writing.delete(hash)
        })
        for (const hash of news.keys()) writing.set(hash, written)
      }
      await Promise.all(bodies.map(({ hash }) => writing.get(hash)))
    },
    has: (hash) => numberOf(hash) !== undefined,
    readBytes: (hash) => read(hash)?.bytes,
    readText(hash) {
      const body = read(hash)
      if (body !== undefined) body.text ??= body.bytes.toString('utf8')
      return body?.text ?? undefined
    },
    uncommitted: () => [...uncommitted.keys()],
    outbox() {
      const entries: OutboxEntry[] = []
      for (const [hash, { sequence }] of uncommitted) if (sequence !== null) entries.push({ sequence, hash })
      return entries.sort((a, b) => a.sequence - b.sequence)
    },
    async drop(hashes) {
      const dropped = hashes.filter((hash) => uncommitted.has(hash))
      const batch = database.batch()
      for (const hash of dropped) {
        const { bodyNumber, sequence } = uncommitted.get(hash)!
        batch.delete(bodyKey(bodyNumber))
        batch.delete(bodyNumberKey(hash))
        batch.delete(uncommittedKey(bodyNumber))
        if (sequence !== null) batch.delete(outboxKey(sequence))
      }
      await batch.write()
      for (const hash of dropped) {
        uncommitted.delete(hash)
        recent.delete(hash)
      }
    },
    commit(batch, refs) {
      for (const { hash } of refs) {
        const entry = uncommitted.get(hash)
        assertInvariant(
          entry !== undefined,
          `the body of batch ${hash} is stored before its block, and in one block only`
        )
        batch.delete(uncommittedKey(entry.bodyNumber))
        if (entry.sequence !== null) batch.delete(outboxKey(entry.sequence))
      }
      return () => {
        for (const { hash } of refs) uncommitted.delete(hash)
      }
    }
  }
}

/** A map is ordered by insertion. */
function forgetOldest(map: Map<string, RecentBody>): void {
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}

async function readUncommitted(database: LevelDatabase): Promise<Map<string, Uncommitted>> {
  const sequences = new Map<string, number>()
  for await (const page of database.pages({ gte: KIND.outbox, lt: prefixEnd(KIND.outbox) })) {
    for (const [key, hash] of page) sequences.set(hash, outboxSequenceOfKey(key))
  }
  const uncommitted = new Map<string, Uncommitted>()
  for await (const page of database.pages({ gte: KIND.uncommitted, lt: prefixEnd(KIND.uncommitted) })) {
    for (const [key, hash] of page) {
      uncommitted.set(hash, { bodyNumber: bodyNumberOfKey(key), sequence: sequences.get(hash) ?? null })
    }
  }
  for (const [hash, sequence] of sequences) {
    if (!uncommitted.has(hash)) throw damaged(`outbox sequence ${sequence}`, 'its batch is missing')
  }
  return uncommitted
}

async function firstFreeNumber(database: LevelDatabase): Promise<number> {
  const newest = await database.firstKey({ gte: KIND.body, lt: prefixEnd(KIND.body), reverse: true })
  return newest === undefined ? 0 : bodyNumberOfKey(newest) + 1
}
