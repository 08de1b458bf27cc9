import { copyFileSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { LedgerError } from '../../../../src/base/errors.js'
import { createCompactFile, openCompactFile } from '../../../../src/node/store/compact-file.js'
import { suite } from '../../../support/suite.js'
import { inDirectory } from './chain-maker.js'

const test = suite('compact file')

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A file of which only the last `kept` records count. */
function keeper(path: string, kept: number) {
  const memory: string[] = []
  const note = (text: string): void => {
    memory.push(text)
    if (memory.length > kept) memory.shift()
  }
  return { memory, note, options: { path, head: 'mine', survivors: () => memory, compactBytes: 2000 } }
}

test('it is written anew when it grows, and nothing appended meanwhile is lost', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'file')
    const { memory, note, options } = keeper(path, 80)
    const file = await createCompactFile(options)
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 60; i++) {
        note(`record ${round}/${i}`)
        file.append(`record ${round}/${i}`)
        // Spread over all that writing anew takes.
        await turns(30)
      }
      await file.sync()
      const copy = join(directory, 'copy')
      copyFileSync(path, copy)
      const found = keeper(copy, 80)
      await (await openCompactFile(found.options, found.note)).close()
      assert.equal(found.memory, memory)
    }
    await file.close()
    assert.ok(statSync(path).size < 8000, `${statSync(path).size} bytes`)
    assert.not(existsSync(`${path}.new`))
  }))

test('syncs that wait while it is written anew resolve', () =>
  inDirectory(async (directory) => {
    const { note, options } = keeper(join(directory, 'file'), 3)
    const file = await createCompactFile(options)
    const syncs: Promise<void>[] = []
    for (let i = 0; i < 500; i++) {
      note(`record ${i}`)
      file.append(`record ${i}`)
      syncs.push(file.sync(), file.sync())
      if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(syncs)
    await file.close()
  }))

test('what a crash left of writing it anew is forgotten', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'file')
    const { options } = keeper(path, 3)
    const file = await createCompactFile(options)
    file.append('kept')
    await file.close()
    writeFileSync(`${path}.new`, 'half written')
    const again = keeper(path, 3)
    await (await openCompactFile(again.options, again.note)).close()
    assert.equal(again.memory, ['kept'])
    assert.not(existsSync(`${path}.new`))
  }))

test('a file with another head is refused', () =>
  inDirectory(async (directory) => {
    const { options } = keeper(join(directory, 'file'), 3)
    await (await createCompactFile(options)).close()
    const code = await openCompactFile({ ...options, head: 'yours' }, () => {}).then(
      () => 'opened',
      (error: LedgerError) => error.code
    )
    assert.is(code, 'LOG_DAMAGED')
  }))

test.run()
