import { readCanonical } from '../base/canonical.js'
import { LedgerError } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import type { CompiledObject } from '../ledger/model.js'
import { NO_RECORD, newestRecord, stateRecord } from '../ledger/record-state.js'
import type { Chain } from './chain.js'
import type { ObjectLookup } from './known-objects.js'
import type { ListedRecord, ListOptions, RecordView } from './ledger-node.js'
import type { RecordReader } from './record-reader.js'
import { keyText, presentView, timeText, viewOfCommitted, viewOfState } from './record-view.js'
import type { HistoryCursor, HistoryEntryWithHeight } from './store/store-types.js'

export const LIST_LIMIT_DEFAULT = 50
export const LIST_LIMIT_MAX = 100_000

/** Values read between two breaths of the event loop. */
const SLICE = 200

/** Everything that can be looked up in what is committed. */
export function createQueries(chain: Chain, reader: RecordReader, objects: ObjectLookup) {
  const { store } = chain

  function objectOf(name: string): CompiledObject {
    const object = objects.get(name)
    if (object !== undefined) return object
    const names = [...chain.rulebook.model.objects.keys()].join(', ')
    throw new LedgerError('UNKNOWN_OBJECT', `there is no object "${name}"; the network has ${names}`, { object: name })
  }

  function keyOf(object: CompiledObject, key: readonly Json[]): string {
    if (key.length === object.keyFields.length) return keyText(key)
    const expected = object.keyFields.length === 0 ? 'no key: look records up by id' : object.keyFields.join(', ')
    throw new LedgerError('USAGE', `the key of ${object.name} is ${expected}`, { key: object.keyFields })
  }

  function viewAt(entry: HistoryEntryWithHeight): ListedRecord {
    const record = reader.at(entry.height, entry.batch, entry.index)
    if (record === null) {
      throw new LedgerError('STORE_DAMAGED', `block ${entry.height} has no record ${entry.batch}/${entry.index}`)
    }
    return {
      ...viewOfCommitted(objects, store.state, record),
      cursor: encodeCursor([entry.key, entry.height, entry.batch, entry.index])
    }
  }

  async function listHistory(object: CompiledObject, key: string | null, options: HistoryListOptions) {
    const found: ListedRecord[] = []
    let after = options.after === undefined ? undefined : historyCursor(options.after)
    while (found.length < options.limit) {
      const entries = await store.history(object.name, key, {
        limit: SLICE,
        includeRefused: options.all === true,
        ...(after === undefined ? {} : { after })
      })
      for (const entry of entries) {
        const written = viewAt(entry)
        const view = options.asWritten === true ? written : presentView(objects, written)
        if (matches(view.data, object, options.where)) found.push(view)
        if (found.length === options.limit) return found
      }
      after = entries.at(-1)
      if (entries.length < SLICE) return found
      await breathe()
    }
    return found
  }

  async function listNewest(object: CompiledObject, options: HistoryListOptions) {
    const found: ListedRecord[] = []
    const prefix = `r:${object.name}[`
    const after = options.after === undefined ? undefined : stateCursor(options.after, prefix)
    let seen = 0
    for await (const { key, entry } of store.states(prefix, after === undefined ? {} : { after })) {
      if (entry.text === NO_RECORD) continue
      const view = viewOfState(objects, stateRecord({ text: entry.text }))
      if (matches(view.data, object, options.where)) found.push({ ...view, cursor: encodeCursor([key]) })
      if (found.length === options.limit) break
      if (++seen % SLICE === 0) await breathe()
    }
    return found
  }

  return {
    get(objectName: string, key: readonly Json[]): RecordView | null {
      const object = objectOf(objectName)
      const text = keyOf(object, key)
      if (object.keyFields.length === 0) throw new LedgerError('USAGE', `${objectName} has no key: use the record's id`)
      const newest = newestRecord(store.state, objectName, text)
      return newest === null ? null : viewOfState(objects, newest)
    },
    async history(
      objectName: string,
      key: readonly Json[],
      options: { readonly all?: boolean; readonly limit?: number; readonly after?: string }
    ): Promise<readonly ListedRecord[]> {
      const object = objectOf(objectName)
      const all = { ...options, limit: listLimit(options.limit), asWritten: true }
      return await listHistory(object, keyOf(object, key), all)
    },
    async list(objectName: string, options: ListOptions): Promise<readonly ListedRecord[]> {
      const object = objectOf(objectName)
      const all = { ...options, limit: listLimit(options.limit) }
      const wholeHistory = options.history === true || object.keyFields.length === 0
      return wholeHistory ? await listHistory(object, null, all) : await listNewest(object, all)
    },
    block(height: number): JsonObject | null {
      const block = reader.block(height)
      if (block === null) return null
      const certificate = readCanonical(block.certificate)
      if (!certificate.ok) throw new LedgerError('STORE_DAMAGED', `the certificate of block ${height} cannot be read`)
      return {
        height,
        hash: block.hash,
        time: timeText(block.header.time),
        header: block.header as unknown as Json,
        certificate: certificate.value,
        batches: block.batches.map(({ author, sequence, hash, count }) => ({ author, sequence, hash, count })),
        records: block.header.verdicts.count,
        refused: [...block.refusals].map(([place, refusal]) => {
          const [batch, index] = place.split('/').map(Number)
          const ref = block.batches[batch ?? 0]
          return { id: `${ref?.author}/${ref?.sequence}/${index}`, ...(refusal as unknown as JsonObject) }
        })
      }
    }
  }
}

