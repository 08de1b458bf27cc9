import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Loaded into a node before its program (`node --import`): records the delay of its event loop, and writes it to the file
 * that LEDGER_BENCH_DELAY_FILE names, on each SIGUSR2, after which it begins anew, and at the end.
 */
const RESOLUTION_MS = 5

const path = process.env.LEDGER_BENCH_DELAY_FILE
if (path !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  let written = 0
  const write = () => {
    written += 1
    // A timer of so many milliseconds is asked for each time: only what comes on top of it is a delay.
    const ms = (nanoseconds) => Math.max(0, Number((nanoseconds / 1e6 - RESOLUTION_MS).toFixed(3)))
    const [p50, p99] = [histogram.percentile(50), histogram.percentile(99)].map(ms)
    const text = JSON.stringify({ written, samples: histogram.count, p50, p99, max: ms(histogram.max) })
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
    histogram.reset()
  }
  process.on('SIGUSR2', write)
  process.on('exit', write)
}
