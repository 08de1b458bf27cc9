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
  pending.remove(first.batch)
  assert.equal(keys.map(touched), [true, true, true])
  pending.remove(second.batch)
  assert.equal(keys.map(touched), [false, false, false])
})

test('what was added is removed with its batch, and of another batch nothing', () => {
  const pending = createPendingKeys('p1')
  const batch = {} as PendingRecord['batch']
  const first = { ...pendingOf('trip', { car: 'a', ticket: 't' }), batch }
  const second = { ...pendingOf('trip', { car: 'b' }), batch }
  const other = pendingOf('trip', { car: 'a' })
  for (const each of [first, second, other]) pending.add(each)
  pending.remove(batch)
  assert.not.ok(pending.touches(new Set(['U:trip/["ticket"]/["t"]', 'r:trip["b"]'])))
  assert.ok(pending.touches(new Set(['r:trip["a"]'])))
  pending.remove(batch)
  assert.ok(pending.touches(new Set(['r:trip["a"]'])), 'once for each')
  pending.remove(other.batch)
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