interface HistoryListOptions {
  readonly limit: number
  readonly after?: string
  readonly all?: boolean
  readonly where?: Readonly<Record<string, string>>
  /** Data as it stands on the chain. @default as the model in force reads it */
  readonly asWritten?: boolean
}

export function listLimit(limit: number | undefined): number {
  if (limit === undefined) return LIST_LIMIT_DEFAULT
  if (Number.isSafeInteger(limit) && limit >= 1 && limit <= LIST_LIMIT_MAX) return limit
  throw new LedgerError('USAGE', `a limit is a number from 1 to ${LIST_LIMIT_MAX}`, { limit })
}

/** Whether each named field, by its name of today or an earlier one, has the given value as text: `true`, `12`, `VH-001`. */
function matches(
  data: JsonObject,
  { aliases }: CompiledObject,
  where: Readonly<Record<string, string>> | undefined
): boolean {
  if (where === undefined) return true
  return Object.entries(where).every(([name, wanted]) => {
    const field = aliases.get(name) ?? name
    const value = Object.hasOwn(data, field) ? data[field] : undefined
    return value !== undefined && (typeof value === 'string' ? value : JSON.stringify(value)) === wanted
  })
}

function encodeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

function decodeCursor(cursor: string): unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts)) return parts
  } catch {
    // Said below, as for every other text that is no cursor.
  }
  throw new LedgerError('USAGE', 'this is no cursor of an earlier answer', { cursor: cursor.slice(0, 100) })
}

function historyCursor(cursor: string): HistoryCursor {
  const [key, height, batch, index] = decodeCursor(cursor)
  if (
    typeof key !== 'string' ||
    ![height, batch, index].every((part) => Number.isSafeInteger(part) && Number(part) >= 0)
  ) {
    throw new LedgerError('USAGE', 'this is no cursor of a history', { cursor: cursor.slice(0, 100) })
  }
  return { key, height: Number(height), batch: Number(batch), index: Number(index) }
}

function stateCursor(cursor: string, prefix: string): string {
  const [key] = decodeCursor(cursor)
  if (typeof key === 'string' && key.startsWith(prefix)) return key
  throw new LedgerError('USAGE', 'this is no cursor of this list', { cursor: cursor.slice(0, 100) })
}

function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
