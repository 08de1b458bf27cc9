import * as assert from 'uvu/assert'
import { describeProblems, type Problem, readNetworkFile } from '../../../src/ledger/network-file.js'
import { suite } from '../../support/suite.js'

const test = suite('network file')

/** The example of docs/network-file.md. */
const GOOD = `format: 1
title: Inspections
quorum: two-thirds            # or majority
roles:
  inspector: { append: [inspection], govern: true }
objects:
  vehicle:
    key: [plate]
    fields:
      type: object
      required: [plate]
      properties:
        plate: { type: string, maxLength: 20 }
  inspection:
    title: Inspection
    key: [vehicle]
    fields:
      type: object
      additionalProperties: false
      required: [vehicle, odometer]
      properties:
        vehicle: { type: string, maxLength: 20 }
        odometer: { type: integer, minimum: 0 }
        seen: { type: array, maxItems: 5, items: { type: string, maxLength: 20 } }
        remark: { type: string }
    references:
      car: { object: vehicle, key: [vehicle] }
    rules:
      - id: odometer-never-decreases
        expr: previous == null || record.odometer >= previous.odometer
        message: "odometer {record.odometer} is lower than {previous.odometer}"
`

function problemsOf(text: string): Problem[] {
  const read = readNetworkFile(text, 'n.yaml')
  assert.not.ok(read.ok, 'there must be mistakes')
  return read.ok ? [] : read.problems
}

/** The good file with one piece of it exchanged. */
function changed(from: string, to: string): string {
  assert.ok(GOOD.includes(from), `the good file has ${from}`)
  return GOOD.replace(from, to)
}

test('reads YAML and fills in the defaults', () => {
  const read = readNetworkFile(GOOD, 'n.yaml')
  assert.ok(read.ok)
  if (!read.ok) return
  const { network } = read
  assert.equal(network.roles, { inspector: { append: ['inspection'], govern: true, vote: true } })
  assert.equal(network.objects.vehicle?.references, {})
  assert.equal(network.objects.vehicle?.rules, [])
  assert.is(network.objects.vehicle?.title, 'vehicle')
  assert.equal(network.objects.inspection?.references, {
    car: { object: 'vehicle', key: ['vehicle'], required: false }
  })
  assert.equal(read.warnings, [])
})

test('reads the same as JSON, and its own result again', () => {
  const read = readNetworkFile(GOOD, 'n.yaml')
  assert.ok(read.ok)
  if (!read.ok) return
  for (const text of [JSON.stringify(read.network), JSON.stringify(read.network, null, 2)]) {
    const again = readNetworkFile(text, 'n.json')
    assert.equal(again.ok && again.network, read.network)
  }
})

test('the defaults of quorum and append', () => {
  const read = readNetworkFile(changed('quorum: two-thirds            # or majority\n', ''), 'n.yaml')
  assert.is(read.ok && read.network.quorum, 'two-thirds')
  const reader = readNetworkFile(changed('roles:', 'roles:\n  reader: { vote: false }'), 'n.yaml')
  assert.equal(reader.ok && reader.network.roles.reader, { append: [], govern: false, vote: false })
})

