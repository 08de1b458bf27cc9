import type { LogEntry } from '../consensus/types.js'
import { encodeItem } from './consensus-log.js'
import type { LoggedHeights } from './logged-heights.js'
import type { WriteAheadLog } from './store/write-ahead-log.js'
import type { VoteSigner } from './vote-signer.js'

/**
 * What the height under way was told while this node may not sign: gone through again once it may. The log must bring
 * the very same back after a crash, so what it holds of the height beside is declared void then.
 */
export function createWatchedHeight(
  wal: Pick<WriteAheadLog, 'append'>,
  logged: Pick<LoggedHeights, 'inputs' | 'isExplained'>,
  signer: Pick<VoteSigner, 'remembers'>
) {
  let entries: LogEntry[] = []
  let isWholeLog = true

  function knows(height: number): boolean {
    return signer.remembers(height, isWholeLog && logged.isExplained(height))
  }

  return {
    get entries(): readonly LogEntry[] {
      return entries
    },
    /** Whether what was signed here at a height is known, and among the entries where the log tells of it. */
    knows,
    /** Takes up a height of which the log tells: with what it tells, if that can be gone through. */
    resume(height: number): void {
      isWholeLog = logged.isExplained(height) && signer.remembers(height, true)
      entries = isWholeLog ? logged.inputs(height) : []
    },
    saw(entry: LogEntry): void {
      entries.push(entry)
    },
    /** Whether the log of a height that was taken up without it can be gone through by now, and is needed for {@link knows}. */
    isExplainable(height: number): boolean {
      return !isWholeLog && !knows(height) && logged.isExplained(height) && signer.remembers(height, true)
    },
    /** What the log told before the height was watched counts after all, and comes first. */
    explain(height: number): void {
      entries = [...logged.inputs(height), ...entries]
      isWholeLog = true
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
