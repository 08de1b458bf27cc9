/**
 * The process that the crash tests kill: it grows a store, a write-ahead log and a sign guard, and says so after each
 * block that is durable. Arguments: directory, height to stop at.
 */

import { writeSync } from 'node:fs'
import { join } from 'node:path'
import { LedgerError } from '../../../../src/base/errors.js'
import { createGuard, openGuard } from '../../../../src/node/store/sign-guard.js'
import { openStore } from '../../../../src/node/store/store.js'
import type { Store } from '../../../../src/node/store/store-types.js'
import { createWriteAheadLog, openWriteAheadLog } from '../../../../src/node/store/write-ahead-log.js'
import { blockOf, bodyOf, GENESIS } from './chain-maker.js'

const [directory = '', heightMax = '0'] = process.argv.slice(2)
const COUNT = 20

/** Synchronously, so that what was said was said before a kill. */
function say(text: string): void {
  writeSync(1, `${text}\n`)
}

function codeOf(error: unknown): string {
  return error instanceof LedgerError ? error.code : String(error)
}

// A file over its limit must be an error, not the end of the process.
process.on('SIGXFSZ', () => {})

let store: Store | null = null
try {
  store = await openStore({ path: join(directory, 'store'), genesis: GENESIS })
  const options = { path: join(directory, 'log'), genesis: GENESIS, segmentBytes: 4096 }
  const next = (store.head?.height ?? 0) + 1
  const log =
    next === 1
      ? await createWriteAheadLog(options).catch(async () => (await openWriteAheadLog(options, 0)).log)
      : (await openWriteAheadLog(options, next)).log
  const owner = { genesis: GENESIS, key: 'p1' }
  const path = join(directory, 'guard')
  const guard =
    next === 1 ? await createGuard(path, owner).catch(() => openGuard(path, owner)) : await openGuard(path, owner)
  say(`opened ${next - 1}`)
  for (let height = next; height <= Number(heightMax); height++) {
    const body = bodyOf(height, COUNT)
    await store.putBatches([{ ...body, own: height - 1 }])
    say(`stored ${height}`)
    log.append(height, `proposal ${'x'.repeat(300)}`)
    await log.sync()
    say(`logged ${height}`)
    guard.guardVote({ epoch: 0, incarnation: 0, height, round: 0, step: 'prevote' }, `vote ${height}`, (text) => text)
    guard.guardVote({ epoch: 0, incarnation: 0, height, round: 0, step: 'precommit' }, `vote ${height}`, (text) => text)
    await guard.sync()
    say(`signed ${height}`)
    await store.commit(blockOf(height, COUNT))
    say(`committed ${height}`)
    await log.committed(height)
  }
  await store.close()
  say('closed')
} catch (error) {
  say(`failed ${codeOf(error)}`)
  if (store === null) process.exit(1)
  const { state, putBatches, commit } = store
  const steps: (() => Promise<unknown>)[] = [
    async () => state.get('s:p1'),
    () => putBatches([bodyOf(1_000_000)]),
    () => commit(blockOf(1))
  ]
  for (const step of steps) say(`then ${await step().then(() => 'worked', codeOf)}`)
  process.exit(1)
}
