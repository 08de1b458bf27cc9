import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { silentLogger } from '../../../src/node/log.js'
import { type OpenedLogs, openLogs } from '../../../src/node/open-logs.js'
import { FILE_BYTES_MAX } from '../../../src/node/store/append-file.js'
import { createGuard, openGuard } from '../../../src/node/store/sign-guard.js'
import { createWriteAheadLog, openWriteAheadLog } from '../../../src/node/store/write-ahead-log.js'
import { suite } from '../../support/suite.js'
import { GENESIS, inDirectory } from './store/chain-maker.js'

const test = suite('sign guard and write-ahead log, opened together', { timeoutMs: 30_000 })

const OWNER = { genesis: GENESIS, key: '12D3KooWOwner' }
const HEIGHT = 5
const CUT_OFF =
  /^LOG_DAMAGED: .*\/log lacks its end or its beginning: the sign guard knows of more; .*put the file back/

interface Paths {
  readonly guardPath: string
  readonly logPath: string
}

/** What a node left behind that voted in two rounds of a height, and then heard some more. */
interface Left {
  /** Bytes of the log's only segment at which an entry ends, those behind the newest vote apart. */
  readonly before: readonly number[]
  readonly after: readonly number[]
}

function inHome(work: (paths: Paths) => Promise<void>): () => Promise<void> {
  return () =>
    inDirectory((directory) => work({ guardPath: join(directory, 'sign-guard'), logPath: join(directory, 'log') }))
}

const segment = ({ logPath }: Paths, number = 1): string => join(logPath, `${String(number).padStart(10, '0')}.log`)

async function found({ guardPath, logPath }: Paths): Promise<void> {
  await (await createGuard(guardPath, OWNER)).close()
  await (await createWriteAheadLog({ path: logPath, genesis: GENESIS })).close()
}

async function vote({ guardPath, logPath }: Paths, segmentBytes?: number): Promise<Left> {
  const bytes = segmentBytes === undefined ? {} : { segmentBytes }
  const { log } = await openWriteAheadLog({ path: logPath, genesis: GENESIS, ...bytes }, HEIGHT)
  const guard = await openGuard(guardPath, OWNER)
  const ends: number[] = [log.stretch.to % FILE_BYTES_MAX]
  function hear(count: number): void {
    for (let i = 0; i < count; i++) {
      log.append(HEIGHT, `heard ${i}`)
      ends.push(log.stretch.to % FILE_BYTES_MAX)
    }
  }
  for (const round of [0, 1]) {
    hear(4)
    const stretch = await log.sync()
    // This may be in the file already, and is none of what the vote rests on.
    if (round === 1) hear(2)
    const position = { epoch: 0, incarnation: 0, height: HEIGHT, round, step: 'precommit' } as const
    guard.guardVote(position, `vote ${round}`, (message) => `signed ${message}`, stretch)
    await guard.sync()
  }
  await log.sync()
  await log.close()
  await guard.close()
  return { before: ends.slice(0, 8), after: ends.slice(8) }
}

interface Asked {
  readonly canRejoin?: boolean
  readonly fromHeight?: number
}

/** Opens both, closes them again, and says how they were found. */
async function openedAs(paths: Paths, { canRejoin = true, fromHeight = HEIGHT }: Asked = {}): Promise<string> {
  let opened: OpenedLogs
  try {
    opened = await openLogs({ ...paths, owner: OWNER, fromHeight, canRejoin, log: silentLogger })
  } catch (error) {
    assert.ok(error instanceof LedgerError)
    return `${error.code}: ${error.message}`
  }
  const { guard, wal, entries } = opened
  await wal.close()
  await guard.close()
  return `${guard.whole ? 'whole' : 'lost'}, ${entries.length} entries`
}

const asides = ({ guardPath }: Paths): string[] =>
  readdirSync(join(guardPath, '..')).filter((name) => name.includes('.lost-'))

test(
  'as they were left, they are whole',
  inHome(async (paths) => {
    await found(paths)
    assert.is(await openedAs(paths), 'whole, 0 entries')
    await vote(paths)
    assert.is(await openedAs(paths, { canRejoin: false }), 'whole, 10 entries')
  })
)

