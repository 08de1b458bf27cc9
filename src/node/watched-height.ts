import type { LogEntry } from '../consensus/types.js'
import { encodeItem } from './consensus-log.js'
import type { WriteAheadLog } from './store/write-ahead-log.js'

/**
 * What the height under way was told while this node may not sign: gone through again once it may. The log must bring
 * the very same back after a crash, so what it holds of the height beside is declared void then.
 */
export function createWatchedHeight(wal: Pick<WriteAheadLog, 'append'>) {
  let entries: LogEntry[] = []
  let isWholeLog = true

  return {
    /** Takes up a height whose log holds these entries, or others besides. */
    resume(logged: readonly LogEntry[], isAll: boolean): void {
      entries = [...logged]
      isWholeLog = isAll
    },
    saw(entry: LogEntry): void {
      entries.push(entry)
    },
    /** Signing begins: all that was seen of the height, and from now on the log says just that. */
    end(height: number): readonly LogEntry[] {
      const seen = entries
      entries = []
      if (isWholeLog) return seen
      isWholeLog = true
      wal.append(height, encodeItem({ kind: 'anew' }))
      for (const entry of seen) wal.append(height, encodeItem({ kind: 'input', entry }))
      return seen
    },
    /** The height is over. */
    clear(): void {
      entries = []
      isWholeLog = true
    }
  }
}
