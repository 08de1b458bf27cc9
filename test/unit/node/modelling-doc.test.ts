import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ledgerProgram } from '../../../src/cli/ledger/program.js'
import { readNetworkFile } from '../../../src/ledger/network-file.js'
import { runProgram } from '../../support/cli-run.js'
import { projectRoot } from '../../support/source.js'
import { suite } from '../../support/suite.js'
import { appendLines, createTestHome } from '../../support/test-home.js'

const test = suite('docs/modelling.md')

const TEXT = readFileSync(join(projectRoot, 'docs/modelling.md'), 'utf8')

interface Block {
  readonly kind: string
  readonly text: string
}

const BLOCKS: readonly Block[] = [...TEXT.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind = '', text = '']) => ({
  kind,
  text
}))

const FILES = BLOCKS.filter(({ kind }) => kind === 'yaml')

/** The file that stands before a block. */
function fileBefore(block: Block): string {
  const file = BLOCKS.slice(0, BLOCKS.indexOf(block)).findLast(({ kind }) => kind === 'yaml')
  assert.ok(file !== undefined, 'there is a file before it')
  return file!.text
}

FILES.forEach(({ text }, index) => {
  test(`file ${index + 1} is one, without warnings`, () => {
    const read = readNetworkFile(text, 'workshops.yaml')
    assert.ok(read.ok, JSON.stringify(read))
    assert.equal(read.warnings, [])
  })
})

BLOCKS.filter(({ kind }) => kind === 'records').forEach((block, index) => {
  test(`records ${index + 1} are judged as it says`, async () => {
    const home = await createTestHome(fileBefore(block), 'workshop')
    try {
      const node = await home.open()
      for (const line of block.text.trimEnd().split('\n')) {
        const [, object = '', expected, record = ''] = /^(\S+) (\S+) (.*)$/.exec(line) ?? []
        const [outcome] = await appendLines(node, object, [record])
        const told = outcome?.status === 'refused' ? (outcome.rule ?? outcome.code) : outcome?.status
        assert.is(told, expected, `${line}: ${JSON.stringify(outcome)}`)
      }
    } finally {
      await home.remove()
    }
  })
})

test('what ledger rule test prints is what it prints', async () => {
  const block = BLOCKS.find(({ text }) => text.startsWith('$ ledger rule test'))
  assert.ok(block !== undefined)
  const home = await createTestHome(fileBefore(block!), 'workshop')
  try {
    const file = join(home.folder, 'workshops.yaml')
    const { writeFile } = await import('node:fs/promises')
    await writeFile(file, fileBefore(block!))
    const { code, stdout } = await runProgram(ledgerProgram, ['rule', 'test', file])
    assert.equal([code, stdout], [0, block!.text.split('\n').slice(1).join('\n')])
  } finally {
    await home.remove()
  }
})

test('the sentences of the table are rules of the file', () => {
  const sentences = [...TEXT.matchAll(/^\| [^|]+ \| `(.+)` \|$/gm)].map(([, expr = '']) => expr.replaceAll('\\|', '|'))
  assert.is(sentences.length, 4)
  const { text } = FILES[0]!
  const rules = sentences.map((expr, at) => `      - { id: rule-${at}, expr: ${JSON.stringify(expr)}, message: no }\n`)
  const read = readNetworkFile(`${text}    rules:\n${rules.join('')}`, 'workshops.yaml')
  assert.ok(read.ok, JSON.stringify(read))
})

test.run()
