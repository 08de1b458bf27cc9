import { renameSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'

/**
 * Loaded into a node before its program (`node --import`): the first SIGUSR2 begins to sample what its main thread does, the
 * next ends it and writes the profile to the file that LEDGER_BENCH_PROFILE_FILE names, and so on. That it has begun is told
 * by the file `.begun` beside it.
 */
const INTERVAL_MICROSECONDS = 500

const path = process.env.LEDGER_BENCH_PROFILE_FILE
if (path !== undefined) {
  let session = null
  const write = (file, text) => {
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
  }
  process.on('SIGUSR2', () => {
    if (session === null) {
      session = new Session()
      session.connect()
      session.post('Profiler.enable')
      session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROSECONDS })
      session.post('Profiler.start', (error) => write(`${path}.begun`, error?.message ?? ''))
      return
    }
    // The session is of this thread, so it answers before `post` returns.
    session.post('Profiler.stop', (error, answer) => write(path, JSON.stringify(answer?.profile ?? { error })))
    session.disconnect()
    session = null
  })
}
