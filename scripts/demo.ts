/**
 * `npm run demo`: four partners of the car service as real processes on this machine, from founding to a copy that catches
 * up; then they keep running until Ctrl-C. `npm run demo -- --once` ends by itself: exit code 0 only if everything held.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './demo/build.js'
import { createCompany } from './demo/company.js'
import { createStage } from './demo/stage.js'
import { playStory } from './demo/story.js'
import { showWhatToTry } from './demo/what-to-try.js'
import { whenReaderGone } from './reader-gone.js'

/** Longest the story may take, in seconds: what waits longer than that has failed. */
const STORY_SECONDS_MAX = 240

const USAGE = 'usage: npm run demo [-- --once]\n  --once  end after the story instead of keeping the partners running\n'

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const stage = createStage(process.stdout)
  const stop = new AbortController()
  const tooLong = setTimeout(
    () => stop.abort(new Error(`it took over ${STORY_SECONDS_MAX} s`)),
    STORY_SECONDS_MAX * 1000
  )
  const folder = await mkdtemp(join(tmpdir(), 'ledger-demo-'))
  const company = createCompany(folder, stop.signal)
  let interrupted = 0
  const onSignal = (): void => {
    interrupted += 1
    if (interrupted === 1) stop.abort(new Error('stopped by a signal'))
    else company.abandon()
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  whenReaderGone(onSignal)
  try {
    await build(stage, stop.signal)
    await playStory(stage, company, stop.signal)
    clearTimeout(tooLong)
    stage.held(`all of it held, in ${Math.round(performance.now() / 1000)} s`)
    if (values.once) return 0
    await showWhatToTry(stage, company)
    await aborted(stop.signal)
    return 0
  } catch (error) {
    stage.failed(error instanceof Error ? error.message : String(error))
    if (interrupted === 0) for (const [id, log] of company.logs()) stage.log(id, log)
    return interrupted > 0 ? 130 : 1
  } finally {
    clearTimeout(tooLong)
    stage.aside('stopping the partners and removing their homes')
    await company.close()
    await rm(folder, { recursive: true, force: true })
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    // A listener alone does not keep the process; the partners' pipes do.
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n${USAGE}`)
  process.exitCode = 2
}
