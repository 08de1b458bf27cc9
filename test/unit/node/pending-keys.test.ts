import * as assert from 'uvu/assert'
import type { JsonObject } from '../../../src/base/json.js'
import { checkBody, encodeRecord } from '../../../src/ledger/record.js'
import { createPendingKeys, type PendingRecord } from '../../../src/node/pending-keys.js'
import { modelOfFile } from '../../support/judged-records.js'
import { suite } from '../../support/suite.js'

const test = suite('state keys that own undecided records may write')

const MODEL = modelOfFile(`
format: 1
title: Trips
roles:
  driver: { append: [trip, visit], govern: true }
objects:
  trip:
    key: [car]
    fields:
      type: object
      required: [car]
      properties:
        car: { type: string, maxLength: 9 }
        ticket: { type: string, maxLength: 9 }
        day: { type: string, format: date }
    unique: [[ticket]]
    limits:
      - { id: two, at: day, period: day, count: 2 }
      - { id: ten, period: day, count: 10 }
  visit:
    key: []
    fields: { type: object }
`)

function pendingOf(object: string, data: JsonObject): PendingRecord {
  const body = { object, data }
  return { record: checkBody(MODEL, encodeRecord(body), body), batch: {} as never, index: 0 }
}

test('the newest record of its key, its unique values and its counters, until the last of them is decided', () => {
  const pending = createPendingKeys('p1')
  const touched = (key: string): boolean => pending.touches(new Set(['r:trip["z"]', key]))
  const keys = ['r:trip["a"]', 'U:trip/["ticket"]/["t"]', 'C:trip/[[],"day","day",null]/[]/2025-03-01']
  const first = pendingOf('trip', { car: 'a', ticket: 't', day: '2025-03-01' })
  const second = pendingOf('trip', { car: 'a', ticket: 't', day: '2025-03-01' })
  pending.add(first)
  pending.add(second)
  assert.equal(keys.map(touched), [true, true, true])
  assert.equal(['r:trip["b"]', 'U:trip/["ticket"]/["u"]'].map(touched), [false, false])
  pending.remove(first.record)
  assert.equal(keys.map(touched), [true, true, true])
  pending.remove(second.record)
  assert.equal(keys.map(touched), [false, false, false])
})

test('what was added is removed, also when another model says now what the record writes', () => {
  const pending = createPendingKeys('p1')
  const { record, ...place } = pendingOf('trip', { car: 'a', ticket: 't' })
  const object = { ...record.object!, uniques: [] }
  pending.add({ record, ...place })
  pending.add({ record: { ...record, text: `${record.text} `, object }, ...place })
  pending.remove({ ...record, object })
  assert.not.ok(pending.touches(new Set(['U:trip/["ticket"]/["t"]'])))
  assert.ok(pending.touches(new Set(['r:trip["a"]'])))
  pending.remove({ ...record, text: `${record.text} ` })
  assert.not.ok(pending.touches(new Set(['r:trip["a"]'])))
})

test('nothing of a record without key and effects, and nothing when they are given up', () => {
  const pending = createPendingKeys('p1')
  pending.add(pendingOf('visit', {}))
  assert.not.ok(pending.touches(new Set(['r:visit[]'])))
  pending.add(pendingOf('trip', { car: 'a' }))
  pending.clear()
  assert.not.ok(pending.touches(new Set(['r:trip["a"]'])))
})

test.run()
