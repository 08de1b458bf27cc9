import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { verifyReceipt } from '../../../src/ledger/verify-receipt.js'
import { foundHome } from '../../../src/node/found.js'
import type { AppendOutcome } from '../../../src/node/ledger-node.js'
import type { RunningNode } from '../../../src/node/node.js'
import { BATCHES_IN_FLIGHT_MAX } from '../../../src/node/own-batches.js'
import { verifyHome } from '../../../src/node/verify-home.js'
import { NETWORK } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'
import { appendLines, createTestHome } from '../../support/test-home.js'

const test = suite('a node alone', { timeoutMs: 30_000 })

type Home = Awaited<ReturnType<typeof createTestHome>>

/** Runs with a fresh home, whatever happens. */
function withHome(work: (home: Home) => Promise<void>): () => Promise<void> {
  return async () => {
    const home = await createTestHome()
    try {
      await work(home)
    } finally {
      await home.remove()
    }
  }
}

function codesOf(outcomes: readonly AppendOutcome[]): string[] {
  return outcomes.map((outcome) => (outcome.status === 'accepted' ? 'accepted' : outcome.code))
}

function visit(vehicle: string, odometer: number): string {
  return JSON.stringify({ vehicle, odometer })
}

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    return error instanceof LedgerError ? error.code : String(error)
  }
  return 'nothing'
}

test(
  'records of one pipe are judged in their order, whether in one block or in several',
  withHome(async (home) => {
    const node = await home.open()
    const odometers = [5, 4, 6, 6, 1, 7]
    const lines = odometers.map((odometer) => visit('a', odometer))
    const expected = ['accepted', 'RULE_BROKEN', 'accepted', 'accepted', 'RULE_BROKEN', 'accepted']
    assert.equal(codesOf(await appendLines(node, 'inspection', lines)), expected)
    const oneByOne: AppendOutcome[] = []
    for (const odometer of odometers) oneByOne.push(...(await appendLines(node, 'inspection', [visit('b', odometer)])))
    assert.equal(codesOf(oneByOne), expected)
  })
)

test(
  'every kind of bad input is a coded refusal with its line, and the pipe goes on',
  withHome(async (home) => {
    const node = await home.open()
    const deep = '['.repeat(100_000)
    const lines: [string | Uint8Array, string, string?][] = [
      ['{"vehicle":"a","odometer":1}', 'accepted'],
      ['{"vehicle":"a","odometer":2', 'MALFORMED'],
      ['{"vehicle":"a","odometer":2,"odometer":3}', 'MALFORMED', '/odometer'],
      ['{"vehicle":"a","odometer":9007199254740993}', 'MALFORMED', '/odometer'],
      ['{"vehicle":"a","odometer":1e400}', 'MALFORMED', '/odometer'],
      ['{"vehicle":"a","odometer":2.5}', 'SCHEMA', '/odometer'],
      ['{"vehicle":"a","odometer":"2"}', 'SCHEMA', '/odometer'],
      ['{"vehicle":"a","odometer":2,"colour":"red"}', 'SCHEMA', '/colour'],
      ['{"vehicle":"a"}', 'SCHEMA', '/odometer'],
      ['{"vehicle":"\\ud800","odometer":2}', 'MALFORMED', '/vehicle'],
      ['{"vehicle":"\\u0000","odometer":2}', 'MALFORMED', '/vehicle'],
      [Buffer.from([0x7b, 0xff, 0x7d]), 'MALFORMED'],
      [Buffer.from('{"vehicle":"a\u0000","odometer":2}'), 'MALFORMED'],
      [`{"vehicle":${deep}`, 'MALFORMED'],
      [`{"vehicle":"${'x'.repeat(30_000)}","odometer":2}`, 'SCHEMA', '/vehicle'],
      [`{"vehicle":"${'x'.repeat(150_000)}","odometer":2}`, 'TOO_LARGE'],
      [`{"vehicle":"${'x'.repeat(400_000)}","odometer":2}`, 'TOO_LARGE'],
      ['[]', 'MALFORMED'],
      ['null', 'MALFORMED'],
      ['{"__proto__":{},"vehicle":"a","odometer":2}', 'MALFORMED'],
      ['{"vehicle":"a","odometer":2}', 'accepted']
    ]
    const outcomes = await appendLines(
      node,
      'inspection',
      lines.map(([line]) => line)
    )
    for (const [index, [line, code, path]] of lines.entries()) {
      const outcome = outcomes[index]!
      const name = String(line).slice(0, 60)
      assert.is(codesOf([outcome])[0], code, `${name}: ${JSON.stringify(outcome).slice(0, 200)}`)
      assert.is(outcome.line, index + 1)
      if (path !== undefined) assert.is(outcome.status === 'refused' ? outcome.path : '', path, name)
    }
    assert.is(outcomes.length, lines.length)
    assert.equal(codesOf(await appendLines(node, 'car', ['{}', '{}'])), ['UNKNOWN_OBJECT', 'UNKNOWN_OBJECT'])
  })
)

