import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { projectRoot, readSources } from '../../support/source.js'
import { suite } from '../../support/suite.js'
import { entriesOf, LINES_MAX, TEST_LINES_MAX, tidyBreaches, unreachedBreaches } from './tidy-rules.js'

const test = suite('a tidy house')

test('the house is tidy', () => {
  const files = ['src', 'test', 'scripts', 'bin'].flatMap((directory) => readSources(directory, ['.ts', '.js']))
  assert.ok(files.length > 0, 'no file was read')
  const breaches = tidyBreaches(files)
  assert.is(breaches.length, 0, breaches.join('\n'))
})

test('every file of src is reached from a program', () => {
  const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'))
  const entries = entriesOf(readSources('bin', ['.js']), manifest)
  assert.ok(entries.includes('src/cli/ledger.ts') && entries.includes('src/cli/ledger-node.ts'), entries.join(' '))
  const breaches = unreachedBreaches(readSources('src', ['.ts']), entries)
  assert.is(breaches.length, 0, breaches.join('\n'))
})

const undone = ['TO', 'DO'].join('')

const untidy: [name: string, path: string, text: string, says: string][] = [
  ['a file that is too long', 'src/base/a.ts', 'const a = 1\n'.repeat(LINES_MAX + 1), `has ${LINES_MAX + 1} lines`],
  ['a test that is too long', 'test/unit/a.test.ts', 'const a = 1\n'.repeat(TEST_LINES_MAX + 1), 'more than'],
  ['a name that says nothing', 'src/base/utils.ts', 'const a = 1', `'utils' says nothing`],
  ['a folder that says nothing', 'src/node/common/a.ts', 'const a = 1', `'common' says nothing`],
  ['the name of a barrel', 'src/node/index.ts', 'const a = 1', `'index' says nothing`],
  ['a name with more endings', 'test/unit/helper.test.ts', 'const a = 1', `'helper' says nothing`],
  ['a barrel of stars', 'src/node/all.ts', `export * from './a.js'\nexport * as b from './b.js'\n`, 'only re-exports'],
  [
    'a barrel of names',
    'src/node/all.ts',
    `// All\nexport {\n  a\n} from './a.js'\nexport type { b } from './b.js'`,
    'only re-'
  ],
  ['work not done', 'src/base/a.ts', `const a = 1\n// ${undone}: more`, `a.ts:2: work not done`],
  ['white space at the end', 'src/base/a.ts', 'const a = 1 \nconst b = 2', 'a.ts:1: white space'],
  ['the environment below cli', 'src/node/a.ts', 'const a = process.env.HOME', 'only src/cli'],
  ['the environment taken apart', 'src/node/a.ts', 'const { env } = process', 'only src/cli'],
  ['uvu without the wrapper', 'test/unit/a.test.ts', `import { suite } from 'uvu'`, 'imports uvu itself'],
  ['a test that silences the others', 'test/unit/a.test.ts', `test.only('a', () => {})`, 'keeps the other tests']
]

for (const [name, path, text, says] of untidy) {
  test(`finds ${name}`, () => {
    const breaches = tidyBreaches([{ path, text }])
    assert.is(breaches.length, 1, breaches.join('\n'))
    assert.ok(breaches[0]!.includes(says), breaches[0])
  })
}

const tidy: [name: string, path: string, text: string][] = [
  ['a file of full length', 'src/base/a.ts', 'const a = 1\n'.repeat(LINES_MAX)],
  ['a test of full length', 'test/unit/a.test.ts', 'const a = 1\n'.repeat(TEST_LINES_MAX)],
  ['a re-export beside code', 'src/base/a.ts', `export { b } from './b.js'\nexport const a = 1`],
  ['a face before one other file', 'src/base/a.ts', `/** Says what it is. */\nexport * from './b.js'`],
  ['the environment in cli', 'src/cli/a.ts', 'const a = process.env.HOME'],
  ['the environment in a comment', 'src/node/a.ts', '// not process.env\nconst a = 1'],
  ['names that contain an empty one', 'src/base/library-index.ts', 'const a = 1'],
  ['the assertions of uvu', 'test/unit/a.test.ts', `import * as assert from 'uvu/assert'`]
]

for (const [name, path, text] of tidy) {
  test(`allows ${name}`, () => assert.equal(tidyBreaches([{ path, text }]), []))
}

test('finds a file that no program reaches, also when files import each other', () => {
  const files = [
    { path: 'src/cli/a.ts', text: `import { b } from '../node/b.js'` },
    { path: 'src/node/b.ts', text: `export { c } from './deep/c.js'` },
    { path: 'src/node/deep/c.ts', text: '' },
    { path: 'src/node/d.ts', text: `import './e.js'` },
    { path: 'src/node/e.ts', text: `import './d.js'` }
  ]
  assert.equal(unreachedBreaches(files, ['src/cli/a.ts']), [
    'src/node/d.ts: no program reaches it',
    'src/node/e.ts: no program reaches it'
  ])
})

test('finds an entry that does not exist', () => {
  assert.equal(unreachedBreaches([], ['src/cli/a.ts']), ['src/cli/a.ts: is an entry and does not exist'])
})

test('entries are what bin/ loads and what browsers get instead', () => {
  const bins = [{ path: 'bin/a.js', text: `await import('../dist/cli/a.js')` }]
  const entries = entriesOf(bins, { browser: { './dist/base/x.js': './dist/base/y.js' } })
  assert.equal(entries, ['src/cli/a.ts', 'src/base/y.ts'])
})

test.run()