/** [what is wrong, text before, text instead, line, problem, remedy] */
const mistakes: [name: string, from: string, to: string, line: number, problem: RegExp, remedy: RegExp][] = [
  [
    'an unknown member',
    'quorum: two-thirds',
    'qourum: two-thirds',
    3,
    /"qourum" is not a member/,
    /did you mean quorum\?/
  ],
  [
    'a member of a later version',
    'title: Inspections',
    'title: Inspections\nsettings: {}',
    3,
    /"settings" is not a member/,
    /a network file has: format/
  ],
  ['a missing member', 'title: Inspections\n', '', 1, /needs title/, /add a line title/],
  ['a format of the future', 'format: 1', 'format: 2', 1, /2 is not a format/, /format: 1/],
  ['an unknown quorum', 'two-thirds ', 'three-quarters ', 3, /"three-quarters" is not a quorum/, /two-thirds/],
  [
    'an unknown object of a role',
    'append: [inspection]',
    'append: [inspecton]',
    5,
    /no object "inspecton"/,
    /did you mean inspection\?/
  ],
  [
    'an object twice in a role',
    'append: [inspection]',
    'append: [inspection, inspection]',
    5,
    /listed twice/,
    /remove/
  ],
  ['append as a text', 'append: [inspection]', 'append: inspection', 5, /must be a list/, /\[OBJECT/],
  ['govern as a text', 'govern: true', 'govern: "yes"', 5, /"yes" is neither true nor false/, /true, false/],
  [
    'an unknown right',
    'govern: true',
    'governs: true',
    5,
    /"governs" is not a member of a role/,
    /did you mean govern\?/
  ],
  ['nobody governs', 'govern: true', 'govern: false', 4, /nobody could ever change/, /govern: true/],
  ['nobody votes', 'govern: true', 'govern: false, vote: false', 4, /no role/, /./],
  ['a governor without vote', 'govern: true', 'govern: true, vote: false', 5, /needs its vote/, /remove/],
  ['a bad role name', 'inspector:', 'Inspector:', 5, /"Inspector" cannot be a name/, /small letter/],
  [
    'a bad object name',
    '  vehicle:\n',
    '  veh-icle:\n',
    7,
    /"veh-icle" cannot be a name/,
    /small letters, digits and _/
  ],
  [
    'the name of a history',
    '  vehicle:\n    key',
    '  vehicle_history:\n    key',
    7,
    /belongs to the history/,
    /another name/
  ],
  [
    'an object without fields',
    '    fields:\n      type: object\n      required: [plate]\n      properties:\n        plate: { type: string, maxLength: 20 }\n',
    '',
    7,
    /needs fields/,
    /add a line fields/
  ],
  ['an unknown key field', 'key: [plate]', 'key: [plat]', 8, /plat, which is not among/, /did you mean plate\?/],
  ['a key field twice', 'key: [plate]', 'key: [plate, plate]', 8, /names plate twice/, /remove/],
  ['a key as a text', 'key: [plate]', 'key: plate', 8, /not a list of fields/, /\[FIELD\]/],
  ['an optional key field', 'required: [plate]', 'required: []', 8, /must always be there/, /add plate to required/],
  [
    'a key field that is a list',
    'plate: { type: string, maxLength: 20 }',
    'plate: { type: array, maxItems: 3 }',
    8,
    /plate is a list/,
    /string, integer/
  ],
  [
    'a key field that may be null',
    'plate: { type: string, maxLength: 20 }',
    'plate: { type: [string, "null"] }',
    8,
    /plate may be null/,
    /never null/
  ],
  [
    'a key field that is a number',
    'plate: { type: string, maxLength: 20 }',
    'plate: { type: number }',
    8,
    /plate is a number/,
    /integer/
  ],
  [
    'a key field that is too long',
    'plate: { type: string, maxLength: 20 }',
    'plate: { type: string, maxLength: 300 }',
    13,
    /at most 256/,
    /maxLength: 256/
  ],
  ['an unknown keyword', 'minimum: 0 }', 'minmum: 0 }', 23, /minmum is not a keyword/, /did you mean minimum\?/],
  [
    'an unknown type',
    '{ type: integer, minimum: 0 }',
    '{ type: int }',
    23,
    /"int" is not a type/,
    /did you mean|types/
  ],
  ['a reference to nothing', 'object: vehicle', 'object: vehicel', 27, /no object "vehicel"/, /did you mean vehicle\?/],
  [
    'a reference by an unknown field',
    'car: { object: vehicle, key: [vehicle] }',
    'car: { object: vehicle, key: [vehicl] }',
    27,
    /no field "vehicl"/,
    /did you mean vehicle\?/
  ],
  [
    'a reference of another type',
    'car: { object: vehicle, key: [vehicle] }',
    'car: { object: vehicle, key: [odometer] }',
    27,
    /odometer is an integer, but vehicle\.plate is a string/,
    /same type/
  ],
  [
    'a reference with too many fields',
    'car: { object: vehicle, key: [vehicle] }',
    'car: { object: vehicle, key: [vehicle, remark] }',
    27,
    /has 2 fields, the key of vehicle has 1/,
    /plate/
  ],
  ['a reference to what has no key', 'key: [plate]', 'key: []', 27, /vehicle has no key/, /give vehicle a key/],
  [
    'an unknown member of a reference',
    'car: { object: vehicle,',
    'car: { objct: vehicle,',
    27,
    /"objct" is not a member/,
    /did you mean object\?/
  ],
  ['a bad rule id', 'id: odometer-never-decreases', 'id: Odometer', 29, /"Odometer" cannot be the id/, /small letter/],
  [
    'a rule without message',
    '\n        message: "odometer {record.odometer} is lower than {previous.odometer}"',
    '',
    29,
    /needs message/,
    /add a line message/
  ],
  [
    'a typing error in a rule',
    'record.odometer >=',
    'record.odomter >=',
    30,
    /record has no field odomter/,
    /did you mean odometer\?/
  ],
  [
    'an error in a message',
    'than {previous.odometer}',
    'than {previous.odomter}',
    31,
    /no field odomter/,
    /did you mean odometer\?/
  ],
  [
    'the same name twice',
    'title: Inspection\n',
    'title: Inspection\n    title: Again\n',
    16,
    /same name stands here twice/,
    /remove/
  ],
  ['an alias', 'title: Inspection\n', 'title: &t Inspection\n', 15, /anchors such as &t/, /write the value out/],
  ['a tag', 'title: Inspection\n', 'title: !!str Inspection\n', 15, /tags such as/, /remove/],
  ['a custom tag', 'title: Inspection\n', 'title: !secret Inspection\n', 15, /tag/i, /remove the tag/],
  ['a tab', '    title: Inspection', '\ttitle: Inspection', 15, /cannot be read here/, /spaces/],
  ['an open bracket', 'append: [inspection]', 'append: [inspection', 5, /cannot be read here/, /./],
  ['a number as a name', 'remark: {', '5: {', 25, /"5" is not a text/, /"5"/],
  [
    'a colon in a text',
    'title: Inspection\n',
    'title: Inspection: the yearly one\n',
    15,
    /cannot be read here/,
    /in quotes/
  ],
  [
    'a number beyond all',
    'minimum: 0 }',
    'minimum: 9007199254740993 }',
    23,
    /not a number that all partners read alike/,
    /2\^53/
  ],
  ['a number that is none', 'minimum: 0 }', 'minimum: .nan }', 23, /not a number/, /./],
  ['half a character', 'title: Inspections', 'title: "\\ud800"', 2, /half a character/, /remove/],
  ['a second document', 'title: Inspections', '---\ntitle: Inspections', 2, /second document/, /---/]
]
for (const [name, from, to, line, problem, remedy] of mistakes) {
  test(`finds ${name}`, () => {
    const problems = problemsOf(changed(from, to))
    const found = problems.find((one) => problem.test(one.problem) && remedy.test(one.remedy))
    assert.ok(found, `among: ${describeProblems(problems)}`)
    assert.is(found?.line, line, describeProblems(problems))
    assert.is(found?.file, 'n.yaml')
    assert.ok((found?.column ?? 0) > 0)
  })
}

test('points to the column of a mistake in a rule', () => {
  const text = changed('record.odometer >= previous.odometer', 'record.odometer >= previous.odomter')
  const [problem] = problemsOf(text)
  assert.is(problem?.column, '        expr: previous == null || record.odometer >= '.length + 1)
  assert.is(problem?.path, 'objects.inspection.rules[0].expr')
})

test('points to the line of a mistake in a rule of several lines', () => {
  const folded = '>-\n          previous == null\n          || record.odometer >= previous.odomter'
  const literal = folded.replace('>-', '|')
  for (const expr of [folded, literal]) {
    const [problem] = problemsOf(changed('previous == null || record.odometer >= previous.odometer', expr))
    assert.is(problem?.line, 32)
    assert.is(problem?.column, '          || record.odometer >= '.length + 1)
  }
})

test('what a role may append is sorted, so that its order makes no difference', () => {
  const read = readNetworkFile(changed('append: [inspection]', 'append: [vehicle, inspection]'), 'n.yaml')
  assert.equal(read.ok && read.network.roles.inspector?.append, ['inspection', 'vehicle'])
})

test('a reference by a list needs a bound', () => {
  const list = changed('key: [vehicle] }', 'key: [seen] }')
  assert.ok(readNetworkFile(list, 'n.yaml').ok)
  const [problem] = problemsOf(list.replace('maxItems: 5, items', 'items'))
  assert.match(problem!.problem, /may hold at most 256/)
})

test('reports many mistakes at once, in the order of their lines', () => {
  const text = GOOD.replace('two-thirds ', 'half ')
    .replace('[plate]', '[plat]')
    .replace('minimum', 'minmum')
    .replace('object: vehicle', 'object: vehicel')
  const lines = problemsOf(text).map(({ line }) => line)
  assert.equal(lines, [3, 8, 23, 27])
})

test('a mistake in a definition that is used twice is told once', () => {
  const text = changed(
    '        remark: { type: string }\n',
    "        remark: { $ref: '#/$defs/t' }\n        more: { $ref: '#/$defs/t' }\n      $defs:\n        t: { type: strng }\n"
  )
  assert.is(problemsOf(text).length, 1)
})

test('at most a hundred mistakes are reported', () => {
  const text = `format: 1\n${Array.from({ length: 500 }, (_, index) => `x${index}: 1\n`).join('')}`
  const problems = problemsOf(text)
  assert.is(problems.length, 100)
  assert.match(describeProblems(problems), /the first 100/)
})

const hostile: [name: string, text: string][] = [
  ['nothing', ''],
  ['a remark alone', '# nothing\n'],
  ['a text', 'hello'],
  ['a list', '[1, 2]'],
  ['null', 'null'],
  ['brackets without end', '['.repeat(100_000)],
  ['nested brackets', `${'['.repeat(50_000)}${']'.repeat(50_000)}`],
  ['nested lists', Array.from({ length: 2000 }, (_, index) => `${' '.repeat(index)}- `).join('\n')],
  ['nested members', Array.from({ length: 500 }, (_, index) => `${' '.repeat(index)}a:`).join('\n')],
  ['too long a file', `title: ${'x'.repeat(600_000)}`],
  ['a thousand laughs', `a: &a [x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: [*c, *c, *c, *c]\n`],
  ['a merge', 'base: &b { x: 1 }\nformat:\n  <<: *b\n'],
  ['names of the prototype', '{"__proto__": {"format": 1}, "constructor": 1}'],
  ['names without values', 'format: 1\nroles: { a, b }\nobjects: { c, [d]: 1, ? e }'],
  ['bytes', '\u0000\u0001\u0002'],
  [
    'a huge number of roles',
    `format: 1\nroles:\n${Array.from({ length: 5000 }, (_, index) => `  r${index}: {}\n`).join('')}`
  ]
]
for (const [name, text] of hostile) {
  test(`survives ${name}`, () => {
    const started = process.cpuUsage()
    const problems = problemsOf(text)
    assert.ok(
      problems.length > 0 && problems.every(({ line, problem, remedy }) => line > 0 && problem !== '' && remedy !== '')
    )
    // Processor time: a busy machine must not make it fail.
    assert.ok(process.cpuUsage(started).user < 3_000_000)
    assert.ok(describeProblems(problems).length < 100_000)
  })
}

test('describes problems for people', () => {
  const [problem] = problemsOf(changed('two-thirds ', 'half '))
  assert.is(
    describeProblems([problem!]),
    'n.yaml:3:9: quorum: "half" is not a quorum\n  -> write two-thirds (also holds when partners lie) or majority (only when they may fail)'
  )
})

test.run()
