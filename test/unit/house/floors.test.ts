import * as assert from 'uvu/assert'
import { readSources } from '../../support/source.js'
import { suite } from '../../support/suite.js'
import { floorBreaches } from './floor-rules.js'

const test = suite('the floors of the house')

test('the house keeps them', () => {
  const files = readSources('src', ['.ts', '.js', '.mts', '.cts'])
  assert.ok(files.length > 0, 'no file was read')
  const breaches = floorBreaches(files)
  assert.is(breaches.length, 0, breaches.join('\n'))
})

const allowed: [name: string, path: string, text: string][] = [
  ['a lower floor', 'src/ledger/a.ts', `import { b } from '../base/b.js'`],
  ['the same floor', 'src/ledger/a.ts', `import { b } from './b.js'`],
  [
    'the top floor may use all',
    'src/cli/a.ts',
    `import type { b } from '../api/b.js'\nimport { c } from '../node/x/c.js'`
  ],
  ['node:* above the pure floors', 'src/node/a.ts', `import fs from 'node:fs'\nawait import('node:net')`],
  ['node:crypto in its one file', 'src/base/crypto-node.ts', `import c from 'node:crypto'\nBuffer.from(x)`],
  ['a listed package and its parts', 'src/base/a.ts', `import { ed25519 } from '@noble/curves/ed25519.js'`],
  ['a listed scope', 'src/node/a.ts', `import { tcp } from '@libp2p/tcp'`],
  ['impure words in comments and strings', 'src/base/a.ts', `// async Date\nconst a = 'Date' + \`await\` // Promise`],
  ['impure words as properties', 'src/base/a.ts', `const a = b.process + { process: 1, Date: 2 }.Date`],
  ['impure words within words', 'src/base/a.ts', 'const updateDate = asyncLike(toDate, processed, dataBuffer)'],
  ['exact arithmetic', 'src/base/a.ts', 'Math.floor(Math.max(a, Math.abs(b)))']
]

for (const [name, path, text] of allowed) {
  test(`allows ${name}`, () => assert.equal(floorBreaches([{ path, text }]), []))
}

const forbidden: [name: string, path: string, text: string, says: string][] = [
  ['an import upwards', 'src/base/a.ts', `import { b } from '../ledger/b.js'`, 'ledger is above base'],
  [
    'a type import upwards',
    'src/ledger/a.ts',
    `\nimport type { b } from '../node/b.js'`,
    'a.ts:2: imports ../node/b.js'
  ],
  ['a re-export upwards', 'src/node/a.ts', `export * from '../api/b.js'`, 'api is above node'],
  ['a dynamic import upwards', 'src/api/a.ts', `const b = await import('../cli/b.js')`, 'cli is above api'],
  ['an import for its effects upwards', 'src/consensus/a.ts', `import '../node/b.js'`, 'node is above consensus'],
  ['a way out of src', 'src/node/a.ts', `import { b } from '../../test/b.js'`, 'out of the house'],
  ['a computed import', 'src/node/a.ts', 'await import(name)', 'a computed name'],
  ['a file on no floor', 'src/shared/a.ts', '', 'stands on no floor'],
  ['a file beside the floors', 'src/a.ts', '', 'stands on no floor'],
  ['node:* on a pure floor', 'src/ledger/a.ts', `import { join } from 'node:path'`, 'ledger is a pure floor'],
  ['node:crypto in another file', 'src/base/hash.ts', `import { hash } from 'node:crypto'`, 'base is a pure floor'],
  ['node:fs in the crypto file', 'src/base/crypto-node.ts', `import fs from 'node:fs'`, 'base is a pure floor'],
  ['an unlisted package', 'src/consensus/a.ts', `import x from 'yaml'`, 'not among the packages of consensus'],
  ['a package that only begins alike', 'src/ledger/a.ts', `import x from 'yaml-extra'`, 'not among the packages'],
  ['a built-in module without node:', 'src/node/a.ts', `import fs from 'fs'`, 'not among the packages of node']
]

const impure = [
  'async () => 1',
  'await x',
  'new Promise(x)',
  'Promise.resolve()',
  'queueMicrotask(x)',
  'Date.now()',
  'new Date(0)',
  'performance.now()',
  'setTimeout(x)',
  'setInterval(x)',
  'setImmediate(x)',
  'process.env',
  'globalThis.x',
  'crypto.randomUUID()',
  'fetch(x)',
  'console.log(1)',
  `require('x')`,
  `eval('x')`,
  'new Function(x)',
  'Buffer.from(x)',
  'new Intl.Collator()',
  'x.toLocaleString()',
  'x?.toLocaleUpperCase()',
  'x.localeCompare(y)',
  'Math.random()',
  'Math.pow(2, 0.5)',
  'Math.log2(x)',
  'new WeakRef(x)',
  'import.meta.url',
  'x ? process : y'
]

for (const [name, path, text, says] of forbidden) {
  test(`finds ${name}`, () => {
    const breaches = floorBreaches([{ path, text }])
    assert.is(breaches.length, 1, breaches.join('\n'))
    assert.ok(breaches[0]!.includes(says), breaches[0])
  })
}

for (const expression of impure) {
  test(`finds ${expression} on every pure floor and leaves it to the others`, () => {
    const text = `const a = 1\nconst b = ${expression}`
    for (const floor of ['base', 'ledger', 'consensus']) {
      const breaches = floorBreaches([{ path: `src/${floor}/a.ts`, text }])
      assert.ok(breaches.length > 0, `${floor} lets it pass`)
      assert.match(breaches[0]!, `src/${floor}/a.ts:2: `)
    }
    const above = floorBreaches([{ path: 'src/node/a.ts', text }])
    assert.equal(
      above.filter((breach) => breach.includes('names ')),
      []
    )
  })
}

test.run()
