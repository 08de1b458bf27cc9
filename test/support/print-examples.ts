import { ERROR_CODES } from '../../src/base/errors.js'
import type { JsonObject } from '../../src/base/json.js'
import { readNetworkFile } from '../../src/ledger/network-file.js'
import { compileExample, EXAMPLES, exampleRun, filesIn, readRecords } from './example-run.js'
import { compileThing, ruleInput } from './network-source.js'

/**
 * Prints what the example networks, their samples and some hostile input lead to, for a comparison between time zones and
 * languages. The first line says where it ran.
 */
const print = (...parts: unknown[]): boolean => process.stdout.write(`${parts.join(' ')}\n`)

print(`${new Date(0).toLocaleString()} ${'I'.toLocaleLowerCase()}`)

const ORDER: Record<string, string[]> = {
  'car-service': ['vehicle', 'part', 'repair', 'maintenance'],
  'organic-food': ['certificate', 'agreement', 'harvest', 'delivery', 'shelf']
}
for (const name of filesIn(EXAMPLES, '.yaml').map((file) => file.replace('.yaml', ''))) {
  const model = compileExample(name)
  print(name, model.hash)
  const append = exampleRun(model)
  for (const object of ORDER[name] ?? []) {
    for (const data of readRecords(`${EXAMPLES}/${name}/${object}.ndjson`)) print(JSON.stringify(append(object, data)))
  }
}

const text = { type: 'string', maxLength: 50 }
const properties: JsonObject = { s: text, t: text, at: { type: 'string', format: 'date-time' }, n: { type: 'number' } }
const record = { s: 'Iıİi ß Ö', t: 'iIİı', at: '2024-03-31T02:30:00+01:00', n: 1234567.891 }
for (const expr of [
  'record.s < record.t',
  'record.s.lowerAscii() == "iıİi ß Ö"',
  'record.t.matches("(?i)^I+$")',
  'string(date(record.at)) == "2024-03-31" && string(record.at) == "x"',
  'record.n > 1234567.892',
  'daysBetween("2024-03-30T23:30:00Z", record.at) == 1'
]) {
  const { checkRules } = compileThing({ properties, expr, message: '{record.s} {record.at} {record.n} {block.time}' })
  print(JSON.stringify(checkRules(ruleInput({ record }))))
}
print(
  JSON.stringify(readNetworkFile('format: 1\ntitel: I\nroles: {Iı: {}}\n', 'n.yaml')),
  Object.keys(ERROR_CODES).length
)
