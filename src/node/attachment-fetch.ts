import { LedgerError } from '../base/errors.js'
import type { Logger } from './log.js'
import { createConcurrency } from './network/concurrency.js'
import type { RunningPeers } from './network/peers-options.js'
import type { IncomingLimits } from './store/attachment-files.js'
import type { AttachmentRow } from './store/attachment-index.js'

/** Files that are fetched at one time, and those that wait. */
const FETCHING_MAX = 4
const FETCHING_WAITING_MAX = 64

/** The way to the partners. */
export type AttachmentSource = Pick<RunningPeers, 'connected' | 'fetchAttachment' | 'blame'>

export interface AttachmentFetchDependencies {
  readonly source: AttachmentSource
  readonly log: Logger
}

/** What a partner said when it was asked, in a few words. */
export interface Asked {
  readonly partner: string
  readonly answer: string
}

/** What is wrong here and would be at the next partner too. */
const OWN_FAULTS: readonly string[] = ['LIMIT_EXCEEDED', 'DISK_FULL', 'CLOSED']

/** Fetches files from partners, who are believed nothing: what comes must have the hash and no more bytes than a record says. */
export function createAttachmentFetch({ source, log }: AttachmentFetchDependencies) {
  const fetching = createConcurrency(FETCHING_MAX, FETCHING_WAITING_MAX)

  /** The record's author first; the others in an order that differs from file to file. */
  function order(hash: string, author: string): string[] {
    const connected = source.connected().filter((partner) => partner !== author)
    const first = connected.length === 0 ? 0 : Number.parseInt(hash.slice(0, 6), 16) % connected.length
    const others = [...connected.slice(first), ...connected.slice(0, first)]
    return source.connected().includes(author) ? [author, ...others] : others
  }

  /** One partner's file into the store. `theirs` is what failed on the way, as opposed to here. */
  async function from<T>(
    partner: string,
    hash: string,
    row: AttachmentRow,
    signal: AbortSignal,
    take: (chunks: AsyncIterable<Uint8Array>, limits: IncomingLimits) => Promise<T>
  ): Promise<T | Asked> {
    let isTaking = false
    let theirs: unknown
    async function* watched(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      try {
        yield* chunks
      } catch (error) {
        theirs = error
        throw error
      }
    }
    try {
      const want = { hash, bytesMax: row.bytes }
      return await source.fetchAttachment(
        partner,
        want,
        ({ bytes, chunks }) => {
          isTaking = true
          return take(watched(chunks), { bytesMax: bytes, hash, signal })
        },
        signal
      )
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof LedgerError)) throw error
      if (isTaking && theirs === undefined && OWN_FAULTS.includes(error.code)) throw error
      if (error.code === 'VERIFICATION_FAILED') {
        log.warn('a partner sent another file than it was asked for', { partner, hash })
        source.blame?.(partner, 'it sent another file than the one of this hash')
      }
      log.debug('an attachment did not come', { partner, hash, error })
      return { partner, answer: answerText(error) }
    }
  }

  return {
    /**
     * @param take what becomes of the file; called again for the next partner when it failed for what came
     * @throws LedgerError NOT_FOUND with who was asked, BUSY; what failed here; whatever `signal` aborts with
     */
    fetch<T extends object>(
      hash: string,
      row: AttachmentRow,
      signal: AbortSignal,
      take: (chunks: AsyncIterable<Uint8Array>, limits: IncomingLimits) => Promise<T>
    ): Promise<T> {
      return fetching.run('', async () => {
        const asked: Asked[] = []
        for (const partner of order(hash, row.author)) {
          signal.throwIfAborted()
          const result = await from(partner, hash, row, signal, take)
          if (!isAsked(result)) return result
          asked.push(result)
        }
        throw nobodyHas(hash, row, asked)
      })
    }
  }
}

export type AttachmentFetch = ReturnType<typeof createAttachmentFetch>

function isAsked(result: object): result is Asked {
  return 'answer' in result
}

function answerText({ code, message }: LedgerError): string {
  switch (code) {
    case 'NOT_FOUND':
      return 'it does not have it'
    case 'VERIFICATION_FAILED':
      return 'what it sent was another file'
    case 'TOO_LARGE':
      return 'what it has is larger than the record says'
    case 'BUSY':
      return 'it is busy'
    case 'NODE_UNREACHABLE':
      return 'it did not answer'
    default:
      return message.slice(0, 200)
  }
}

function nobodyHas(hash: string, { record, author }: AttachmentRow, asked: readonly Asked[]): LedgerError {
  const who = asked.map(({ partner, answer }) => `${partner} (${answer})`).join(', ')
  const said = who === '' ? 'no partner is connected' : `asked: ${who}`
  return new LedgerError('NOT_FOUND', `nobody gave attachment ${hash} of record ${record}; ${said}`, {
    hash,
    record,
    author,
    asked
  })
}
