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

/** Reads the entries of one height. Their checksums held, so what cannot be read was written by another software. */
export function decodeItems(entries: readonly LogEntry[], height: number): LoggedItem[] {
  return entries.filter((entry) => entry.height === height).map((entry) => decodeItem(entry))
}

function decodeItem({ height, text }: LogEntry): LoggedItem {
  try {
    return JSON.parse(text) as LoggedItem
  } catch (error) {
    throw new LedgerError(
      'LOG_DAMAGED',
      `an entry of height ${height} in the write-ahead log is no JSON`,
      { height },
      error
    )
  }
}
