import * as assert from 'uvu/assert'
import { founding, INSPECTIONS } from '../support/inspections.js'
import { ndjson, withSandbox } from '../support/processes.js'
import { suite } from '../support/suite.js'

const test = suite('bad input', { timeoutMs: 60_000 })

interface BadLine {
  readonly name: string
  readonly line: string | Uint8Array
  readonly code: string
  /** In the message or the path: the field or the reason. */
  readonly says: RegExp
}

const ok = '{"vehicle":"V","odometer":1}'
const note = (inner: string): string => `{"visit":"v","x":${inner}}`

const notes: BadLine[] = [
  { name: 'no JSON', line: 'hello', code: 'MALFORMED', says: /expected/ },
  { name: 'half JSON', line: '{"visit":"v"', code: 'MALFORMED', says: /./ },
  { name: 'two values', line: '{} {}', code: 'MALFORMED', says: /./ },
  { name: 'not an object', line: '[1]', code: 'MALFORMED', says: /object/ },
  { name: 'deep JSON', line: note('['.repeat(5000) + ']'.repeat(5000)), code: 'MALFORMED', says: /deep|level|nest/ },
  { name: 'duplicate keys', line: '{"visit":"v","visit":"w"}', code: 'MALFORMED', says: /visit|twice|duplicate/ },
  { name: 'number too large', line: note('9007199254740993'), code: 'MALFORMED', says: /safe|range|large/ },
  { name: 'number out of range', line: note('1e400'), code: 'MALFORMED', says: /safe|range|large|number/ },
  { name: 'NUL', line: note('"a\u0000b"'), code: 'MALFORMED', says: /control|character/ },
  { name: 'lone surrogate', line: note('"\\ud800"'), code: 'MALFORMED', says: /surrogate/ },
  {
    name: 'broken UTF-8',
    line: Buffer.concat([Buffer.from('{"visit":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    code: 'MALFORMED',
    says: /UTF-8/
  },
  { name: '__proto__', line: '{"__proto__":{}}', code: 'MALFORMED', says: /__proto__/ },
  { name: 'a record too large', line: note(`"${'x'.repeat(140_000)}"`), code: 'TOO_LARGE', says: /bytes/ },
  { name: 'a line without end', line: note(`"${'x'.repeat(3_000_000)}"`), code: 'TOO_LARGE', says: /bytes/ }
]

const inspections: BadLine[] = [
  { name: 'unknown field', line: '{"vehicle":"V","odometer":1,"colour":"red"}', code: 'SCHEMA', says: /colour/ },
  { name: 'missing field', line: '{"vehicle":"V"}', code: 'SCHEMA', says: /odometer/ },
  { name: 'wrong type', line: '{"vehicle":"V","odometer":"1"}', code: 'SCHEMA', says: /odometer/ },
  { name: 'a fraction', line: '{"vehicle":"V","odometer":1.5}', code: 'SCHEMA', says: /odometer/ },
  { name: 'too long', line: `{"vehicle":"${'V'.repeat(21)}","odometer":1}`, code: 'SCHEMA', says: /vehicle/ },
  { name: 'below the minimum', line: '{"vehicle":"V","odometer":-1}', code: 'SCHEMA', says: /odometer/ }
]

interface Refused {
  readonly line: number
  readonly status: string
  readonly code: string
  readonly message: string
  readonly path?: string
}

test('each bad line is refused with line, field and reason, and the pipe goes on', async () => {
  await withSandbox(async ({ file, start, ledger }) => {
    const node = await start(founding(await file('network.yaml', INSPECTIONS)))
    const pipes: [object: string, good: string, bad: BadLine[]][] = [
      ['note', '{"visit":"good"}', notes],
      ['inspection', ok, inspections]
    ]
    for (const [object, good, bad] of pipes) {
      const pieces = bad.flatMap(({ line }) => [line, '\n', good, '\n'])
      const input = Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)))
      const { code, stdout, stderr } = await ledger(['append', object, '--json'], input)
      assert.is(code, 3, stderr)
      const outcomes = ndjson<Refused>(stdout)
      assert.is(outcomes.length, 2 * bad.length)
      for (const [index, expected] of bad.entries()) {
        const refused = outcomes[2 * index]
        assert.is(refused?.line, 2 * index + 1, expected.name)
        assert.is(refused?.status, 'refused', expected.name)
        assert.is(refused?.code, expected.code, `${expected.name}: ${refused?.message}`)
        assert.match(`${refused?.message} ${refused?.path ?? ''}`, expected.says, expected.name)
        assert.is(outcomes[2 * index + 1]?.status, 'accepted', `after ${expected.name}`)
      }
    }
    assert.is(await node.stop(), 0)
  })
})

test('an unknown object and a missing right are told as such', async () => {
  await withSandbox(async ({ file, start, ledger }) => {
    await start(founding(await file('network.yaml', INSPECTIONS)))
    const unknown = await ledger(['append', 'visit', '--json'], `${ok}\n`)
    assert.is(unknown.code, 7)
    assert.match(unknown.stderr, /^UNKNOWN_OBJECT: .*'visit'.*inspection/)
    const forbidden = await ledger(['append', 'audit', '--json'], '{"number":1}\n{"number":"x"}\n')
    assert.is(forbidden.code, 4)
    assert.equal(
      ndjson<Refused>(forbidden.stdout).map(({ code }) => code),
      ['NOT_PERMITTED', 'SCHEMA']
    )
  })
})

test.run()
