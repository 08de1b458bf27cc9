import { LedgerError } from '../base/errors.js'
import type { Chain } from './chain.js'
import type { ObjectLookup } from './known-objects.js'
import type { ChangeOptions, RecordView } from './ledger-node.js'
import type { RecordReader } from './record-reader.js'
import { viewOfCommitted } from './record-view.js'

export interface Change {
  /** `HEIGHT.BATCH.INDEX` */
  readonly id: string
  readonly record: RecordView
}

interface Place {
  readonly height: number
  readonly batch: number
  readonly index: number
}

/** The committed accepted records, from any place of the chain on and then as they come. */
export function createChanges(chain: Chain, reader: RecordReader, objects: ObjectLookup) {
  const waiting = new Set<() => void>()
  let closed = false

  function* changesIn(height: number, from: Place, object: string | undefined): Generator<Change> {
    const block = reader.block(height)
    for (const [batch, { count }] of (block?.batches ?? []).entries()) {
      for (let index = 0; index < count; index++) {
        if (!isAfter({ height, batch, index }, from)) continue
        const record = reader.at(height, batch, index)
        if (record === null || record.refusal !== null) continue
        if (object !== undefined && record.body?.object !== object) continue
        yield { id: `${height}.${batch}.${index}`, record: viewOfCommitted(objects, chain.store.state, record) }
      }
    }
  }

  function nextBlock(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  return {
    /** Ends without error when the signal is aborted or the node closes. */
    async *changes({ since, object, signal }: ChangeOptions): AsyncGenerator<Change> {
      const from = since === undefined ? endOf(chain.tip.height) : placeOf(since)
      for (let height = Math.max(1, from.height); !signal.aborted && !closed; ) {
        if (height > chain.tip.height) {
          await nextBlock(signal)
          continue
        }
        for (const change of changesIn(height, from, object)) {
          if (signal.aborted || closed) return
          yield change
        }
        height++
      }
    },
    /** A block has been committed. */
    committed(): void {
      for (const wake of [...waiting]) wake()
    },
    /** Ends all that are being read. */
    close(): void {
      closed = true
      for (const wake of [...waiting]) wake()
    }
  }
}

/** Behind everything of a block. */
function endOf(height: number): Place {
  return { height, batch: Number.MAX_SAFE_INTEGER, index: 0 }
}

function placeOf(since: string): Place {
  if (/^\d{1,15}$/.test(since)) return endOf(Number(since))
  const match = /^(\d{1,15})\.(\d{1,7})\.(\d{1,7})$/.exec(since)
  if (match === null) {
    throw new LedgerError('USAGE', 'since is 0, a height, or the id of an event such as 12.0.3', {
      since: since.slice(0, 64)
    })
  }
  return { height: Number(match[1]), batch: Number(match[2]), index: Number(match[3]) }
}

function isAfter(a: Place, b: Place): boolean {
  if (a.height !== b.height) return a.height > b.height
  return a.batch !== b.batch ? a.batch > b.batch : a.index > b.index
}
