import * as assert from 'uvu/assert'
import { governanceChain, type Said } from '../../support/governance-chain.js'
import { modelProposal, networkNow } from '../../support/model-proposals.js'
import { suite } from '../../support/suite.js'

const test = suite('records in order, and amended, under former names')

const FILE = `
format: 1
title: Visits
roles:
  dealer: { append: [visit], govern: true }
objects:
  visit:
    key: [car]
    order: day
    amend: { by: own }
    fields:
      type: object
      additionalProperties: false
      required: [car, day, km]
      properties:
        car: { type: string, maxLength: 20 }
        day: { type: string, format: date }
        km: { type: integer, minimum: 0 }
    rules:
      - { id: rises, expr: previous == null || record.km >= previous.km, message: "{record.km} after {previous.km}" }
`

const RENAMED = FILE.replaceAll(' car', ' vehicle')
  .replaceAll('[car', '[vehicle')
  .replaceAll(' day', ' date')
  .replaceAll(/\bkm\b/g, 'odometer')
  .replace('    order:', '    aliases: { car: vehicle, day: date, km: odometer }\n    order:')

type Chain = ReturnType<typeof governanceChain>

const day = (number: number): string => `2024-01-${String(number).padStart(2, '0')}`
const old = (number: number, km: number): Said => ({ object: 'visit', data: { car: 'A', day: day(number), km } })
const now = (number: number, odometer: number, vehicle = 'A'): Said => ({
  object: 'visit',
  data: { date: day(number), odometer, vehicle }
})
const amended = (record: string, said: Said): Said => ({ ...said, amends: { record, reason: 'mistyped' } })

/** Visits of day 3, 5 and 9 by the first file, with the second one in force. */
function renamed(): Chain {
  const chain = governanceChain({ d1: 'dealer' }, { file: FILE })
  assert.equal(chain.say('d1', old(3, 300), old(9, 900), old(5, 500)), ['accepted', 'accepted', 'accepted'])
  const second = governanceChain({ d1: 'dealer' }, { file: RENAMED }).network
  assert.equal(chain.say('d1', modelProposal(second)), ['accepted'])
  chain.commit()
  assert.is(networkNow(chain).objects.visit?.order, 'date')
  return chain
}

test('the order goes on, by the date under its name of today', () => {
  const chain = renamed()
  assert.equal(chain.say('d1', now(4, 299), now(4, 501), now(4, 400), now(1, 301), now(1, 100)), [
    'RULE_BROKEN: 299 after 300',
    'RULE_BROKEN: d1/0/2, which stands beside it, would break the rule: 500 after 501',
    'accepted',
    'RULE_BROKEN: d1/0/0, which stands beside it, would break the rule: 300 after 301',
    'accepted'
  ])
  assert.equal(chain.say('d1', now(10, 899), now(10, 1000)), ['RULE_BROKEN: 899 after 900', 'accepted'])
})

test('an older record is amended in the words of today, and in its place', () => {
  const chain = renamed()
  assert.equal(chain.say('d1', amended('d1/0/2', now(5, 299)), amended('d1/0/2', now(5, 901))), [
    'RULE_BROKEN: 299 after 300',
    'RULE_BROKEN: d1/0/1, which stands beside it, would break the rule: 900 after 901'
  ])
  assert.equal(chain.say('d1', amended('d1/0/2', now(2, 500))), [
    'RULE_BROKEN: d1/0/0, which stands beside it, would break the rule: 300 after 500'
  ])
  assert.equal(chain.say('d1', amended('d1/0/2', now(5, 450)), now(6, 449), now(6, 451)), [
    'accepted',
    'RULE_BROKEN: 449 after 450',
    'accepted'
  ])
  // To another key, and the neighbours that are left.
  assert.equal(chain.say('d1', amended('d1/0/0', now(3, 300, 'B')), now(1, 400)), ['accepted', 'accepted'])
  assert.match(chain.say('d1', amended('d1/0/1', old(9, 950)))[0]!, /^SCHEMA: car is called vehicle now/)
})

test.run()