test(
  'blank lines are counted and passed over, line ends may be CRLF, the last line needs none',
  withHome(async (home) => {
    const node = await home.open()
    async function* chunks() {
      yield Buffer.from(`\n${visit('a', 1)}\r\n  \n${visit('a', 2).slice(0, 9)}`)
      yield Buffer.from(visit('a', 2).slice(9))
    }
    const outcomes: AppendOutcome[] = []
    for await (const outcome of node.append('inspection', chunks(), {})) outcomes.push(outcome)
    assert.equal(
      outcomes.map(({ line, status }) => [line, status]),
      [
        [2, 'accepted'],
        [4, 'accepted']
      ]
    )
  })
)

test(
  'the same pipe again with a key field gives each record its first outcome and adds nothing',
  withHome(async (home) => {
    const node = await home.open()
    const lines = [visit('a', 5), visit('b', 1), visit('c', 2)]
    const first = await appendLines(node, 'inspection', lines, { keyField: 'vehicle' })
    const { height } = node.status()
    assert.equal(await appendLines(node, 'inspection', lines, { keyField: 'vehicle' }), first)
    assert.is(node.status().height, height)
    const both = await Promise.all(
      [1, 2].map(() => appendLines(node, 'inspection', [visit('d', 1)], { keyField: 'vehicle' }))
    )
    assert.equal(both[0], both[1])
    const changed = await appendLines(node, 'inspection', [visit('a', 6)], { keyField: 'vehicle' })
    assert.equal(codesOf(changed), ['DUPLICATE'])
    assert.equal(codesOf(await appendLines(node, 'inspection', [visit('a', 6)], { keyField: 'colour' })), ['SCHEMA'])
    await home.close(node)
    const again = await home.open()
    assert.equal(await appendLines(again, 'inspection', lines, { keyField: 'vehicle' }), first)
  })
)

test(
  'a record refused by execution keeps its outcome, its place and its receipt',
  withHome(async (home) => {
    const node = await home.open()
    // In one piece: once the first is in a block, the second is refused before it is sent.
    const lines = [`${visit('a', 5)}\n${visit('a', 4)}`]
    const first = await appendLines(node, 'inspection', lines, { keyField: 'odometer' })
    const refused = first[1]!
    assert.ok(refused.status === 'refused' && refused.id === 'p1/0/1')
    assert.match(refused.message, /odometer 4 is lower than 5/)
    assert.equal(await appendLines(node, 'inspection', lines, { keyField: 'odometer' }), first)
    assert.equal((await node.history('inspection', ['a'], {})).length, 1)
    assert.equal(
      (await node.history('inspection', ['a'], { all: true })).map(({ status }) => status),
      ['accepted', 'refused']
    )
    const statement = verifyReceipt(node.receipt('p1/0/1') ?? '', JSON.stringify(node.genesis()))
    assert.ok(statement.ok)
    assert.is(statement.value.status, 'refused')
  })
)

