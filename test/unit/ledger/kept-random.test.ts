import * as assert from 'uvu/assert'
import { seededRandom } from '../../simulation/virtual-clock.js'
import { governanceChain } from '../../support/governance-chain.js'
import { amended, chainOf, network, newest, PARTNERS, visit } from '../../support/kept-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('records in order and amended, against the whole history')

test('hundreds of late entries and amendments are judged as by somebody who looks at the whole history', () => {
  const random = seededRandom(77)
  const pick = (count: number): number => Math.floor(random() * count)
  const chain = chainOf('order: day\n    amend: { by: [dealer] }')
  interface Stood {
    id: string
    car: string
    day: number
    odometer: number
    came: number
  }
  let all: Stood[] = []
  const holds = (records: readonly Stood[]): boolean => {
    return ['A', 'B'].every((car) => {
      const sorted = records.filter((one) => one.car === car).sort((a, b) => a.day - b.day || a.came - b.came)
      return sorted.every((one, at) => at === 0 || one.odometer >= sorted[at - 1]!.odometer)
    })
  }
  const counts = { accepted: 0, amended: 0, refused: 0 }
  for (let step = 0; step < 900; step++) {
    const car = random() < 0.7 ? 'A' : 'B'
    const number = 1 + pick(28)
    const odometer = number * 100 + pick(150) - 25
    const author = random() < 0.5 ? 'd1' : 'd2'
    const id = chain.nextId(author)
    const original = all.length > 3 && random() < 0.4 ? all[pick(all.length)]! : null
    const said = visit(number, odometer, car)
    const [verdict] = chain.say(author, original === null ? said : amended(original.id, said))
    const made = { id, car, day: number, odometer, came: original?.came ?? step }
    const after = [...all.filter((one) => one !== original), made]
    assert.is(verdict === 'accepted', holds(after), `step ${step}: ${verdict} of ${JSON.stringify(made)}`)
    if (verdict !== 'accepted') counts.refused += 1
    else {
      all = after
      counts[original === null ? 'accepted' : 'amended'] += 1
    }
    const last = all
      .filter((one) => one.car === 'A')
      .sort((a, b) => a.day - b.day || a.came - b.came)
      .at(-1)
    assert.is(newest(chain)?.odometer ?? null, last?.odometer ?? null, `the newest after step ${step}`)
  }
  assert.ok(counts.accepted > 60 && counts.amended > 60 && counts.refused > 100, JSON.stringify(counts))
})

test('unique values and limits follow what stands, whatever was amended', () => {
  const random = seededRandom(78)
  const pick = (count: number): number => Math.floor(random() * count)
  const words = `order: day
    amend: { by: [dealer] }
    unique: [[odometer]]
    limits: [{ id: twice, per: [car], at: day, period: day, count: 2 }]`
  const chain = governanceChain(PARTNERS, {
    file: network(words).replace(/previous == null.*/, 'record.odometer >= 0')
  })
  interface Stood {
    id: string
    car: string
    day: number
    odometer: number
    came: number
  }
  let all: Stood[] = []
  const lastOf = (records: readonly Stood[], car: string): Stood | undefined =>
    records
      .filter((one) => one.car === car)
      .sort((a, b) => a.day - b.day || a.came - b.came)
      .at(-1)
  const holds = (records: readonly Stood[]): boolean => {
    // What is unique is what the newest of each car says.
    const newest = ['A', 'B', 'C'].flatMap((car) => lastOf(records, car)?.odometer ?? [])
    const perDay = new Map<string, number>()
    for (const one of records) perDay.set(`${one.car} ${one.day}`, (perDay.get(`${one.car} ${one.day}`) ?? 0) + 1)
    return new Set(newest).size === newest.length && [...perDay.values()].every((count) => count <= 2)
  }
  const counts = { DUPLICATE: 0, RULE_BROKEN: 0, accepted: 0, amended: 0 }
  for (let step = 0; step < 700; step++) {
    const [car, number, odometer] = [['A', 'B', 'C'][pick(3)] ?? '', 1 + pick(28), pick(6)]
    const author = random() < 0.5 ? 'd1' : 'd2'
    const id = chain.nextId(author)
    const original = all.length > 3 && random() < 0.6 ? all[pick(all.length)]! : null
    const said = visit(number, odometer, car)
    const [verdict = ''] = chain.say(author, original === null ? said : amended(original.id, said))
    const made = { id, car, day: number, odometer, came: original?.came ?? step }
    const after = [...all.filter((one) => one !== original), made]
    assert.is(verdict === 'accepted', holds(after), `step ${step}: ${verdict} of ${JSON.stringify({ made, original })}`)
    if (verdict === 'accepted') all = after
    const kind =
      verdict === 'accepted' && original !== null ? 'amended' : (verdict.split(':')[0] as keyof typeof counts)
    counts[kind] += 1
  }
  for (const [kind, count] of Object.entries(counts)) assert.ok(count > 20, `${kind} ${count}`)
})

test.run()
