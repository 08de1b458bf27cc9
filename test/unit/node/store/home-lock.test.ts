import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../../src/base/errors.js'
import { lockHome } from '../../../../src/node/store/home-lock.js'
import { suite } from '../../../support/suite.js'
import { inDirectory } from './chain-maker.js'

const test = suite('home lock', { timeoutMs: 30_000 })

const MODULE = new URL('../../../../src/node/store/home-lock.ts', import.meta.url).href

/** A process that holds the lock until it is killed. */
async function holder(home: string): Promise<ChildProcess> {
  const program = `
    import { lockHome } from ${JSON.stringify(MODULE)}
    await lockHome(${JSON.stringify(home)})
    console.log('locked')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  await once(child.stdout!, 'data')
  return child
}

test('a home is locked for others and for this process, until it is released', () =>
  inDirectory(async (home) => {
    const lock = await lockHome(home)
    try {
      await lockHome(home)
      assert.unreachable()
    } catch (error) {
      assert.ok(error instanceof LedgerError)
      assert.is(error.code, 'HOME_LOCKED')
      assert.match(error.message, home)
      assert.match(error.message, 'stop its ledger-node')
    }
    await lock.release()
    await (await lockHome(home)).release()
  }))

test('the lock of another process ends with it, even when it is killed', () =>
  inDirectory(async (home) => {
    const child = await holder(home)
    const code = await lockHome(home).then(
      () => 'locked',
      (error: LedgerError) => error.code
    )
    assert.is(code, 'HOME_LOCKED')
    child.kill('SIGKILL')
    await once(child, 'exit')
    await (await lockHome(home)).release()
  }))

test('damage to the files of the lock does not lock a home for ever', () =>
  inDirectory(async (home) => {
    await (await lockHome(home)).release()
    for (const name of readdirSync(join(home, 'lock'))) {
      writeFileSync(join(home, 'lock', name), 'damaged\n')
      await (await lockHome(home)).release()
    }
  }))

test.run()
