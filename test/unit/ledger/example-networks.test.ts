import { existsSync, readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import type { JsonObject } from '../../../src/base/json.js'
import { compileExample, EXAMPLES, exampleRun, filesIn, readRecords } from '../../support/example-run.js'
import { activePartner, judgedRecords } from '../../support/judged-records.js'
import { skipUnless, suite } from '../../support/suite.js'

const test = suite('example networks')

/** The orders in which the samples are appended, as the READMEs have them. */
const SAMPLES: [network: string, objects: string[]][] = [
  ['car-service', ['vehicle', 'part', 'repair', 'maintenance']],
  ['organic-food', ['certificate', 'agreement', 'harvest', 'delivery', 'shelf']]
]

test('every example compiles without warnings', () => {
  const files = filesIn(EXAMPLES, '.yaml')
  assert.ok(files.length >= 4)
  for (const file of files) assert.match(compileExample(file.replace('.yaml', '')).hash, /^[0-9a-f]{64}$/)
})

/** What the table of a README says is refused: `FILE LINE` to `CODE` or `CODE rule`. */
function expectedRefusals(network: string): Map<string, string> {
  const rows = readFileSync(`${EXAMPLES}/${network}/README.md`, 'utf8').matchAll(
    /^\| (\S+) \| (\d+) \| ([A-Z_]+)(?: (\S+))? \|/gm
  )
  return new Map(
    Array.from(rows, ([, file, line, code, rule]) => [
      `${file} ${line}`,
      rule === undefined ? code! : `${code} ${rule}`
    ])
  )
}

for (const [network, objects] of SAMPLES) {
  test(`the samples of ${network} are accepted and refused as its README says`, () => {
    const append = exampleRun(compileExample(network))
    const refused = new Map<string, string>()
    let accepted = 0
    for (const object of objects) {
      readRecords(`${EXAMPLES}/${network}/${object}.ndjson`).forEach((data, index) => {
        const outcome = append(object, data)
        if ('accepted' in outcome) accepted++
        else {
          const { code, rule } = outcome.refused
          refused.set(`${object} ${index + 1}`, rule === undefined ? code : `${code} ${rule}`)
        }
      })
    }
    assert.equal(refused, expectedRefusals(network))
    assert.ok(accepted >= refused.size / 2 && refused.size > 0)
  })

  test(`every sample of ${network} is used`, () => {
    assert.equal(filesIn(`${EXAMPLES}/${network}`, '.ndjson'), objects.map((object) => `${object}.ndjson`).sort())
  })

  test(`every rule of ${network} about a wrong record is shown by a sample`, () => {
    const shown = new Set([...expectedRefusals(network).values()].map((refusal) => refusal.split(' ')[1]))
    const rules = [...compileExample(network).network.objects[objects.at(-1)!]!.rules]
    const missing = rules.map(({ id }) => id).filter((id) => !shown.has(id))
    assert.equal(missing, network === 'car-service' ? ['visits-in-order'] : [])
  })
}

test('only dealers write visits', () => {
  const visit = readRecords(`${EXAMPLES}/car-service/maintenance.ndjson`)[0]!
  for (const role of ['manufacturer', 'insurer', 'nobody']) {
    const outcome = exampleRun(compileExample('car-service'), { id: 'p1', role })('maintenance', visit)
    assert.is('refused' in outcome && outcome.refused.code, 'NOT_PERMITTED')
  }
  const outcome = exampleRun(compileExample('car-service'), { id: 'p1', role: 'dealer' })('maintenance', visit)
  assert.is('refused' in outcome && outcome.refused.code, 'REFERENCE_MISSING')
})

test('a farm writes in its own name only', () => {
  const model = compileExample('organic-food')
  const harvest = readRecords(`${EXAMPLES}/organic-food/harvest.ndjson`)[0]!
  const [certificate] = readRecords(`${EXAMPLES}/organic-food/certificate.ndjson`)
  const object = model.objects.get('harvest')!
  const input = { record: harvest, previous: null, refs: { certificate: certificate! }, block: { height: 1, time: 1 } }
  assert.is(object.checkRules({ ...input, author: { id: 'farm-linden', role: 'farm' } }), null)
  assert.is(object.checkRules({ ...input, author: { id: 'farm-brook', role: 'farm' } })?.rule, 'in-its-own-name')
})

test('spare parts: what is said without a rule', () => {
  const model = compileExample('spare-parts')
  const run = judgedRecords(model)
  const say = (author: string, role: string, object: string, data: JsonObject): string => {
    const filled = model.objects.get(object)!.normalise(data)
    if (!filled.ok) return filled.refusal.code
    const { verdict } = run.judge(activePartner(author, role), object, filled.value)
    return verdict === null ? 'accepted' : (verdict.rule ?? verdict.code)
  }
  const maker = (data: JsonObject) => say('maker', 'manufacturer', 'part', data)
  const dealer = (object: string, data: JsonObject) => say('d1', 'dealer', object, data)
  const gear = { number: 'G-1', name: 'Gear', barcode: '4006381333931', price: 12.5 }
  assert.is(dealer('part', { number: 'G-1', name: 'Gear' }), 'NOT_PERMITTED')
  assert.is(maker(gear), 'accepted')
  assert.equal(
    [dealer('part', { ...gear, inStock: 2 }), dealer('part', { ...gear, price: 9 })],
    ['accepted', 'NOT_PERMITTED']
  )
  assert.is(maker({ ...gear, number: 'G-2', replaces: 'G-1' }), 'DUPLICATE')
  assert.is(maker({ number: 'G-2', name: 'Gear', replaces: 'G-0' }), 'REFERENCE_MISSING')
  const order = { dealer: 'd1', orderedAt: '2025-03-01T08:00:00Z', part: 'G-1', pieces: 60, price: 12.5 }
  const orders = ['1', '2', '3', '4'].map((number) => dealer('order', { ...order, order: number, pieces: 20 }))
  assert.equal(orders, ['accepted', 'accepted', 'accepted', 'orders-a-day'])
  const later = { ...order, orderedAt: '2025-03-02T08:00:00Z' }
  assert.equal(
    [dealer('order', { ...later, order: '5' }), dealer('order', { ...later, order: '5', pieces: 40 })],
    ['pieces-a-year', 'accepted']
  )
  assert.is(dealer('order', { ...later, order: '6', price: 1 }), 'at-the-price-of-the-catalogue')
  assert.is(dealer('order', { ...later, order: '6', part: 'G-9' }), 'REFERENCE_MISSING')
  const delivery = (day: number, soFar: number): string => {
    return say('maker', 'manufacturer', 'delivery', { order: '5', deliveredOn: `2025-03-0${day}`, soFar })
  }
  assert.equal([delivery(3, 10), delivery(7, 40)], ['accepted', 'accepted'])
  // A late one: below what was delivered before it, above what came after it, and right.
  assert.equal([delivery(5, 10), delivery(5, 40), delivery(5, 30)], ['never-fewer', 'never-fewer', 'accepted'])
  assert.is(delivery(9, 41), 'no-more-than-ordered')
  const bill = { from: 'maker', number: '7', order: '1', total: 250 }
  const billed = [bill, bill, { ...bill, number: '8', order: '9' }].map((data) =>
    say('maker', 'manufacturer', 'bill', data)
  )
  assert.equal(billed, ['accepted', 'DUPLICATE', 'REFERENCE_MISSING'])
  assert.is(say('d1', 'dealer', 'bill', { ...bill, from: 'd1' }), 'accepted')
})

const MOT = '../shared/data/mot'

test('of 38 inspections in time order 37 are accepted, and the turned-back odometer is refused', () => {
  skipUnless(existsSync(MOT), `the inspection histories in ${MOT} are missing`)
  const records = filesIn(MOT, '.ndjson').flatMap((file) => readRecords(`${MOT}/${file}`))
  assert.is(records.length, 38)
  records.sort((a, b) => (String(a.completedAt) < String(b.completedAt) ? -1 : 1))
  const append = exampleRun(compileExample('inspections'), { id: 'p1', role: 'inspector' })
  const refused = records.flatMap((data) => {
    const outcome = append('inspection', data)
    return 'refused' in outcome ? [{ data, refusal: outcome.refused }] : []
  })
  assert.is(refused.length, 1)
  const [{ data, refusal }] = refused as [(typeof refused)[0]]
  assert.is(`${data.vehicle} ${String(data.completedAt).slice(0, 16)}`, 'VH-002 2022-07-13T15:04')
  assert.equal(refusal, {
    code: 'RULE_BROKEN',
    message: 'odometer 46426 is lower than 46427',
    messages: {
      en: 'odometer 46426 is lower than 46427',
      nl: 'tellerstand 46426 is lager dan 46427',
      fi: 'matkamittarin lukema 46426 on pienempi kuin 46427',
      pl: 'stan licznika 46426 jest niższy niż 46427'
    },
    rule: 'odometer-never-decreases',
    expected: 'record.odometerUnit != "MI" or record.odometer >= 46427',
    details: { record: { odometerUnit: 'MI', odometer: 46426 }, previous: { odometerUnit: 'MI', odometer: 46427 } }
  })
})

const EPCIS = '../shared/data/epcis/events.ndjson'

test('the supply-chain events go in and come out the same in canonical form', () => {
  skipUnless(existsSync(EPCIS), `the events in ${EPCIS} are missing`)
  const append = exampleRun(compileExample('epcis'), { id: 'p1', role: 'handler' })
  const events = readRecords(EPCIS)
  assert.is(events.length, 41)
  for (const event of events) {
    const outcome = append('event', event as JsonObject)
    assert.equal(outcome, { accepted: canonicalText(event) })
  }
})

test.run()