test(
  'what is looked up is what was written, before and after a restart',
  withHome(async (home) => {
    const node = await home.open()
    await appendLines(node, 'inspection', ['{"vehicle":"b","odometer":1}', visit('a', 2), visit('a', 3)])
    await appendLines(node, 'note', ['{"text":"hello","vehicle":"a"}', '{"vehicle":"nobody","text":"x"}'])
    const look = async (at: RunningNode) => ({
      get: at.get('inspection', ['a']),
      none: at.get('inspection', ['z']),
      list: await at.list('inspection', {}),
      where: await at.list('inspection', { where: { odometer: '3' } }),
      notes: await at.list('note', {}),
      history: await at.history('inspection', ['a'], {}),
      page: await at.history('inspection', ['a'], { limit: 1 }),
      show: at.show('p1/0/1'),
      block: at.block(1),
      genesis: at.genesis()
    })
    const before = await look(node)
    assert.is(before.none, null)
    assert.is(JSON.stringify(before.get?.data), '{"odometer":3,"vehicle":"a"}')
    assert.equal(
      before.list.map(({ key }) => key),
      [['a'], ['b']]
    )
    assert.is(before.where.length, 1)
    assert.equal(
      before.notes.map(({ data }) => data.text),
      ['hello']
    )
    const rest = await node.history('inspection', ['a'], { after: before.page[0]!.cursor })
    assert.equal([...before.page, ...rest], before.history)
    const { cursor } = before.list[0]!
    assert.equal(
      (await node.list('inspection', { after: cursor })).map(({ key }) => key),
      [['b']]
    )
    await home.close(node)
    assert.equal(await look(await home.open()), before)
  })
)

test(
  'changes come from any place on and then as they happen, accepted records only',
  withHome(async (home) => {
    const node = await home.open()
    await appendLines(node, 'inspection', [visit('a', 5), visit('a', 4), visit('b', 1)])
    const controller = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const { id, record } of node.changes({ since: '0', signal: controller.signal })) {
        seen.push(`${id} ${record.id}`)
        if (seen.length === 3) controller.abort()
      }
    })()
    await appendLines(node, 'inspection', [visit('c', 1)])
    await reading
    assert.equal(seen, ['1.0.0 p1/0/0', '1.0.2 p1/0/2', '2.0.0 p1/1/0'])
    const later = node.changes({ since: '1.0.0', signal: AbortSignal.timeout(1000) })[Symbol.asyncIterator]()
    assert.is((await later.next()).value?.id, '1.0.2')
  })
)

test(
  'unknown objects, keys of the wrong shape and bad cursors are told apart',
  withHome(async (home) => {
    const node = await home.open()
    assert.is(await codeOf(async () => node.get('car', ['a'])), 'UNKNOWN_OBJECT')
    assert.is(await codeOf(async () => node.get('inspection', [])), 'USAGE')
    assert.is(await codeOf(() => node.list('inspection', { after: 'x' })), 'USAGE')
    assert.is(await codeOf(() => node.list('inspection', { limit: 0 })), 'USAGE')
    assert.is(await codeOf(() => node.list('inspection', { limit: 100_001 })), 'USAGE')
    assert.is(node.show('p1/9/9'), null)
    assert.is(node.show('nonsense'), null)
    assert.is(node.receipt('p1/9/9'), null)
    assert.is(node.block(9), null)
  })
)

test(
  'check says what append would, and adds nothing',
  withHome(async (home) => {
    const node = await home.open()
    await appendLines(node, 'inspection', [visit('a', 5)])
    assert.is(node.check('inspection', visit('a', 6)), null)
    assert.is(node.check('inspection', visit('a', 4))?.code, 'RULE_BROKEN')
    assert.is(node.check('inspection', '{')?.code, 'MALFORMED')
    assert.is(node.status().height, 1)
  })
)

