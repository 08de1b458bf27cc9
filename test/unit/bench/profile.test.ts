import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { type Call, callTree, timesOfParts } from '../../../scripts/bench/profile/call-tree.js'
import { busySamples, busyTime, type CpuProfile } from '../../../scripts/bench/profile/cpu-profile.js'
import { flameGraph, WIDTH } from '../../../scripts/bench/profile/flame-graph.js'
import { PARTS, PLACES, partOf, placeOf } from '../../../scripts/bench/profile/parts.js'
import { projectRoot, readSources } from '../../support/source.js'
import { suite } from '../../support/suite.js'

const test = suite('where the time of a node goes')

const HOUSE = 'file:///home/a/ledger/dist'
const LIBRARIES = 'file:///home/a/ledger/node_modules'

const places: [url: string, functionName: string, place: string, part: string | null][] = [
  [`${HOUSE}/ledger/judge.js`, 'judge', 'ledger/judge', 'execution'],
  [`${HOUSE}/ledger/schema-read.js`, 'read', 'ledger/schema-read', 'reading'],
  [`${HOUSE}/base/canonical.js`, 'write', 'base/canonical', 'reading'],
  [`${HOUSE}/base/crypto-node.js`, 'sha256', 'base/crypto-node', 'hashing'],
  [`${HOUSE}/base/hex.js`, 'toHex', 'base/hex', null],
  [`${HOUSE}/consensus/step.js`, 'step', 'consensus/step', 'consensus'],
  [`${HOUSE}/node/inbound.js`, 'take', 'node/inbound', 'consensus'],
  [`${HOUSE}/node/network/pull.js`, 'pull', 'node/network/pull', 'network'],
  [`${HOUSE}/node/store/store.js`, 'write', 'node/store/store', 'storage'],
  [`${HOUSE}/node/store/state-cache.js`, 'get', 'node/store/state-cache', 'execution'],
  [`${HOUSE}/api/append-routes.js`, 'append', 'api/append-routes', 'intake'],
  [`${LIBRARIES}/@chainsafe/libp2p-noise/dist/src/crypto.js`, 'seal', 'npm:@chainsafe/libp2p-noise', 'network'],
  [`${LIBRARIES}/libp2p/node_modules/it-queue/dist/src/index.js`, 'add', 'npm:it-queue', 'network'],
  [`${LIBRARIES}/classic-level/index.js`, 'put', 'npm:classic-level', 'storage'],
  [`${LIBRARIES}/@noble/hashes/sha2.js`, 'process', 'npm:@noble/hashes', null],
  ['node:internal/fs/promises', 'fsCall', 'node:internal/fs/promises', 'storage'],
  ['node:net', 'write', 'node:net', 'network'],
  ['node:buffer', 'slice', 'node:buffer', null],
  ['wasm://wasm/20831a12', 'wasm-function[1]', 'wasm://wasm/20831a12', null],
  ['', '(garbage collector)', '(garbage collector)', 'garbage'],
  ['', 'writeBuffer', 'writeBuffer', null]
]

for (const [url, functionName, place, part] of places) {
  test(`${functionName} of ${url || 'native code'} belongs to ${part ?? 'its caller'}`, () => {
    assert.is(placeOf({ url, functionName, lineNumber: 0 }), place)
    assert.is(partOf(place), part)
  })
}

