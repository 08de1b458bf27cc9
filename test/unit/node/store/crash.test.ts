import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { openGuard } from '../../../../src/node/store/sign-guard.js'
import { openStore } from '../../../../src/node/store/store.js'
import { openWriteAheadLog } from '../../../../src/node/store/write-ahead-log.js'
import { suite } from '../../../support/suite.js'
import { blockHashOf, bodyOf, GENESIS, inDirectory } from './chain-maker.js'

const test = suite('crash', { timeoutMs: 60_000 })

const WRITER = new URL('./crash-writer.ts', import.meta.url).pathname
const COUNT = 20
const KILLS = 8

interface Said {
  opened: number
  stored: number
  logged: number
  signed: number
  committed: number
  failed: string | null
  /** What came of further work after that. */
  afterwards: string[]
  closed: boolean
}

/** A writer, and what it said so far. */
function startWriter(directory: string, heightMax: number, shellPrefix = ''): { child: ChildProcess; said: Said } {
  const command = `${shellPrefix} exec "$0" --import tsx "$@"`
  const child = spawn('sh', ['-c', command, process.execPath, WRITER, directory, String(heightMax)], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const said: Said = {
    opened: 0,
    stored: 0,
    logged: 0,
    signed: 0,
    committed: 0,
    failed: null,
    afterwards: [],
    closed: false
  }
  let rest = ''
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) note(said, line)
  })
  return { child, said }
}

function note(said: Said, line: string): void {
  const [what, value] = line.split(' ')
  if (what === 'failed') said.failed = value!
  else if (what === 'then') said.afterwards.push(value!)
  else if (what === 'closed') said.closed = true
  else said[what as 'opened' | 'stored' | 'logged' | 'signed' | 'committed'] = Number(value)
}

/** Everything that the writer said is durable is there, and whole. */
async function checkSurvivors(directory: string, said: Said): Promise<void> {
  const store = await openStore({ path: join(directory, 'store'), genesis: GENESIS })
  try {
    const height = store.head?.height ?? 0
    assert.ok(height >= said.committed, `committed ${said.committed}, found ${height}`)
    assert.ok(height <= said.committed + 1)
    if (said.stored > 0) assert.is(store.readBatch(bodyOf(said.stored, COUNT).hash), bodyOf(said.stored, COUNT).text)
    if (said.stored > height)
      assert.equal(store.outbox(), [{ sequence: said.stored - 1, hash: bodyOf(said.stored, COUNT).hash }])
    for (let at = 1; at <= height; at++) {
      assert.is(store.block(at)?.hash, blockHashOf(at))
      assert.is(store.readBatch(bodyOf(at, COUNT).hash), bodyOf(at, COUNT).text)
    }
    if (height > 0) assert.is(store.state.get('s:p1')?.text, `0 ${height}`)
    const problems: string[] = []
    await store.checkWhole((what) => problems.push(what))
    assert.equal(problems, [])
    await checkLogs(directory, height, said)
  } finally {
    await store.close()
  }
}

async function checkLogs(directory: string, height: number, said: Said): Promise<void> {
  const { log, entries } = await openWriteAheadLog({ path: join(directory, 'log'), genesis: GENESIS }, height + 1)
  await log.close()
  if (said.logged > height) assert.is(entries[0]?.height, said.logged)
  const guard = await openGuard(join(directory, 'guard'), { genesis: GENESIS, key: 'p1' })
  await guard.close()
  assert.ok(guard.whole, guard.fault?.message)
  const signed = guard.lastVote?.position.height ?? 0
  assert.ok(signed >= said.signed && signed <= said.signed + 1, `signed ${said.signed}, found ${signed}`)
}

test('a process killed at any time loses nothing that it said was durable', () =>
  inDirectory(async (directory) => {
    let height = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, said } = startWriter(directory, 1_000_000)
      while (said.opened === 0 && said.committed === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      // Different moments of a block's way each time.
      await new Promise((resolve) => setTimeout(resolve, 30 + kill * 17.3))
      child.kill('SIGKILL')
      await once(child, 'close')
      said.committed = Math.max(said.committed, said.opened)
      assert.is(said.failed, null)
      assert.ok(said.opened >= height, 'it goes on from where it was killed')
      height = said.committed
      await checkSurvivors(directory, said)
    }
    assert.ok(height > KILLS, `${height} blocks were committed`)
  }))

test('a disk that takes no more stops the writer, and all it said was durable is there', () =>
  inDirectory(async (directory) => {
    // Files may grow to some hundred KiB: the log of the database reaches that first.
    const { child, said } = startWriter(directory, 1_000_000, 'ulimit -f 600 &&')
    await once(child, 'close')
    assert.is(said.failed, 'DISK_FULL')
    assert.equal(said.afterwards, ['DISK_FULL', 'DISK_FULL', 'DISK_FULL'], 'nothing goes on after a failed write')
    assert.ok(said.committed > 5, `${said.committed} blocks before that`)
    await checkSurvivors(directory, said)
    const more = startWriter(directory, said.committed + 5)
    await once(more.child, 'close')
    assert.ok(more.said.closed, 'with room again it goes on')
    await checkSurvivors(directory, more.said)
  }))

test.run()