test(
  'a clock that stands before the newest block stops proposing, says so, and goes on when it is right',
  withHome(async (home) => {
    let ahead = 0
    const node = await home.open({ now: () => Date.now() + ahead })
    await appendLines(node, 'inspection', [visit('a', 1)])
    ahead = -3_600_000
    const outcomes = await appendLines(node, 'inspection', [visit('a', 2)], { timeoutMs: 300 })
    assert.equal(outcomes, [{ line: 1, status: 'pending', id: 'p1/1/0', code: 'NO_QUORUM' }])
    assert.match(node.status().stalled?.why ?? '', /clock of this machine is 3\d\d\d s behind/)
    assert.is(node.show('p1/1/0')?.status, 'pending')
    assert.equal(node.status().mempool, { batches: 1, records: 1 })
    await home.close(node)
    const again = await home.open()
    assert.equal(codesOf(await appendLines(again, 'inspection', [visit('a', 3)])), ['accepted'])
    assert.is(again.show('p1/1/0')?.status, 'accepted')
    assert.is(again.status().stalled, null)
  })
)

test(
  'without progress what is stored is pending and the rest is not taken; nothing is lost and the next pipe works',
  withHome(async (home) => {
    let ahead = 0
    const node = await home.open({ now: () => Date.now() + ahead })
    await appendLines(node, 'inspection', [visit('a', 0)])
    ahead = -3_600_000
    const lines = Array.from({ length: (BATCHES_IN_FLIGHT_MAX + 5) * 1000 }, (_, i) => visit('a', i))
    const outcomes = await appendLines(node, 'inspection', lines, { timeoutMs: 2_000 })
    assert.is(outcomes.length, lines.length)
    const pending = outcomes.filter(({ status }) => status === 'pending')
    const refused = outcomes.filter(({ status }) => status === 'refused')
    assert.ok(pending.length > 0 && refused.length > 0)
    assert.equal([...new Set(codesOf(refused))], ['NO_QUORUM'])
    await home.close(node)
    const again = await home.open()
    await appendLines(again, 'inspection', [visit('b', 1)])
    const history = await again.history('inspection', ['a'], { limit: 100_000 })
    assert.is(history.length, pending.length + 1)
  })
)

test(
  'the wrong homes are refused by name',
  withHome(async (home) => {
    const path = (name: string): string => join(home.home, name)
    const open = (): Promise<string> => codeOf(() => home.open())
    assert.is(await codeOf(() => foundHome(foundOptions(home.home))), 'ALREADY_FOUNDED')
    const node = await home.open()
    assert.is(await open(), 'HOME_LOCKED')
    await appendLines(node, 'inspection', [visit('a', 1)])
    await home.close(node)
    for (const [name, code] of [
      ['key', 'KEY_FILE'],
      ['sign-guard', 'LOG_DAMAGED'],
      ['log', 'LOG_DAMAGED'],
      ['store', 'STORE_DAMAGED'],
      ['partner.json', 'STORE_DAMAGED'],
      ['genesis.json', 'STORE_DAMAGED']
    ] as const) {
      await rename(path(name), path('away'))
      assert.is(await open(), code, name)
      await rm(path(name), { recursive: true, force: true })
      await rename(path('away'), path(name))
    }
    const genesis = await readFile(path('genesis.json'), 'utf8')
    await writeFile(path('genesis.json'), genesis.replace('Inspections', 'Inspectionz'))
    assert.is.not(await open(), 'nothing')
    await writeFile(path('genesis.json'), genesis)
    const reopened = await home.open()
    assert.is(reopened.status().height, 1)
  })
)

test('founding refuses what cannot work, and leaves nothing half done', async () => {
  const home = await createTestHome()
  try {
    const empty = join(home.folder, 'other')
    assert.is(await codeOf(() => foundHome({ ...foundOptions(empty), role: 'boss' })), 'USAGE')
    assert.is(await codeOf(() => foundHome({ ...foundOptions(empty), partner: 'P 1' })), 'USAGE')
    assert.is(await codeOf(() => foundHome({ ...foundOptions(empty), networkText: 'title: x' })), 'NETWORK_FILE')
    assert.is(await codeOf(() => verifyHome({ home: empty })), 'NOT_FOUNDED')
    await foundHome(foundOptions(empty))
    assert.ok((await verifyHome({ home: empty })).ok)
  } finally {
    await home.remove()
  }
})

function foundOptions(home: string) {
  return { home, networkText: NETWORK, networkFile: 'n.yaml', partner: 'p1', role: 'inspector', now: Date.now() }
}

test.run()
