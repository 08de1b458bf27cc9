import * as assert from 'uvu/assert'
import type { Refusal } from '../../../src/base/errors.js'
import type { Json, JsonObject } from '../../../src/base/json.js'
import { definitionVersion } from '../../../src/ledger/definition-version.js'
import { type GenesisFormat, readGenesis } from '../../../src/ledger/genesis.js'
import type { RuleMessage } from '../../../src/ledger/network-definition.js'
import { governanceChain } from '../../support/governance-chain.js'
import { decidedNetwork, edited, modelProposal } from '../../support/model-proposals.js'
import { compileThing, problemsOf, readThing, ruleInput, type ThingSource } from '../../support/network-source.js'
import { genesisOf, NETWORK, smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('messages of rules in several languages')

const FOUR = { pl: '{record.n} to za mało', fi: '{record.n} on liian vähän', nl: '{record.n} is te weinig', en: 'no' }

const saying = (message: Json): ThingSource => ({
  properties: { n: { type: 'integer' } },
  key: ['n'],
  expr: 'record.n > 1',
  message
})

/** What a record with n = 1 is refused with. */
function refusalOf(message: Json): Refusal {
  const refusal = compileThing(saying(message)).checkRules(ruleInput({ record: { n: 1 } }))
  assert.is(refusal?.code, 'RULE_BROKEN')
  return refusal!
}

test('a refusal tells the first language, and all where there are several, whatever their order in the file', () => {
  const { message, messages } = refusalOf(FOUR)
  assert.is(message, 'no')
  const all = { en: 'no', nl: '1 is te weinig', fi: '1 on liian vähän', pl: '1 to za mało' }
  assert.equal(messages, all)
  assert.is(JSON.stringify(messages), JSON.stringify(all), 'stored refusals are compared as texts')
  const two = refusalOf({ pl: 'nie', fi: 'ei' })
  assert.equal([two.message, two.messages], ['ei', { fi: 'ei', pl: 'nie' }])
})

test('what has one language or is a text is told as ever', () => {
  for (const message of [{ pl: 'nie {record.n}' }, 'nie {record.n}']) {
    const refusal = refusalOf(message)
    assert.is(refusal.message, 'nie 1')
    assert.not.ok('messages' in refusal)
  }
})

test('what any of the languages mentions is told in the details, and counts as read', () => {
  const properties = { n: { type: 'integer' }, a: { type: 'integer' }, b: { type: 'integer' } }
  const message = { en: 'no {record.a}', nl: 'nee {record.b} {previous.a}' }
  const thing = compileThing({ ...saying(message), properties })
  const refusal = thing.checkRules(ruleInput({ record: { n: 1, a: 2, b: 3 }, previous: { n: 1, a: 4, b: 5 } }))
  assert.equal(refusal?.details, { record: { n: 1, a: 2, b: 3 }, previous: { a: 4 } })
  assert.is(thing.usesPrevious, true)
})

const MISTAKES: readonly (readonly [name: string, message: Json, ...problems: readonly string[]])[] = [
  [
    'another language',
    { en: 'no', de: 'nein' },
    '.de: "de" is not a language of messages -> languages are en, nl, fi, pl'
  ],
  ['a locale', { 'nl-BE': 'nee' }, '.nl-BE: "nl-BE" is not a language of messages -> write nl'],
  [
    'a name that all objects have',
    { constructor: 'x', en: 'no' },
    '.constructor: "constructor" is not a language of messages -> languages are en, nl, fi, pl'
  ],
  ['no language', {}, ': the message has no language -> write it in one of en, nl, fi, pl, or as a text'],
  ['an empty text', { en: 'no', fi: '' }, '.fi: the text is empty -> write something'],
  ['a long text', { pl: 'x'.repeat(501) }, '.pl: the text has more than 500 characters -> shorten it'],
  ['no text', { nl: 5 }, '.nl: 5 is not a text -> put it in quotes'],
  ['a list', ['no'], ': ["no"] is not a text -> put it in quotes'],
  [
    'fields that there are not, in two languages',
    { nl: 'nee {record.m}', en: 'no {record.k}' },
    '.nl: there is no field m -> fields: n',
    '.en: there is no field k -> fields: n'
  ]
]

for (const [name, message, ...problems] of MISTAKES) {
  test(`mistakes are told with their language: ${name}`, () => {
    const found = problemsOf(saying(message)).map(({ path, problem, remedy }) => `${path}: ${problem} -> ${remedy}`)
    assert.equal(
      found.map((line) => line.replace('objects.thing.rules[0].message', '')),
      problems
    )
  })
}

test('a mistake is found at its own line and column', () => {
  const text = 'no {record.m}'
  const [found] = problemsOf(saying({ en: 'no', nl: text }))
  const [before] = problemsOf(saying({ en: text, nl: 'no' }))
  assert.equal([found?.line, before?.line], [(before?.line ?? 0) + 1, found!.line! - 1])
})

test('a text stays a text in the definition, and a map a map, with the languages that it has', () => {
  const messageOf = (message: Json): RuleMessage | undefined => {
    const read = readThing(saying(message))
    return read.ok ? read.network.objects.thing?.rules[0]?.message : undefined
  }
  for (const message of ['no', { nl: 'nee' }, FOUR]) assert.equal(messageOf(message), message)
})

const BASE = genesisOf([], undefined).genesis.network
const TRANSLATED = edited(BASE, ({ objects }) => {
  objects.inspection!.rules[0]!.message = { en: 'lower', nl: 'lager' }
})

test('only a map needs version 3; what is no definition needs none', () => {
  assert.is(definitionVersion(BASE as unknown as Json), 1)
  assert.is(definitionVersion(TRANSLATED as unknown as Json), 3)
  for (const rules of [null, 5, {}, [null], [5], ['x'], [{ message: ['x'] }], [{ message: null }], [{}]] as Json[])
    assert.is(definitionVersion({ objects: { a: { rules } } }), 1, JSON.stringify(rules))
  assert.is(definitionVersion({ objects: { a: {}, b: { rules: [{ message: 'x' }, { message: {} }] } } }), 3)
})

test('a network of version 2 refuses a file with a map, and one of version 3 takes it', () => {
  const say = (format: GenesisFormat) => {
    const chain = governanceChain({ p1: 'inspector' }, { format })
    const draft = edited(chain.network, ({ objects }) => {
      objects.inspection!.rules[0]!.message = { en: 'lower', nl: 'lager' }
    })
    return { chain, said: chain.say('p1', modelProposal(draft)) }
  }
  const old = say(2)
  assert.match(old.said[0]!, /^SCHEMA: the network file says what there is from version 3 on, .* at version 2$/)
  assert.equal(old.chain.open(), [])
  const { chain, said } = say(3)
  assert.equal(said, ['accepted'])
  assert.equal(decidedNetwork(chain).objects.inspection?.rules[0]?.message, { en: 'lower', nl: 'lager' })
})

test('a genesis of format 2 cannot have a map, one of format 3 can', () => {
  const read = (format: GenesisFormat) => {
    const genesis = JSON.parse(genesisOf(['p1'], undefined, 'inspector', format).text) as JsonObject
    return readGenesis(JSON.stringify({ ...genesis, network: TRANSLATED }))
  }
  const refused = read(2)
  assert.ok(!refused.ok && refused.refusal.code === 'MALFORMED' && /from version 3 on/.test(refused.refusal.message))
  assert.ok(read(3).ok)
})

test('the verdict of a block is the same in whatever words', () => {
  const results = ['message: "odometer', 'message: { pl: nie, en: "odometer'].map((begin) => {
    const text = NETWORK.replace('message: "odometer', begin)
    const closed = begin.includes('{') ? text.replace('lower than {previous.odometer}"', '$& }') : text
    const chain = smallChain(['p1'], closed)
    const { executed } = chain.commit([
      ['p1', [5, 4].map((odometer) => chain.record('inspection', { vehicle: 'a', odometer }))]
    ])
    return { verdicts: executed.header.verdicts, refusal: executed.execution.verdicts[0]?.[1] }
  })
  const [text, map] = results
  assert.is(map?.refusal?.messages?.pl, 'nie')
  assert.is(text?.refusal?.messages, undefined)
  assert.is(map?.refusal?.message, text?.refusal?.message)
  assert.equal(map?.verdicts, text?.verdicts)
})

test.run()
