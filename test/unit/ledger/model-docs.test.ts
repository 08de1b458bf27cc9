import { readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { readNetworkFile } from '../../../src/ledger/network-file.js'
import { RULE_COST_MAX } from '../../../src/ledger/rule-cost.js'
import { FUNCTION_NAMES } from '../../../src/ledger/rule-functions.js'
import { RULE_ENGINE } from '../../../src/ledger/rules.js'
import { SCHEMA_ENGINE } from '../../../src/ledger/schema.js'
import { FOREIGN_KEYWORDS, KEYWORDS, NOTE_KEYWORDS } from '../../../src/ledger/schema-keywords.js'
import { SCHEMA_NODES_MAX } from '../../../src/ledger/schema-read.js'
import { suite } from '../../support/suite.js'

const test = suite('the model and its documentation')

const read = (name: string): string => readFileSync(`docs/${name}.md`, 'utf8')

test('the example of network-file.md is a good network file', () => {
  const example = /```yaml\n(format: 1[\s\S]*?)```/.exec(read('network-file'))?.[1]
  const result = readNetworkFile(example ?? '', 'docs/network-file.md')
  assert.ok(result.ok)
  assert.equal(result.ok && result.warnings, [])
})

test('rules.md describes every function', () => {
  const text = read('rules')
  for (const name of FUNCTION_NAMES) assert.ok(new RegExp(`\`[^\`]*\\b${name}\\(`).test(text), name)
  assert.ok(text.includes(`\`${RULE_ENGINE}\``))
  assert.ok(text.includes(RULE_COST_MAX.toLocaleString('en-US')))
})

test('schema.md lists every type with its keywords, and no others', () => {
  const text = read('schema')
  const rows = new Map(
    Array.from(text.matchAll(/^\| `(\w+)` \| .*? \| (.*) \|$/gm), ([, type, keywords]) => [type!, keywords!])
  )
  for (const [type, keywords] of Object.entries(KEYWORDS)) {
    if (type === 'any') continue
    const listed = Array.from(rows.get(type)?.matchAll(/`(\w+)`/g) ?? [], ([, keyword]) => keyword!)
    assert.equal(listed.sort(), keywords.filter((keyword) => keyword !== 'type').sort(), type)
  }
  for (const keyword of NOTE_KEYWORDS) assert.ok(text.includes(`\`${keyword}\``), keyword)
  for (const keyword of ['allOf', 'patternProperties', '$id']) {
    assert.ok(FOREIGN_KEYWORDS.has(keyword) && text.includes(`\`${keyword}\``), keyword)
  }
  assert.ok(text.includes(`\`${SCHEMA_ENGINE}\``) && text.includes(`${SCHEMA_NODES_MAX} schemas`))
})

test.run()
