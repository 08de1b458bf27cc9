import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'

/** What a figure depends on besides the code: printed beside every benchmark. */
export function describeMachine(folder = tmpdir()) {
  return {
    node: process.version,
    cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
    load: loadavg().map((load) => Number(load.toFixed(2))),
    fsyncMsMedian: fsyncMs(folder)
  }
}

/** Median of 101 synced writes of 400 bytes, milliseconds. */
function fsyncMs(folder: string): number {
  const path = join(folder, `fsync-probe-${process.pid}`)
  const file = openSync(path, 'w')
  const bytes = Buffer.alloc(400, 1)
  const times = Array.from({ length: 101 }, () => {
    const started = performance.now()
    writeSync(file, bytes)
    fdatasyncSync(file)
    return performance.now() - started
  })
  closeSync(file)
  rmSync(path)
  return Number(times.sort((a, b) => a - b)[50]!.toFixed(3))
}
