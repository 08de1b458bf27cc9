import * as assert from 'uvu/assert'
import { isSettling } from '../../../src/ledger/execution.js'
import { foundingVersion, VERSION_KEY } from '../../../src/ledger/network-version.js'
import { checkRecord, encodeRecord } from '../../../src/ledger/record.js'
import { recordInVersion } from '../../../src/ledger/record-version.js'
import { supportIn, supportKey } from '../../../src/ledger/support.js'
import { agreedBy, markedVersion, versionMark, withoutMarks } from '../../../src/ledger/version-agreement.js'
import { ballotOf, governanceChain, proposalOf, READY, type Said } from '../../support/governance-chain.js'
import { smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('version of the network')

type Chain = ReturnType<typeof governanceChain>

const THREE = { p1: 'inspector', p2: 'inspector', p3: 'inspector' }

function told(...addresses: string[]): Said {
  return { object: '_address', data: { addresses } }
}

function versions(chain: Chain): [inForce: number, decided: number] {
  const { version, nextVersion } = chain.rulebook()
  return [version, nextVersion]
}

test('a network begins with the version that is the format of its genesis', () => {
  assert.is(foundingVersion({ format: 1 }), 1)
  assert.equal(versions(governanceChain(THREE, { format: 1 })), [1, 1])
  assert.equal(versions(governanceChain(THREE, { format: 2 })), [2, 2])
  assert.equal(versions(governanceChain(THREE)), [3, 3])
})

test('marks stand among addresses, and are none themselves', () => {
  const list = ['/ip4/10.0.0.1/tcp/4001', versionMark(2)]
  assert.is(markedVersion(list), 2)
  assert.equal(withoutMarks(list), ['/ip4/10.0.0.1/tcp/4001'])
  for (const odd of [
    '/ledger-version/',
    '/ledger-version/02',
    '/ledger-version/2/',
    ' /ledger-version/2',
    '/ledger-version/1e3'
  ])
    assert.is(markedVersion([odd]), 1, odd)
  assert.is(markedVersion([versionMark(3), versionMark(2)]), 3)
})

test('version 1 knows no record that is younger, however it looks', () => {
  const chain = smallChain()
  for (const object of ['_proposal', '_ballot', '_withdraw', '_support']) {
    for (const data of [{}, { software: 'x', version: 2 }, { proposal: 'p1/0/0', reason: '', yes: true }]) {
      const record = checkRecord(chain.model, encodeRecord({ object, data }), 1024)
      const seen = recordInVersion(1, record)
      assert.equal(seen.refusal, { code: 'UNKNOWN_OBJECT', message: `there is no object "${object}"` })
      assert.is(seen.system, null)
      assert.is(recordInVersion(2, record), record)
    }
  }
})

test('what version 1 does not know leaves nothing behind', () => {
  const chain = governanceChain(THREE, { format: 1 })
  const { verdicts, entries, writes } = chain.commit([
    ['p1', [proposalOf({ kind: 'suspend', partner: 'p2' }), ballotOf('p1/0/0', true), { object: '_support', data: {} }]]
  ])
  assert.equal(
    verdicts[0]?.map((verdict) => verdict?.code),
    ['UNKNOWN_OBJECT', 'UNKNOWN_OBJECT', 'UNKNOWN_OBJECT']
  )
  assert.equal(entries, [])
  assert.equal(
    writes.map(({ key }) => key),
    ['s:p1']
  )
})

test('version 2 is decided with the last mark, and in force two blocks later', () => {
  const chain = governanceChain({ ...THREE, p6: 'reader' }, { format: 1 })
  for (const id of ['p1', 'p2', 'p6']) chain.say(id, told('/ip4/10.0.0.1/tcp/4001', versionMark(2)))
  assert.equal(versions(chain), [1, 1])
  assert.not.ok(isSettling(chain.rulebook()))
  chain.say('p3', told(versionMark(2)))
  assert.is(chain.entries.get(VERSION_KEY)?.text, '[1,2]')
  assert.equal(versions(chain), [1, 2])
  assert.ok(isSettling(chain.rulebook()))
  const [refused] = chain.say('p1', proposalOf({ kind: 'suspend', partner: 'p2' }))
  assert.match(refused ?? '', /^UNKNOWN_OBJECT/)
  assert.equal(versions(chain), [2, 2])
  assert.not.ok(isSettling(chain.rulebook()))
  assert.equal(chain.say('p1', proposalOf({ kind: 'suspend', partner: 'p2' })), ['accepted'])
})

test('a mark that is taken back counts no more, and the lowest that all agree to holds', () => {
  const chain = governanceChain(THREE, { format: 1 })
  chain.say('p1', told(versionMark(3)))
  chain.say('p2', told(versionMark(2)))
  chain.say('p1', told('/ip4/10.0.0.1/tcp/4001'))
  chain.say('p3', told(versionMark(2)))
  assert.equal(versions(chain), [1, 1])
  chain.say('p1', told(versionMark(4)))
  assert.equal(versions(chain), [1, 2])
})

test('who is admitted and not active yet is not waited for; who is active is, also one that only reads', () => {
  const chain = governanceChain({ p1: 'inspector', p6: 'reader' }, { format: 1 })
  chain.say('p1', told(versionMark(2)))
  assert.equal(versions(chain), [1, 1])
  chain.say('p6', told(versionMark(2)))
  assert.equal(versions(chain), [1, 2])
})

test('in version 2 marks say nothing any more', () => {
  const chain = governanceChain(THREE, { format: 2 })
  for (const id of Object.keys(THREE)) chain.say(id, told(versionMark(5)))
  assert.equal(versions(chain), [2, 2])
  assert.is(chain.entries.get(VERSION_KEY), undefined)
})

test('from version 2 on a proposal raises it, by two thirds', () => {
  const chain = governanceChain({ ...THREE, p4: 'inspector' })
  const id = chain.nextId('p1')
  assert.equal(chain.say('p1', proposalOf({ kind: 'version', version: 5 })), ['accepted'])
  chain.say('p2', ballotOf(id, true))
  assert.equal(versions(chain), [3, 3])
  chain.say('p3', ballotOf(id, true))
  assert.is(chain.proposal(id).state, 'passed')
  assert.is(chain.proposal(id).effective, chain.height + 2)
  assert.equal(versions(chain), [3, 5])
  chain.commit()
  assert.equal(versions(chain), [5, 5])
})

test('a version is never lowered, nor proposed again', () => {
  const chain = governanceChain({ p1: 'inspector' })
  for (const version of [1, 2, 3]) {
    const [said] = chain.say('p1', proposalOf({ kind: 'version', version }))
    assert.match(said ?? '', /^NOT_PERMITTED: the network is at version 3 already/)
  }
  for (const version of [0, -1, 1.5, '3', null, 1_000_001]) {
    const [said] = chain.say('p1', proposalOf({ kind: 'version', version } as never))
    assert.match(said ?? '', /^SCHEMA/)
  }
})

test('of two open proposals of versions the one that passes makes the other stale', () => {
  const chain = governanceChain(THREE)
  const first = chain.nextId('p1')
  chain.say('p1', proposalOf({ kind: 'version', version: 4 }))
  const second = chain.nextId('p2')
  chain.say('p2', proposalOf({ kind: 'version', version: 5 }))
  for (const id of ['p2', 'p3']) chain.say(id, ballotOf(first, true))
  assert.is(chain.proposal(first).state, 'passed')
  assert.is(chain.proposal(second).state, 'stale')
  assert.equal(versions(chain), [3, 4])
})

test('partners say what they support, the last word counts', () => {
  const chain = governanceChain(THREE)
  const state = { get: (key: string) => chain.entries.get(key) }
  assert.is(supportIn(state, 'p1'), null)
  const support = (software: unknown, version: unknown): Said => {
    return { object: '_support', data: { software, version } as never }
  }
  assert.equal(chain.say('p1', support('ledger-node 0.1.0', 2), support('ledger-node 0.2.0', 3)), [
    'accepted',
    'accepted'
  ])
  assert.equal(supportIn(state, 'p1'), { software: 'ledger-node 0.2.0', version: 3 })
  assert.is(chain.entries.get(supportKey('p1'))?.text, '{"software":"ledger-node 0.2.0","version":3}')
  for (const [software, version] of [
    ['', 2],
    ['x'.repeat(65), 2],
    ['line\nbreak', 2],
    ['x', 0],
    ['x', '2'],
    [5, 2]
  ]) {
    assert.match(chain.say('p1', support(software, version))[0] ?? '', /^SCHEMA/)
  }
})

test('whoever agrees is read from the state alone', () => {
  const chain = governanceChain(THREE, { format: 1 })
  const state = { get: (key: string) => chain.entries.get(key) }
  assert.is(agreedBy(state, 'p1'), 1)
  chain.say('p1', told('/ip4/10.0.0.1/tcp/4001', versionMark(2)), READY)
  assert.is(agreedBy(state, 'p1'), 2)
})

test.run()
