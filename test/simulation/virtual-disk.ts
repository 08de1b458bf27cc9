import { LedgerError } from '../../src/base/errors.js'
import { isCutOff } from '../../src/node/open-logs.js'
import { type GuardMarks, lostGuard, type SignGuard } from '../../src/node/store/sign-guard.js'
import type { Store } from '../../src/node/store/store-types.js'
import type { LogEntry, WriteAheadLog } from '../../src/node/store/write-ahead-log.js'
import type { VirtualClock } from './virtual-clock.js'
import { createDevice } from './virtual-device.js'
import { createFile } from './virtual-file.js'
import { entriesFrom, linesOfMarks, stretchOf, virtualSignGuard, virtualWriteAheadLog } from './virtual-log.js'
import {
  copyContent,
  damageContent,
  emptyContent,
  resync,
  type StoreContent,
  virtualStore,
  wipe
} from './virtual-store.js'

/** What a starting node finds. */
export interface OpenedDisk {
  readonly store: Store
  readonly wal: WriteAheadLog
  readonly entries: readonly LogEntry[]
  readonly guard: SignGuard
}

/** Everything that a partner has on its disk but the key: store, write-ahead log and sign guard. */
export interface VirtualDisk {
  readonly content: StoreContent
  /** Factor on what a write takes. */
  slowness: number
  /** While above 0 nothing can be written: faults overlap. */
  full: number
  open(): OpenedDisk
  /** What is there, for a command while no node runs. */
  look(): Pick<OpenedDisk, 'store' | 'entries' | 'guard'>
  /** An empty log in the place of the present one. */
  renewLog(): Promise<void>
  /** A new guard in the place of a lost one; it is there with its marks when the promise resolves. */
  renewGuard(marks: GuardMarks): Promise<SignGuard>
  /** Puts away a guard that cannot be trusted. */
  loseGuard(): Promise<void>
  /** Whether what the node has signed is not known here any more, or only in part. */
  readonly guardIsLost: boolean
  /** The newest incarnation that anything was signed in. */
  readonly incarnation: number
  /** What was not synced is lost, or not. */
  crash(): void
  /** Resolves when what was handed to it is written, or cannot be. */
  settled(): Promise<void>
  /** Nothing is left. */
  wipe(): void
  /** One value is not what was written, or the end of the log is gone. @returns which, for the trace */
  flip(what: Flippable, share: number): string
  /** Throws the copy of the chain away, as `start --resync` does. */
  resync(): void
  /** What is durable now; to be put back later, as if it were another disk. */
  copy(): () => void
  /** Writes under way, and lines of the log. */
  readonly sizes: { readonly writes: number; readonly log: number }
}

export type Flippable = 'store' | 'log' | 'log-end' | 'guard'

export function virtualDisk(clock: VirtualClock, random: () => number): VirtualDisk {
  const device = (): ReturnType<typeof createDevice> =>
    createDevice({ clock, random, slowness: () => disk.slowness, isFull: () => disk.full > 0 })
  const [storeDevice, logDevice, guardDevice] = [device(), device(), device()]
  const log = createFile(logDevice, random)
  const guard = createFile(guardDevice, random)
  const content = emptyContent()
  let guardIsLost = false
  let opened: SignGuard | null = null

  function loseGuard(): void {
    guardIsLost = true
    guard.forget(guard.lines.length)
  }

  /** A guard without the log that explains it is worth nothing. */
  function loseLog(): void {
    log.forget(log.lines.length)
    loseGuard()
  }

  const disk: VirtualDisk = {
    content,
    slowness: 1,
    full: 0,
    open() {
      if (!log.open()) loseLog()
      if (!guard.open()) loseGuard()
      opened = guardIsLost ? lostGuard(missing()) : virtualSignGuard(guard)
      if (isCutOff(stretchOf(log), opened, content.blocks.length + 1)) {
        loseLog()
        opened = lostGuard(missing())
      }
      return {
        store: virtualStore(content, storeDevice),
        wal: virtualWriteAheadLog(log),
        entries: entriesFrom(log, content.blocks.length + 1),
        guard: opened
      }
    },
    look() {
      const isWhole = guard.open() && !guardIsLost
      return {
        store: virtualStore(content, storeDevice),
        entries: entriesFrom(log, content.blocks.length + 1),
        guard: isWhole ? virtualSignGuard(guard) : lostGuard(missing())
      }
    },
    renewLog: () => log.replace([], () => {}),
    async renewGuard(marks) {
      await guard.replace(linesOfMarks(marks), () => {
        guardIsLost = false
      })
      opened = virtualSignGuard(guard)
      return opened
    },
    loseGuard() {
      return guard.replace([], () => {
        guardIsLost = true
      })
    },
    get guardIsLost() {
      return guardIsLost
    },
    get incarnation() {
      const newest = [opened?.lastVote, opened?.lastBatch].map((last) => last?.position.incarnation ?? 0)
      return Math.max(...newest)
    },
    crash() {
      for (const each of [storeDevice, logDevice, guardDevice]) each.crash()
      for (const file of [log, guard]) file.crash()
    },
    async settled() {
      await Promise.allSettled([storeDevice, logDevice, guardDevice].map((each) => each.write(() => {})))
    },
    wipe() {
      wipe(content)
      loseLog()
    },
    flip(what, share) {
      if (what === 'store') return damageContent(content, share)
      if (what === 'log-end') log.cut(share)
      else if (what === 'log') log.flip(share)
      else guard.flip(share)
      return what
    },
    resync: () => resync(content),
    copy() {
      const [restoreContent, restoreLog, restoreGuard] = [copyContent(content), log.copy(), guard.copy()]
      const wasLost = guardIsLost
      return () => {
        restoreContent()
        restoreLog()
        restoreGuard()
        guardIsLost = wasLost
      }
    },
    get sizes() {
      const writes = storeDevice.waiting + logDevice.waiting + guardDevice.waiting
      return { writes, log: log.lines.length }
    }
  }
  return disk
}

function missing(): LedgerError {
  return new LedgerError('LOG_DAMAGED', 'the sign guard is missing', { missing: true })
}
