import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { BUGS } from '../../../scripts/planted/bugs.js'
import { countOf } from '../../../scripts/planted/planted-bug.js'
import { projectRoot } from '../../support/source.js'
import { suite } from '../../support/suite.js'

/** How many there are at least, and of how many at least only the simulator tells. */
const BUGS_MIN = 24
const ONLY_SIMULATOR_MIN = 5

const test = suite('the list of planted bugs')

const textOf = (file: string): string => readFileSync(join(projectRoot, file), 'utf8')

test('every text that a bug changes stands in its file exactly once', () => {
  const wrong = BUGS.flatMap(({ name, edits }) =>
    edits.flatMap(({ file, find }) => {
      const count = countOf(textOf(file), find)
      return count === 1 ? [] : [`${name}: ${count} times in ${file}: ${find}`]
    })
  )
  assert.equal(wrong, [], 'the source has changed: bring scripts/planted up to date')
})

test('every edit changes something of src/, and two of one bug do not get in the way of each other', () => {
  for (const { name, edits } of BUGS) {
    assert.ok(edits.length > 0, name)
    for (const { file, find, replace } of edits) {
      assert.ok(file.startsWith('src/'), name)
      assert.is.not(find, replace, name)
      const others = edits.filter((edit) => edit.file === file && edit.find !== find)
      for (const other of others) assert.not.ok(find.includes(other.find), name)
    }
  }
})

test('every bug has a name of its own, and checks that exist', () => {
  assert.is(new Set(BUGS.map(({ name }) => name)).size, BUGS.length)
  for (const { name, checks } of BUGS) {
    assert.ok(checks.length > 0, name)
    for (const check of checks) {
      if (check.kind === 'test') assert.ok(existsSync(join(projectRoot, check.file)), `${name}: ${check.file}`)
      else assert.ok(check.seeds > 0, name)
    }
  }
})

test('there are enough of them, and some of which only the simulator tells', () => {
  assert.ok(BUGS.length >= BUGS_MIN)
  const only = BUGS.filter(({ onlySimulator }) => onlySimulator)
  assert.ok(only.length >= ONLY_SIMULATOR_MIN, `${only.length}`)
  for (const { name, checks } of only)
    assert.ok(
      checks.every(({ kind }) => kind === 'seeds'),
      name
    )
})

test.run()
