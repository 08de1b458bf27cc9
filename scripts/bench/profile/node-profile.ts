import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { BenchPartner } from '../partners.js'
import type { NodeRecorder } from '../processes.js'
import type { CpuProfile } from './cpu-profile.js'

const PROGRAM = fileURLToPath(new URL('processor-profile.js', import.meta.url))

const WAIT_SECONDS_MAX = 60

/** Lets a node sample its main thread, into a file beside its home. */
export function profileRecorder(home: string): NodeRecorder {
  return { program: PROGRAM, variable: 'LEDGER_BENCH_PROFILE_FILE', file: `${home}.cpuprofile` }
}

/** Begins to sample the main thread of a node, once for a node. */
export async function beginProfile(partner: BenchPartner): Promise<void> {
  const error = await askFor(partner, (file) => `${file}.begun`)
  if (error !== '') throw new Error(`${partner.id} cannot be sampled: ${error}`)
}

/** Ends it. @returns what was sampled since it began */
export async function endProfile(partner: BenchPartner): Promise<CpuProfile> {
  return JSON.parse(await askFor(partner, (file) => file))
}

/** Sends the signal, and waits for the file that answers it. */
async function askFor({ recorder, node }: BenchPartner, answer: (file: string) => string): Promise<string> {
  if (recorder?.program !== PROGRAM) throw new Error('the node was not started to be sampled')
  const path = answer(recorder.file)
  process.kill(node.pid, 'SIGUSR2')
  const end = performance.now() + WAIT_SECONDS_MAX * 1000
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => null)
    if (text !== null) return text
    if (performance.now() > end) throw new Error(`the node did not write ${path} within ${WAIT_SECONDS_MAX} s`)
    await pause(20)
  }
}
