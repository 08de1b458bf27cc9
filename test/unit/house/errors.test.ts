import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ERROR_CODES } from '../../../src/base/errors.js'
import type { Breach } from '../../support/source.js'
import { projectRoot, readSources } from '../../support/source.js'
import { suite } from '../../support/suite.js'

interface Entry {
  readonly exit: number
  readonly http: number
  readonly meaning: string
}

/** Differences between the registry of codes and the tables of docs/errors.md, in which order matters too. */
function docBreaches(registry: Readonly<Record<string, Entry>>, text: string): Breach[] {
  const rows = Array.from(text.matchAll(/^\| `(\w+)` \| (\d+) \| (\d+) \| (.*) \|$/gm), (match) =>
    match.slice(1).join(' | ')
  )
  const codes = Object.entries(registry).map(
    ([code, { exit, http, meaning }]) => `${code} | ${exit} | ${http} | ${meaning}`
  )
  const tableLines = text.split('\n').filter((line) => line.startsWith('|')).length
  const heads = text.match(/^\| Code \|/gm)?.length ?? 0
  return [
    ...codes.filter((row) => !rows.includes(row)).map((row) => `not documented: ${row}`),
    ...rows.filter((row) => !codes.includes(row)).map((row) => `not in the registry: ${row}`),
    ...(new Set(rows).size === rows.length ? [] : ['documented twice']),
    ...(rows.length === codes.length && rows.join('\n') !== codes.join('\n') ? ['documented in another order'] : []),
    ...(tableLines === rows.length + heads * 2 ? [] : ['a row of the tables cannot be read'])
  ]
}

/** Codes in capitals that a file names as one of ours: first argument of LedgerError or refuse, or a `code:`. */
function unknownCodes(registry: Readonly<Record<string, Entry>>, path: string, text: string): Breach[] {
  const named = text.matchAll(/(?:new LedgerError|\brefuse)\(\s*'([A-Z_]+)'/g)
  return Array.from(named, (match) => match[1]!)
    .filter((code) => !(code in registry))
    .map((code) => `${path}: ${code} is not in the registry`)
}

const test = suite('docs/errors.md')

test('lists exactly the codes of src/base/errors.ts', () => {
  const breaches = docBreaches(ERROR_CODES, readFileSync(join(projectRoot, 'docs/errors.md'), 'utf8'))
  assert.is(breaches.length, 0, breaches.join('\n'))
})

test('the code names no other', () => {
  const breaches = readSources('src', ['.ts']).flatMap(({ path, text }) => unknownCodes(ERROR_CODES, path, text))
  assert.is(breaches.length, 0, breaches.join('\n'))
})

test('every entry has an exit code of the contract, a status of HTTP and one sentence', () => {
  for (const [code, { exit, http, meaning }] of Object.entries(ERROR_CODES)) {
    assert.ok(exit >= 1 && exit <= 7, `${code}: exit ${exit}`)
    assert.ok(http >= 400 && http <= 599, `${code}: status ${http}`)
    assert.match(meaning, /^[A-Z][^|]*\.$/, code)
  }
})

const registry = {
  ONE: { exit: 1, http: 500, meaning: 'The first.' },
  TWO: { exit: 2, http: 400, meaning: 'The second.' }
}
const head = '| Code | Exit | HTTP | Meaning |\n| --- | --- | --- | --- |\n'
const first = '| `ONE` | 1 | 500 | The first. |\n'
const second = '| `TWO` | 2 | 400 | The second. |\n'

const documents: [name: string, text: string, says: string | undefined][] = [
  ['one table', head + first + second, undefined],
  ['two tables', `${head}${first}\nWords.\n\n${head}${second}`, undefined],
  ['a missing code', head + first, 'not documented: TWO'],
  ['a code too many', `${head}${first}${second}| \`THREE\` | 1 | 500 | The third. |\n`, 'not in the registry: THREE'],
  ['another meaning', head + first + second.replace('second', 'other'), 'not documented: TWO'],
  ['another exit code', head + first + second.replace('2', '3'), 'not in the registry: TWO | 3'],
  ['another status', head + first + second.replace('400', '404'), 'not in the registry: TWO | 2 | 404'],
  ['another order', head + second + first, 'another order'],
  ['a code listed twice', head + first + second + first, 'documented twice'],
  ['a broken row', `${head}${first}${second}| THREE | 1 |\n`, 'cannot be read']
]

for (const [name, text, says] of documents) {
  test(`the check ${says === undefined ? 'allows' : 'finds'} ${name}`, () => {
    const breaches = docBreaches(registry, text).join('\n')
    if (says === undefined) assert.is(breaches, '')
    else assert.ok(breaches.includes(says), breaches)
  })
}

test('the check finds a code that is not in the registry', () => {
  assert.equal(unknownCodes(registry, 'a.ts', `throw new LedgerError('ONE', x)\nrefuse(\n  'THREE', x)`), [
    'a.ts: THREE is not in the registry'
  ])
})

test.run()
