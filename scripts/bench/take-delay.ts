import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { BenchPartner } from './partners.js'
import type { NodeRecorder } from './processes.js'

const PROGRAM = fileURLToPath(new URL('event-loop-delay.js', import.meta.url))

/** Has a node record the delay of its event loop, beside its home. */
export function delayRecorder(home: string): NodeRecorder {
  return { program: PROGRAM, variable: 'LEDGER_BENCH_DELAY_FILE', file: `${home}.delay` }
}

export interface EventLoopDelay {
  readonly written: number
  readonly samples: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Delay of a node's event loop since this was last asked, milliseconds; it is recorded anew from now on. */
export async function takeDelay({ recorder, node }: BenchPartner): Promise<EventLoopDelay> {
  if (recorder === null) throw new Error('the delay of this event loop is not recorded')
  const read = async (): Promise<EventLoopDelay | null> => {
    const text = await readFile(recorder.file, 'utf8').catch(() => null)
    return text === null ? null : JSON.parse(text)
  }
  const before = (await read())?.written ?? 0
  process.kill(node.pid, 'SIGUSR2')
  for (let look = 0; look < 500; look++) {
    const found = await read()
    if (found !== null && found.written > before) return found
    await pause(20)
  }
  throw new Error('the node wrote no delay of its event loop')
}
