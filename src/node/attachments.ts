import { LedgerError } from '../base/errors.js'
import { ATTACHMENT_BYTES_MAX } from '../ledger/attachment.js'
import { type AttachmentSource, createAttachmentFetch } from './attachment-fetch.js'
import { createAttachmentKeeper } from './attachment-keeper.js'
import type { AttachmentRows } from './attachment-rows.js'
import type { AttachmentSettings, Attachments, AttachmentView, ReadableAttachment } from './attachment-types.js'
import type { CommittedBlock } from './chain.js'
import type { Logger } from './log.js'
import { createConcurrency } from './network/concurrency.js'
import { orAborted } from './network/deadline.js'
import { listLimit } from './queries.js'
import type { AttachmentFiles } from './store/attachment-files.js'
import type { AttachmentIndex } from './store/attachment-index.js'

/** Files that are put in at one time; more are told BUSY. */
const UPLOADS_MAX = 4

export interface AttachmentsDependencies {
  readonly files: AttachmentFiles
  readonly index: AttachmentIndex
  readonly rows: AttachmentRows
  readonly source: AttachmentSource
  readonly settings: AttachmentSettings
  readonly log: Logger
  /** Milliseconds before the first repetition of a fetch in the background; for tests. */
  readonly againMs?: number
}

export interface RunningAttachments extends Attachments {
  /** Gives a file to a partner: of a record that is on the chain here, and not removed here. */
  serve(partner: string, hash: string): Promise<ReadableAttachment | null>
  /** A block has been committed. Never throws. */
  committed(block: CommittedBlock): void
  /** Begins to fetch in the background. */
  start(): void
  close(): Promise<void>
}

/** A fetch that several may wait for. */
interface Fetching {
  readonly done: Promise<unknown>
  readonly stop: AbortController
  waiting: number
}

