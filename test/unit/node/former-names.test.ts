import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import type { RunningNode } from '../../../src/node/node.js'
import { bringIntoForce } from '../../support/bring-into-force.js'
import { suite } from '../../support/suite.js'
import { appendLines, createTestHome } from '../../support/test-home.js'

const test = suite('reading what was written under former names')

const FILE = `
format: 1
title: Cars
roles:
  garage: { append: [car, note], govern: true }
objects:
  car:
    key: [vin]
    fields:
      type: object
      additionalProperties: false
      required: [vin]
      properties:
        vin: { type: string, maxLength: 20 }
        kilometres: { type: integer, minimum: 0 }
        colour: { type: string, maxLength: 20 }
  note:
    key: []
    fields:
      type: object
      additionalProperties: false
      properties:
        text: { type: string, maxLength: 20 }
`
const RENAMED = FILE.replace('required: [vin]', 'required: [vehicle]')
  .replace('key: [vin]', 'key: [vehicle]\n    aliases: { kilometres: odometer, vin: vehicle }\n    removed: [colour]')
  .replace(' vin: {', ' vehicle: {')
  .replace('kilometres: { type', 'odometer: { type')
  .replace(/ {8}colour: .*\n/, '')
  .replace('key: []\n', 'key: []\n    aliases: { text: words }\n')
  .replace('text: {', 'words: {')
const WITHOUT_CARS = `${RENAMED.replace(/ {2}car:\n(?: {4}.*\n)+/, '').replace('[car, note]', '[note]')}removed: [car]\n`

interface Shown {
  readonly key: readonly unknown[]
  readonly data: JsonObject
}

const shown = (views: readonly Shown[]): Shown[] => views.map(({ key, data }) => ({ key, data }))

async function append(node: RunningNode, object: string, ...records: readonly JsonObject[]): Promise<string[]> {
  const outcomes = await appendLines(
    node,
    object,
    records.map((record) => JSON.stringify(record))
  )
  return outcomes.map((outcome) => {
    assert.is(outcome.status, 'accepted', JSON.stringify(outcome))
    return outcome.status === 'accepted' ? outcome.id : ''
  })
}

async function withCars(work: (node: RunningNode, ids: readonly string[]) => Promise<void>): Promise<void> {
  const home = await createTestHome(FILE, 'garage')
  try {
    const node = await home.open()
    const ids = await append(
      node,
      'car',
      { vin: 'a', kilometres: 1, colour: 'red' },
      { vin: 'b', kilometres: 5, colour: 'red' }
    )
    await append(node, 'note', { text: 'old' })
    await bringIntoForce(node, RENAMED)
    await append(node, 'car', { vehicle: 'b', odometer: 7 })
    await append(node, 'note', { words: 'new' })
    await work(node, ids)
    const report = await node.verify({})
    assert.ok(report.ok, JSON.stringify(report))
  } finally {
    await home.remove()
  }
}

async function changed(node: RunningNode, object: string): Promise<JsonObject[]> {
  const found: JsonObject[] = []
  const enough = new AbortController()
  for await (const { record } of node.changes({ since: '0', object, signal: enough.signal })) {
    found.push(record.data)
    if (found.length === 3) enough.abort()
  }
  return found
}

const OLD = [
  { key: ['a'], data: { colour: 'red', kilometres: 1, vin: 'a' } },
  { key: ['b'], data: { colour: 'red', kilometres: 5, vin: 'b' } }
]
const NOW = [
  { key: ['a'], data: { odometer: 1, vehicle: 'a' } },
  { key: ['b'], data: { odometer: 5, vehicle: 'b' } },
  { key: ['b'], data: { odometer: 7, vehicle: 'b' } }
]

test('get and list show the names of today; history, show and changes what was written', () =>
  withCars(async (node, [first = '', second = '']) => {
    assert.equal(shown([node.get('car', ['a'])!, node.get('car', ['b'])!]), [NOW[0], NOW[2]])
    assert.equal(shown(await node.list('car', {})), [NOW[0], NOW[2]])
    assert.equal(shown(await node.list('car', { history: true })), NOW)
    assert.equal(shown(await node.history('car', ['b'], {})), [OLD[1], NOW[2]])
    assert.equal(shown([node.show(first)!, node.show(second)!]), OLD)
    assert.equal(await changed(node, 'car'), [OLD[0]!.data, OLD[1]!.data, NOW[2]!.data])
    assert.equal(
      (await node.list('note', {})).map(({ data }) => data),
      [{ words: 'old' }, { words: 'new' }]
    )
  }))

test('conditions find older records by either name', () =>
  withCars(async (node) => {
    const found = async (where: Record<string, string>, history = false): Promise<unknown[]> =>
      shown(await node.list('car', { where, history }))
    assert.equal(await found({ odometer: '1' }), [NOW[0]])
    assert.equal(await found({ kilometres: '7' }), [NOW[2]])
    assert.equal(await found({ odometer: '5' }), [])
    assert.equal(await found({ kilometres: '5', vehicle: 'b' }, true), [NOW[1]])
    assert.equal(await found({ colour: 'red' }), [])
    assert.equal((await node.list('note', { where: { text: 'old' } })).length, 1)
  }))

test('what a removed object has can be read, and nothing be appended', () =>
  withCars(async (node, [first = '']) => {
    await bringIntoForce(node, WITHOUT_CARS)
    assert.equal(Object.keys(node.model().network.objects), ['note'])
    assert.equal(node.model().removed?.car?.key, ['vehicle'])
    assert.equal(shown([node.get('car', ['a'])!, node.show(first)!]), [NOW[0], OLD[0]])
    assert.equal(shown(await node.list('car', { where: { odometer: '7' } })), [NOW[2]])
    assert.equal(shown(await node.history('car', ['b'], {})), [OLD[1], NOW[2]])
    assert.equal((await changed(node, 'car')).length, 3)
    const [outcome] = await appendLines(node, 'car', ['{"vehicle":"c"}'])
    assert.is(outcome?.status === 'refused' && outcome.code, 'UNKNOWN_OBJECT')
    assert.match(JSON.stringify(outcome), /the object car was removed/)
    assert.throws(() => node.get('bike', ['a']), /there is no object "bike"; the network has note/)
  }))

test.run()