test('every place of the table is there', () => {
  const own = readSources('src', ['.ts']).map(({ path }) => path.slice('src/'.length))
  const libraries = Object.keys(PLACES).filter((place) => place.startsWith('npm:') && !/[:/]$/.test(place))
  const floors = Object.keys(PLACES).filter((place) => !/^(?:npm:|node:|\()/.test(place))
  const unknown = floors.filter((place) => !own.some((path) => path.startsWith(place)))
  const missing = libraries.filter((name) => !existsSync(join(projectRoot, 'node_modules', name.slice('npm:'.length))))
  assert.equal([...unknown, ...missing], [])
})

/** Nodes as `id: function, url, callees`; the first is the root. */
type Row = [id: number, functionName: string, url: string, children?: number[]]

function profileOf(rows: Row[], samples: number[], timeDeltas = samples.map(() => 10)): CpuProfile {
  return {
    nodes: rows.map(([id, functionName, url, children = []]) => ({
      id,
      callFrame: { functionName, url, lineNumber: 0 },
      children
    })),
    samples,
    timeDeltas,
    startTime: 100,
    endTime: 100 + timeDeltas.reduce((sum, delta) => sum + delta, 0) + 10
  }
}

const rows: Row[] = [
  [1, '(root)', '', [2, 3, 6, 7]],
  [2, '(idle)', ''],
  [3, 'take', `${HOUSE}/node/inbound.js`, [4]],
  [4, 'judge', `${HOUSE}/ledger/judge.js`, [5]],
  [5, 'slice', 'node:buffer'],
  [6, '(garbage collector)', ''],
  [7, '(program)', '']
]
const samples = [2, 3, 4, 5, 5, 6, 7, 2]

test('a sample belongs to the nearest caller that has a part, idle ones to none', () => {
  const root = callTree([{ profile: profileOf(rows, samples), processor: 600 }])
  assert.is(Math.round(root.total), 600)
  const times = [...timesOfParts(root)].map(([part, time]) => [part, Math.round(time)] as const)
  assert.equal(Object.fromEntries(times), { consensus: 100, execution: 300, garbage: 100, rest: 100 })
})

test('the same chain of callers is one, whatever ids it has in each profile', () => {
  const other: Row[] = [
    [7, '(root)', '', [9]],
    [9, 'take', `${HOUSE}/node/inbound.js`]
  ]
  const root = callTree([
    { profile: profileOf(rows, samples), processor: 600 },
    { profile: profileOf(other, [9]), processor: 50 }
  ])
  const take = [...root.calls.values()].filter(({ name }) => name === 'take')
  assert.equal(
    take.map(({ self, total }) => [Math.round(self), Math.round(total)]),
    [[150, 450]]
  )
})

test('a profile without work has none', () => {
  const profile = profileOf(rows, [2, 2])
  assert.is(callTree([{ profile, processor: 10 }]).total, 0)
  assert.is(busySamples(profile).size, 0)
  assert.is(busyTime(profile), 0)
})

test('by the clock a sample holds until the next one, the last until the end', () => {
  assert.is(busyTime(profileOf(rows, [3, 2, 4], [5, 20, 300])), 20 + 10)
})

/** Calls of which each has half of its caller's time, with names that get longer. */
function deep(levels: number, total = 1000): Call {
  const calls = levels === 0 ? [] : [deep(levels - 1, total / 2), deep(0, total / 4)]
  return {
    name: `name<${'x'.repeat(levels * 3)}>`,
    place: 'ledger/judge',
    part: 'execution',
    self: levels === 0 ? total : total / 4,
    total,
    calls: new Map(calls.map((call, index) => [String(index), call]))
  }
}

test('a flame graph: frames lie within their callers, text within its frame, narrow ones are left out', () => {
  const svg = flameGraph({ title: 'a < b', root: deep(12), records: 10 })
  assert.ok(svg.includes('a &lt; b') && !svg.includes('NaN'))
  assert.ok(svg.includes(`${PARTS.execution.title} 100.0 %`) && !svg.includes(PARTS.network.title))
  const frames = Array.from(svg.matchAll(/<g><title>([^<]*)<\/title><rect ([^>]*)\/>(?:<text ([^>]*)>([^<]*)<)?/g))
  // 1, 1/2, 1/4, ... 1/256, and the smaller callee of each of the first seven.
  assert.is(frames.length, 9 + 7)
  const byRow = new Map<number, number[]>()
  for (const [, title, box, textBox = '', words = ''] of frames) {
    const [x, y, width] = ['x', 'y', 'width'].map((name) => numberOf(box!, name)) as [number, number, number]
    assert.match(title!, /^name&lt;x*&gt;, ledger\/judge: [0-9.]+ %, [0-9.]+ us a record$/)
    assert.ok(x >= 10 && x + width <= WIDTH - 10, `${x} + ${width}`)
    const right = byRow.get(y) ?? []
    for (const end of right) assert.ok(x >= end, 'frames overlap')
    byRow.set(y, [...right, x + width])
    if (words === '') continue
    const letters = words.replaceAll(/&\w+;/g, '.').length
    assert.ok(numberOf(textBox, 'x') + letters * 11 * 0.61 <= x + width, words)
  }
})

test('a flame graph needs a sample', () => {
  const root = callTree([])
  assert.throws(() => flameGraph({ title: '', root, records: 1 }), /nothing was sampled/)
})

function numberOf(attributes: string, name: string): number {
  return Number(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1])
}

test.run()
