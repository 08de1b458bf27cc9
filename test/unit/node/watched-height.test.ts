import * as assert from 'uvu/assert'
import type { LogEntry } from '../../../src/consensus/types.js'
import type { BlockContents } from '../../../src/node/block-contents.js'
import { encodeItem } from '../../../src/node/consensus-log.js'
import { createLoggedHeights } from '../../../src/node/logged-heights.js'
import { createWatchedHeight } from '../../../src/node/watched-height.js'
import { suite } from '../../support/suite.js'

const test = suite('a height that is watched before it is taken part in')

const HEIGHT = 5

function timeout(round: number): LogEntry {
  return { type: 'timeout', kind: 'propose', height: HEIGHT, round }
}

const valid: LogEntry = { type: 'block-checked', height: HEIGHT, round: 0, block: 'x', result: { type: 'valid' } }

/** A log in memory, and what it brings back of the height. */
function logOf(...before: LogEntry[]) {
  const entries = before.map((entry) => ({ height: HEIGHT, text: encodeItem({ kind: 'input', entry }) }))
  const restored: string[] = []
  const contents = {
    candidateOf: () => null,
    restore: (hash: string) => restored.push(hash)
  } as unknown as BlockContents
  return {
    append: (height: number, text: string) => void entries.push({ height, text }),
    /** What a node writes that sees an input. */
    sees(entry: LogEntry): LogEntry {
      entries.push({ height: HEIGHT, text: encodeItem({ kind: 'input', entry }) })
      return entry
    },
    restored,
    again() {
      const heights = createLoggedHeights(contents)
      heights.read(entries)
      heights.restoreBlocks(HEIGHT)
      return heights
    }
  }
}

/** The height, taken up by a node that knows what it signed at it. */
function watch(log: ReturnType<typeof logOf>) {
  const watched = createWatchedHeight(log, log.again(), { remembers: () => true })
  watched.resume(HEIGHT)
  return watched
}

test('seen from the log on, it goes on in the log as it is', () => {
  const log = logOf(timeout(0))
  const watched = watch(log)
  watched.saw(log.sees(timeout(1)))
  assert.equal(watched.end(HEIGHT), [timeout(0), timeout(1)])
  log.sees(timeout(2))
  assert.equal(log.again().inputs(HEIGHT), [timeout(0), timeout(1), timeout(2)])
})

test('what was left out of the log is void from then on, and the log brings back just what was seen', () => {
  const log = logOf(timeout(7), valid)
  const block = { kind: 'block', hash: 'x', block: { header: '', batches: [] } } as const
  log.append(HEIGHT, encodeItem(block))
  assert.not(log.again().isExplained(HEIGHT))
  const watched = watch(log)
  watched.saw(log.sees(timeout(1)))
  assert.equal(watched.end(HEIGHT), [timeout(1)])
  log.sees(timeout(2))
  const again = log.again()
  assert.equal(again.inputs(HEIGHT), [timeout(1), timeout(2)])
  assert.ok(again.isExplained(HEIGHT))
  assert.equal(log.restored.at(-1), 'x', 'contents of blocks stay')
})

test('of a height that is over nothing is left', () => {
  const log = logOf(timeout(0), valid)
  const watched = watch(log)
  watched.saw(timeout(1))
  watched.clear()
  assert.equal(watched.end(HEIGHT + 1), [])
  assert.not(log.again().has(HEIGHT + 1))
})

test.run()
