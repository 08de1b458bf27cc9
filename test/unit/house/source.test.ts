import * as assert from 'uvu/assert'
import { codeOnly, importsOf, lineAt } from '../../support/source.js'
import { suite } from '../../support/suite.js'

const test = suite('reading source text')

const blanked: [name: string, text: string, code: string][] = [
  ['a line comment', 'a // Date\nb', 'a        \nb'],
  ['a block comment', 'a /* D\n */ b', 'a     \n    b'],
  ['strings', `x = 'Date' + "it's"`, `x = '    ' + "    "`],
  ['an escaped quote', `x = 'a\\'b' + Date`, `x = '    ' + Date`],
  ['a template keeps its expressions', 'x = `a${Date}b`', 'x = ` ${Date} `'],
  ['templates within templates', 'x = `a${f({ y: `b${c}` })}d` + e', 'x = ` ${f({ y: ` ${c}` })} ` + e'],
  ['a regular expression', `x = /['"/]/.test(y) // z`, `x = /     /.test(y)     `],
  ['a division is none', `x = a / b + 'c' / d`, `x = a / b + ' ' / d`],
  ['a regular expression after return', `return /'/.test(x)`, `return / /.test(x)`]
]

for (const [name, text, code] of blanked) {
  test(`code only: ${name}`, () => {
    const got = codeOnly(text)
    assert.is(got, code)
    assert.is(got.length, text.length)
  })
}

test('every kind of import is seen, with its line', () => {
  const text = [
    `import { a } from './a.js'`,
    `import type { b } from "./b.js"`,
    `import './c.js'`,
    `export * from './d.js'`,
    `export {`,
    `  e`,
    `} from './e.js'`,
    `const f = await import('./f.js')`,
    `type G = import('./g.js').G`,
    `const h = require('./h.js')`,
    `const i = import(name)`,
    'const j = import(`./${name}.js`)',
    `// import './k.js'`,
    `const l = "import './l.js'"`,
    `const m = Array.from('./m.js')`
  ].join('\n')
  assert.equal(importsOf(text), [
    { specifier: './a.js', line: 1 },
    { specifier: './b.js', line: 2 },
    { specifier: './c.js', line: 3 },
    { specifier: './d.js', line: 4 },
    { specifier: './e.js', line: 7 },
    { specifier: './f.js', line: 8 },
    { specifier: './g.js', line: 9 },
    { specifier: './h.js', line: 10 },
    { specifier: null, line: 11 },
    { specifier: null, line: 12 }
  ])
})

test('lines count from 1', () => {
  assert.is(lineAt('a\nb\nc', 0), 1)
  assert.is(lineAt('a\nb\nc', 4), 3)
})

test.run()
