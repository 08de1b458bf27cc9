import type { VirtualDevice } from './virtual-device.js'

/** An append-only file: what was not synced when a crash comes may be there, from the front on, or not. */
export interface VirtualFile {
  readonly lines: readonly string[]
  /** How many lines were dropped from the front so far. */
  readonly forgotten: number
  append(line: string): void
  sync(): Promise<void>
  /** Drops lines from the front. */
  forget(count: number): void
  /**
   * Puts another file with these lines in its place, at once or not at all; resolves when that is durable.
   * @param done called at the moment when it is there
   */
  replace(lines: readonly string[], done: () => void): Promise<void>
  crash(): void
  /** Flips a bit in the line at this share, 0 to below 1, of the file. Does nothing to an empty file. */
  flip(share: number): void
  /** Loses all lines behind this share of the file, as if they had never been written. */
  cut(share: number): void
  /**
   * Looks at the file as a starting node does: a damaged last line is cut off like one that was torn.
   * @returns whether the rest is whole
   */
  open(): boolean
  /** What is durable now, to be put back later. */
  copy(): () => void
}

export function createFile(device: VirtualDevice, random: () => number): VirtualFile {
  let lines: string[] = []
  let forgotten = 0
  /** How many lines ever appended are durable. */
  let synced = 0
  /** Number of the damaged line, counted from the first one ever; -1 when all are whole. */
  let damaged = -1

  function keep(kept: string[]): void {
    lines = kept
    synced = forgotten + lines.length
  }

  return {
    get lines() {
      return lines
    },
    get forgotten() {
      return forgotten
    },
    append(line) {
      lines.push(line)
    },
    sync() {
      const end = forgotten + lines.length
      return device.write(() => {
        synced = Math.max(synced, end)
      })
    },
    forget(count) {
      lines = lines.slice(count)
      forgotten += count
    },
    replace(fresh, done) {
      return device.write(() => {
        forgotten += lines.length
        keep([...fresh])
        done()
      })
    },
    crash() {
      const sure = Math.max(0, synced - forgotten)
      keep(lines.slice(0, sure + Math.floor(random() * (lines.length - sure + 1))))
    },
    flip(share) {
      if (lines.length > 0) damaged = forgotten + Math.floor(share * lines.length)
    },
    cut(share) {
      keep(lines.slice(0, Math.floor(share * lines.length)))
    },
    open() {
      if (damaged < forgotten || damaged >= forgotten + lines.length) damaged = -1
      if (damaged === forgotten + lines.length - 1 && damaged >= 0) {
        keep(lines.slice(0, -1))
        damaged = -1
      }
      return damaged < 0
    },
    copy() {
      const kept = lines.slice(0, Math.max(0, synced - forgotten))
      return () => {
        forgotten += lines.length
        damaged = -1
        keep([...kept])
      }
    }
  }
}
