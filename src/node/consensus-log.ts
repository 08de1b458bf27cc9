import { LedgerError } from '../base/errors.js'
import type { LogEntry as ConsensusEntry } from '../consensus/types.js'
import type { ProposedBlock } from './block-content.js'
import type { LogEntry } from './store/write-ahead-log.js'

/**
 * What the write-ahead log tells: inputs of the consensus machine, the content of the blocks they name, and that the
 * inputs of the height before this item count for nothing.
 */
export type LoggedItem =
  | { readonly kind: 'input'; readonly entry: ConsensusEntry }
  | { readonly kind: 'block'; readonly hash: string; readonly block: ProposedBlock }
  | { readonly kind: 'anew' }

export function encodeItem(item: LoggedItem): string {
  return JSON.stringify(item)
}

/**
 * Reads the entries of one height. Their checksums held, so what cannot be read was written by another software.
 * @throws LedgerError LOG_DAMAGED
 */
export function decodeItems(entries: readonly LogEntry[], height: number): LoggedItem[] {
  return entries.filter((entry) => entry.height === height).map((entry) => decodeItem(entry))
}

function decodeItem({ height, text }: LogEntry): LoggedItem {
  try {
    const item = JSON.parse(text) as LoggedItem
    if (isItem(item)) return item
  } catch (error) {
    throw unreadable(height, error)
  }
  throw unreadable(height)
}

/** Whether it is of a kind that there is, with the parts of that. */
function isItem(item: LoggedItem): boolean {
  if (item.kind === 'input') return typeof item.entry?.type === 'string'
  if (item.kind === 'block') return typeof item.hash === 'string' && typeof item.block?.header === 'string'
  return item.kind === 'anew'
}

function unreadable(height: number, cause?: unknown): LedgerError {
  const message = `an entry of height ${height} in the write-ahead log is not what this software writes`
  return new LedgerError('LOG_DAMAGED', message, { height }, cause)
}