test('a log cut at the end of an entry that led to the newest vote is lost, and both begin anew', async () => {
  for (let index = 0; index < 8; index++) {
    await inHome(async (paths) => {
      await found(paths)
      const { before } = await vote(paths)
      truncateSync(segment(paths), before[index])
      const alone = await openedAs(paths, { canRejoin: false })
      assert.match(alone, CUT_OFF, `after ${index} entries`)
      assert.is(await openedAs(paths), 'lost, 0 entries')
      assert.is(asides(paths).length, 2, 'both are kept aside')
      assert.is(await openedAs(paths), 'lost, 0 entries', 'and at the next start too')
    })()
  }
})

test('what came after the newest vote may be missing: nothing was signed for it', async () => {
  for (const index of [0, 1, 2]) {
    await inHome(async (paths) => {
      await found(paths)
      const { after } = await vote(paths)
      truncateSync(segment(paths), after[index])
      assert.is(await openedAs(paths), `whole, ${8 + index} entries`)
    })()
  }
})

test(
  'a log of the time before the newest vote, put back, is lost too',
  inHome(async (paths) => {
    await found(paths)
    rmSync(paths.logPath, { recursive: true })
    await (await createWriteAheadLog({ path: paths.logPath, genesis: GENESIS })).close()
    assert.is(await openedAs(paths), 'whole, 0 entries', 'nothing was signed yet')
    await vote(paths)
    rmSync(paths.logPath, { recursive: true })
    await (await createWriteAheadLog({ path: paths.logPath, genesis: GENESIS })).close()
    assert.is(await openedAs(paths), 'lost, 0 entries')
  })
)

test(
  'of a height that is committed the log is no longer needed',
  inHome(async (paths) => {
    await found(paths)
    const { before } = await vote(paths)
    truncateSync(segment(paths), before[2])
    const fromHeight = HEIGHT + 1
    assert.is(await openedAs(paths, { fromHeight, canRejoin: false }), 'whole, 0 entries')
  })
)

test(
  'missing first segments are noticed as well, and missing last ones',
  inHome(async (paths) => {
    await found(paths)
    await vote(paths, 150)
    const segments = readdirSync(paths.logPath).sort()
    assert.ok(segments.length >= 3, segments.join(' '))
    assert.is(await openedAs(paths), 'whole, 10 entries')
    // The very last ones hold only what came after the vote.
    for (const gone of [segments.slice(0, 1), segments.slice(1)]) {
      const kept = gone.map((name) => readFileSync(join(paths.logPath, name)))
      for (const name of gone) rmSync(join(paths.logPath, name))
      assert.match(await openedAs(paths, { canRejoin: false }), CUT_OFF, gone.join(' '))
      for (const [index, name] of gone.entries()) writeFileSync(join(paths.logPath, name), kept[index]!)
    }
    assert.is(await openedAs(paths), 'whole, 10 entries')
  })
)

test(
  'a crash between the two syncs leaves a log that knows more, and both are whole',
  inHome(async (paths) => {
    await found(paths)
    await vote(paths)
    const { log } = await openWriteAheadLog({ path: paths.logPath, genesis: GENESIS }, HEIGHT)
    log.append(HEIGHT, 'led to a vote that the guard never heard of')
    await log.sync()
    await log.close()
    assert.is(await openedAs(paths), 'whole, 11 entries')
  })
)

test(
  'a torn end of the log, which was never synced, is cut off and both are whole',
  inHome(async (paths) => {
    await found(paths)
    const { after } = await vote(paths)
    truncateSync(segment(paths), after[1]! + 3)
    assert.is(await openedAs(paths), 'whole, 9 entries')
  })
)

test(
  'a guard of an earlier version names no place in the log, and is taken as it is',
  inHome(async (paths) => {
    await found(paths)
    const guard = await openGuard(paths.guardPath, OWNER)
    const position = { epoch: 0, incarnation: 0, height: HEIGHT, round: 0, step: 'prevote' } as const
    guard.guardVote(position, 'vote', (message) => `signed ${message}`)
    await guard.sync()
    await guard.close()
    assert.is(await openedAs(paths), 'whole, 0 entries')
  })
)

test.run()
