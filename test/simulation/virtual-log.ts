import { type GuardMarks, guardOver, type SignGuard } from '../../src/node/store/sign-guard.js'
import type { LogEntry, LogStretch, WriteAheadLog } from '../../src/node/store/write-ahead-log.js'
import type { VirtualFile } from './virtual-file.js'

/** The write-ahead log over a virtual file. */
export function virtualWriteAheadLog(file: VirtualFile): WriteAheadLog {
  return {
    append(height, text) {
      file.append(`${height} ${text}`)
    },
    async sync() {
      const reached = stretchOf(file)
      await file.sync()
      return reached
    },
    get stretch() {
      return stretchOf(file)
    },
    async committed(height) {
      const kept = file.lines.findIndex((line) => heightOf(line) > height)
      file.forget(kept < 0 ? file.lines.length : kept)
    },
    close: async () => {}
  }
}

/** From where to where the log reaches, counted in lines. */
export function stretchOf({ forgotten, lines }: VirtualFile): LogStretch {
  return { from: forgotten, to: forgotten + lines.length }
}

/** What the log holds from a height on. */
export function entriesFrom(file: VirtualFile, height: number): LogEntry[] {
  return file.lines.filter((line) => heightOf(line) >= height).map(entryOf)
}

function entryOf(line: string): LogEntry {
  return { height: heightOf(line), text: line.slice(line.indexOf(' ') + 1) }
}

function heightOf(line: string): number {
  return Number.parseInt(line, 10)
}

/** The real sign guard, over a virtual file. */
export function virtualSignGuard(file: VirtualFile): SignGuard {
  const append = (record: string): void => file.append(record)
  return guardOver({ path: 'sign-guard', append, sync: () => file.sync(), close: async () => {} }, file.lines)
}

/** The first lines of a guard that begins with marks. */
export function linesOfMarks({ vote, batch }: GuardMarks): string[] {
  return [vote, batch].flatMap((mark) => (mark === undefined ? [] : [JSON.stringify(mark)]))
}
