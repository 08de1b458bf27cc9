import { LedgerError } from '../base/errors.js'
import type { HistoryCursor } from './store/store-types.js'

/** Records of the network about itself have no key. */
export const SYSTEM_KEY = '[]'

/** Where a record of the network stands, as an answer tells it. */
export function systemCursorText({ height, batch, index }: Omit<HistoryCursor, 'key'>): string {
  return `${height}.${batch}.${index}`
}

/** @throws LedgerError USAGE when it is none of an earlier answer */
export function readSystemCursor(text: string): HistoryCursor {
  const match = /^(\d{1,15})\.(\d{1,7})\.(\d{1,7})$/.exec(text)
  if (match === null) {
    throw new LedgerError('USAGE', 'this is no cursor of an earlier answer', { cursor: text.slice(0, 100) })
  }
  return { key: SYSTEM_KEY, height: Number(match[1]), batch: Number(match[2]), index: Number(match[3]) }
}
