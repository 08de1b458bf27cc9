import type { VirtualClock } from './virtual-clock.js'

/** What takes writes one after the other, each for some time, and loses what is under way when its machine crashes. */
export interface VirtualDevice {
  /** Resolves when the write is durable; never, when a crash comes before. `apply` runs at that moment. */
  write(apply: () => void): Promise<void>
  /** Of the writes under way the first few may have got through. */
  crash(): void
}

export interface DeviceOptions {
  readonly clock: VirtualClock
  readonly random: () => number
  /** How much slower than usual the disk is at present. */
  readonly slowness: () => number
}

/** Milliseconds that a synced write takes on a good disk. */
const WRITE_MS = { min: 0.3, spread: 2 }

interface Write {
  readonly apply: () => void
  readonly done: () => void
}

export function createDevice({ clock, random, slowness }: DeviceOptions): VirtualDevice {
  let queue: Write[] = []
  let life = 0

  function serve(): void {
    const ofLife = life
    clock.plan((WRITE_MS.min + random() * WRITE_MS.spread) * slowness(), () => {
      if (life !== ofLife) return
      const write = queue.shift()
      if (queue.length > 0) serve()
      write?.apply()
      write?.done()
    })
  }

  return {
    write: (apply) =>
      new Promise((done) => {
        queue.push({ apply, done })
        if (queue.length === 1) serve()
      }),
    crash() {
      life++
      const lucky = Math.floor(random() * (queue.length + 1))
      for (const write of queue.slice(0, lucky)) write.apply()
      queue = []
    }
  }
}

/** An append-only file: what was not synced when a crash comes may be there, from the front on, or not. */
export interface VirtualFile {
  readonly lines: readonly string[]
  append(line: string): void
  sync(): Promise<void>
  /** Drops lines from the front. */
  forget(count: number): void
  crash(): void
}

export function createFile(device: VirtualDevice, random: () => number): VirtualFile {
  let lines: string[] = []
  let forgotten = 0
  /** How many lines ever appended are durable. */
  let synced = 0
  return {
    get lines() {
      return lines
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
    crash() {
      const sure = Math.max(0, synced - forgotten)
      lines = lines.slice(0, sure + Math.floor(random() * (lines.length - sure + 1)))
      synced = forgotten + lines.length
    }
  }
}