/** The files of records: what is held here, where to get the others, and who gets them. */
export function createAttachments(dependencies: AttachmentsDependencies): RunningAttachments {
  const { files, index, rows, source, settings, log } = dependencies
  const fetcher = createAttachmentFetch({ source, log })
  const uploads = createConcurrency(UPLOADS_MAX, 0)
  const fetches = new Map<string, Fetching>()
  const closing = new AbortController()
  const keeper = createAttachmentKeeper({
    wanted: index.wanted,
    fetch: fetchWanted,
    log,
    ...(dependencies.againMs === undefined ? {} : { againMs: dependencies.againMs })
  })

  function about(hash: string): AttachmentView {
    const row = index.get(hash)
    const size = files.sizeOf(hash)
    const removed = files.isRemoved(hash)
    if (row === undefined && size === undefined && !removed) throw unknown(hash)
    return {
      hash,
      held: size !== undefined,
      bytes: size ?? row?.bytes ?? null,
      removed,
      record: row?.record ?? null,
      author: row?.author ?? null
    }
  }

  /** What is held and good; null when it is not held. A damaged one is told of, and is not it. */
  async function openHeld(hash: string): Promise<ReadableAttachment | LedgerError | null> {
    try {
      return await files.open(hash)
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== 'STORE_DAMAGED') throw error
      log.error('an attachment is damaged here', { hash, error })
      return error
    }
  }

  /** Fetches into the store, once for all who wait for it. */
  async function fetchKept(hash: string, again: boolean, signal: AbortSignal): Promise<void> {
    const row = index.get(hash)
    if (row === undefined) throw unknown(hash)
    const underWay = fetches.get(hash) ?? begin()
    underWay.waiting += 1
    try {
      await orAborted(underWay.done, signal)
    } finally {
      underWay.waiting -= 1
      if (underWay.waiting === 0) underWay.stop.abort(new LedgerError('CLOSED', 'nobody waits for it any more'))
    }

    function begin(): Fetching {
      const stop = new AbortController()
      const isWanted = (): boolean => again || !files.isRemoved(hash)
      const done = fetcher
        .fetch(hash, row!, stop.signal, (chunks, limits) => files.put(chunks, { ...limits, isWanted }))
        .finally(() => fetches.delete(hash))
      // Whoever waits hears of it; nobody may any longer.
      done.catch(() => {})
      const fetching = { done, stop, waiting: 0 }
      fetches.set(hash, fetching)
      return fetching
    }
  }

  async function fetchWanted(hash: string, signal: AbortSignal): Promise<boolean> {
    try {
      if (files.sizeOf(hash) === undefined && !files.isRemoved(hash)) await fetchKept(hash, false, signal)
    } catch (error) {
      if (signal.aborted) return false
      const level = error instanceof LedgerError && error.code === 'NOT_FOUND' ? 'debug' : 'warn'
      log[level]('an attachment was not fetched; it is tried again', { hash, error })
      if (!files.isRemoved(hash)) return false
    }
    index.settle(hash)
    return true
  }

  async function read(hash: string, again: boolean, signal: AbortSignal): Promise<ReadableAttachment> {
    if (files.isRemoved(hash) && !again) {
      throw new LedgerError('NOT_FOUND', `attachment ${hash} was removed here; it is fetched again only when told to`, {
        hash,
        removed: true,
        remedy: 'fetch it with: ledger attachment HASH -o FILE --again'
      })
    }
    const held = await openHeld(hash)
    if (held !== null && !(held instanceof LedgerError)) return held
    const row = index.get(hash)
    if (row === undefined) throw held ?? unknown(hash)
    try {
      if (settings.keep === 'none') return await fetcher.fetch(hash, row, signal, files.pass)
      await fetchKept(hash, again, signal)
    } catch (error) {
      if (held === null || !(error instanceof LedgerError) || error.code !== 'NOT_FOUND') throw error
      const remedy = 'put the file in again with: ledger attach FILE; or ask again when more partners are connected'
      throw new LedgerError('STORE_DAMAGED', `${held.message}; ${error.message}`, { ...error.details, remedy }, held)
    }
    const fetched = await files.open(hash)
    if (fetched === null) throw new LedgerError('NOT_FOUND', `attachment ${hash} was removed here meanwhile`, { hash })
    return fetched
  }

  return {
    put(chunks, { signal = closing.signal }) {
      const limits = { bytesMax: ATTACHMENT_BYTES_MAX, signal }
      return uploads.run('', () => files.put(chunks, limits))
    },
    read: (hash, { again = false, signal = closing.signal }) => read(hash, again, signal),
    about,
    async list({ limit, after = '' }) {
      return files.held(after, listLimit(limit)).map(({ hash }) => ({ ...about(hash), cursor: hash }))
    },
    async remove(hash) {
      about(hash)
      fetches.get(hash)?.stop.abort(new LedgerError('NOT_FOUND', `attachment ${hash} was removed here meanwhile`))
      await files.remove(hash)
      index.settle(hash)
    },
    async serve(partner, hash) {
      if (index.get(hash) === undefined || files.isRemoved(hash)) return null
      const held = await openHeld(hash)
      log.debug('a partner asks for an attachment', { partner, hash, held: held !== null })
      return held instanceof LedgerError ? null : held
    },
    committed(block) {
      const { height } = block.header
      // Behind a fault the next start reads the chain again from there.
      if (height !== index.height + 1) return
      try {
        const found = rows.committed(block)
        index.add({ height, hash: block.hash }, found, settings.keep === 'all')
        if (found.length > 0) keeper.nudge()
      } catch (error) {
        log.error('the attachments of a block cannot be noted; they are at the next start', { height, error })
      }
    },
    start() {
      if (settings.keep === 'all') keeper.start()
    },
    async close() {
      closing.abort(new LedgerError('CLOSED', 'the node is stopping'))
      for (const { stop } of fetches.values()) stop.abort(closing.signal.reason)
      await keeper.close()
      await Promise.allSettled([...fetches.values()].map(({ done }) => done))
      await index.close()
    }
  }
}

function unknown(hash: string): LedgerError {
  return new LedgerError('NOT_FOUND', `no accepted record has attachment ${hash}, and it was not put in here`, { hash })
}
