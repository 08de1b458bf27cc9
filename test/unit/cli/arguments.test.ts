import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { type CommandSpec, readArguments } from '../../../src/cli/command.js'
import { homeOf } from '../../../src/cli/context.js'
import { parseDuration } from '../../../src/cli/duration.js'
import { exitCodeOfAll } from '../../../src/cli/failure.js'
import { hostPortText, parseHostPort } from '../../../src/cli/host-port.js'
import { parseKeyArguments } from '../../../src/cli/key-arguments.js'
import { appendCommand } from '../../../src/cli/ledger/append.js'
import { getCommand } from '../../../src/cli/ledger/get.js'
import { historyCommand } from '../../../src/cli/ledger/history.js'
import { inviteCommand } from '../../../src/cli/ledger/invite.js'
import { listCommand } from '../../../src/cli/ledger/list.js'
import { proposalsCommand } from '../../../src/cli/ledger/proposals.js'
import { proposeCommand } from '../../../src/cli/ledger/propose.js'
import { revokeCommand } from '../../../src/cli/ledger/revoke.js'
import { verifyReceiptCommand } from '../../../src/cli/ledger/verify-receipt.js'
import { voteCommand } from '../../../src/cli/ledger/vote.js'
import { watchCommand } from '../../../src/cli/ledger/watch.js'
import { withdrawCommand } from '../../../src/cli/ledger/withdraw.js'
import { initCommand } from '../../../src/cli/ledger-node/init.js'
import { keyCommand } from '../../../src/cli/ledger-node/key.js'
import { startCommand } from '../../../src/cli/ledger-node/start.js'
import { FAKE_NETWORK } from '../../support/fake-node.js'
import { suite } from '../../support/suite.js'

const test = suite('cli arguments')

interface Case {
  readonly spec: CommandSpec<unknown>
  readonly line: string
  /** Null: the line is wrong. */
  readonly expect: unknown
}

const cases: Case[] = [
  { spec: appendCommand, line: 'visit', expect: { object: 'visit', files: ['-'], timeoutMs: 60_000 } },
  {
    spec: appendCommand,
    line: 'visit a.ndjson - --timeout 5m --key-field id',
    expect: { object: 'visit', files: ['a.ndjson', '-'], timeoutMs: 300_000, keyField: 'id' }
  },
  { spec: appendCommand, line: 'visit --timeout soon', expect: null },
  { spec: appendCommand, line: 'visit --timeout 0s', expect: null },
  { spec: appendCommand, line: '', expect: null },
  { spec: getCommand, line: 'visit A 7', expect: { object: 'visit', key: ['A', '7'] } },
  { spec: getCommand, line: 'visit -5', expect: { object: 'visit', key: ['-5'] } },
  { spec: historyCommand, line: 'visit A --all', expect: { object: 'visit', key: ['A'], all: true } },
  { spec: listCommand, line: 'visit', expect: { object: 'visit', options: { limit: 50 } } },
  {
    spec: listCommand,
    line: 'visit --where a=1 --where b==x --limit 100000 --after c --history',
    expect: { object: 'visit', options: { limit: 100_000, where: { a: '1', b: '=x' }, after: 'c', history: true } }
  },
  { spec: listCommand, line: 'visit --where a', expect: null },
  { spec: listCommand, line: 'visit --where =a', expect: null },
  { spec: listCommand, line: 'visit --where a=1 --where a=2', expect: null },
  { spec: listCommand, line: 'visit --limit 100001', expect: null },
  { spec: listCommand, line: 'visit --limit 1e3', expect: null },
  { spec: watchCommand, line: '', expect: {} },
  { spec: watchCommand, line: 'visit --since 12.0.3', expect: { object: 'visit', since: '12.0.3' } },
  { spec: watchCommand, line: '--since -1', expect: null },
  { spec: watchCommand, line: '--since yesterday', expect: null },
  { spec: verifyReceiptCommand, line: 'r --genesis g', expect: { file: 'r', genesis: 'g' } },
  { spec: verifyReceiptCommand, line: 'r', expect: null },
  {
    spec: initCommand,
    line: '--network n --partner p --role r --name N',
    expect: { network: 'n', partner: 'p', role: 'r', name: 'N' }
  },
  { spec: initCommand, line: '--network n --partner p', expect: null },
  { spec: startCommand, line: '', expect: { founding: null, config: {} } },
  {
    spec: startCommand,
    line: '--network n --partner p --role r --listen /ip4/0.0.0.0/tcp/1 --listen /ip6/::/tcp/1 --http [::1]:80',
    expect: {
      founding: { network: 'n', partner: 'p', role: 'r' },
      config: { listen: ['/ip4/0.0.0.0/tcp/1', '/ip6/::/tcp/1'], http: { host: '::1', port: 80 } }
    }
  },
  { spec: startCommand, line: '--http off', expect: { founding: null, config: { http: null } } },
  { spec: startCommand, line: '--network n', expect: null },
  { spec: startCommand, line: '--invite T', expect: { founding: null, invite: 'T', config: {} } },
  { spec: startCommand, line: '--resync', expect: { founding: null, resync: true, config: {} } },
  { spec: startCommand, line: '--invite T --network n --partner p --role r', expect: null },
  { spec: startCommand, line: '--invite', expect: null },
  { spec: inviteCommand, line: 'south --role r', expect: { partner: 'south', role: 'r', expiresMs: 604_800_000 } },
  {
    spec: inviteCommand,
    line: 'south --role r --name S --expires 1h',
    expect: { partner: 'south', role: 'r', name: 'S', expiresMs: 3_600_000 }
  },
  { spec: inviteCommand, line: 'south', expect: null },
  { spec: revokeCommand, line: 'T', expect: { invitation: 'T' } },
  {
    spec: proposeCommand,
    line: 'suspend south',
    expect: { change: { kind: 'suspend', partner: 'south' }, expiresMs: 2_592_000_000 }
  },
  {
    spec: proposeCommand,
    line: 'role south dealer --reason why --expires 2d --force',
    expect: {
      change: { kind: 'role', partner: 'south', role: 'dealer' },
      expiresMs: 172_800_000,
      reason: 'why',
      force: true
    }
  },
  {
    spec: proposeCommand,
    line: 'key south K',
    expect: { change: { kind: 'key', partner: 'south', key: 'K' }, expiresMs: 2_592_000_000 }
  },
  {
    spec: proposeCommand,
    line: 'model new.yaml --reason why',
    expect: { change: { kind: 'model', file: 'new.yaml' }, expiresMs: 2_592_000_000, reason: 'why' }
  },
  { spec: proposeCommand, line: 'model new.yaml more', expect: null },
  { spec: proposeCommand, line: 'model', expect: null },
  { spec: proposeCommand, line: 'key south', expect: null },
  { spec: proposeCommand, line: 'remove south dealer', expect: null },
  { spec: proposeCommand, line: 'burn south', expect: null },
  { spec: proposeCommand, line: 'remove south --expires 2y', expect: null },
  { spec: voteCommand, line: 'p1/0/0 yes', expect: { id: 'p1/0/0', yes: true } },
  { spec: voteCommand, line: 'p1/0/0 no --reason r', expect: { id: 'p1/0/0', yes: false, reason: 'r' } },
  { spec: voteCommand, line: 'p1/0/0 maybe', expect: null },
  { spec: proposalsCommand, line: '--state open', expect: { state: 'open' } },
  { spec: proposalsCommand, line: '--state closed', expect: null },
  { spec: withdrawCommand, line: 'p1/0/0', expect: { id: 'p1/0/0' } },
  { spec: keyCommand, line: 'new', expect: { action: 'new' } },
  { spec: keyCommand, line: 'burn', expect: null },
  { spec: startCommand, line: '--name N', expect: null },
  { spec: startCommand, line: '--http 8080', expect: null },
  { spec: startCommand, line: '--http a:65536', expect: null },
  { spec: startCommand, line: '--listen 0.0.0.0:1', expect: null },
  { spec: startCommand, line: '--listen /ip4/0.0.0.0/tcp/1 --listen /ip4/0.0.0.0/tcp/1', expect: null },
  { spec: startCommand, line: 'extra', expect: null }
]

for (const { spec, line, expect } of cases) {
  const name = spec.define().name()
  test(`reads: ${name} ${line}`, () => {
    const argv = line === '' ? [] : line.split(' ')
    if (expect === null) assert.throws(() => readArguments(spec, argv))
    else assert.equal(readArguments(spec, argv), expect)
  })
}

test('reads durations', () => {
  assert.equal(
    ['250ms', '60s', '5m', '2h', '7d', '90'].map(parseDuration),
    [250, 60_000, 300_000, 7_200_000, 604_800_000, 90_000]
  )
  for (const text of ['', 's', '1.5s', '-1s', '1w', '1 s', '0', '9999999999s']) {
    assert.throws(() => parseDuration(text), /duration/, text)
  }
})

test('reads addresses of TCP', () => {
  for (const text of ['127.0.0.1:0', 'localhost:8080', '[::1]:443']) {
    assert.is(hostPortText(parseHostPort(text) ?? { host: '', port: 0 }), text)
  }
  for (const text of ['127.0.0.1', ':80', '::1:80', 'a b:80', 'host:', 'host:x'])
    assert.is(parseHostPort(text), null, text)
})

test('reads keys by the types of the model', () => {
  const key = (object: string, ...texts: string[]) => parseKeyArguments(FAKE_NETWORK, object, texts)
  assert.equal(key('inspection', '007'), ['007'])
  assert.equal(key('inspection', 'vehicle=007'), ['007'])
  assert.equal(key('inspection', 'a=b'), ['a=b'])
  assert.equal(key('stay', 'Adler', '12', 'true'), ['Adler', 12, true])
  assert.equal(key('stay', 'room=-0', 'night=false', 'hotel=x=y'), ['x=y', 0, false])
  const wrong: [texts: string[], message: RegExp][] = [
    [['inspection'], /key vehicle/],
    [['inspection', 'a', 'b'], /key vehicle/],
    [['inspection', 'vehicle=a', 'vehicle=b'], /twice/],
    [['stay', 'hotel=a'], /room, night/],
    [['stay', 'a', '1.5', 'true'], /no integer/],
    [['stay', 'a', '012', 'true'], /no integer/],
    [['stay', 'a', '9007199254740993', 'true'], /no integer/],
    [['stay', 'a', '1', 'yes'], /neither true nor false/],
    [['note', 'x'], /own history/]
  ]
  for (const [[object = '', ...texts], message] of wrong) {
    assert.throws(
      () => key(object, ...texts),
      (error: unknown) => {
        return error instanceof LedgerError && error.code === 'USAGE' && message.test(error.message)
      }
    )
  }
  for (const [object, command, hint] of [
    ['inspection', 'get', /^for example: ledger get inspection VEHICLE,/],
    ['inspection', 'history', /^for example: ledger history inspection VEHICLE,/],
    ['note', 'history', /at all with: ledger list note --history$/]
  ] as const) {
    assert.throws(
      () => parseKeyArguments(FAKE_NETWORK, object, [], command),
      (error: LedgerError) => hint.test(String(error.details.remedy))
    )
  }
  assert.throws(
    () => key('toString', 'x'),
    (error: LedgerError) => error.code === 'UNKNOWN_OBJECT'
  )
})

test('reads keys whose type stands behind a reference or in a list of values', () => {
  const fields = {
    type: 'object',
    $defs: { number: { $ref: '#/$defs/inner' }, inner: { type: 'integer' } },
    properties: {
      a: { $ref: '#/$defs/number' },
      b: { enum: [1, 2] },
      c: { type: ['integer', 'string'] },
      d: { type: 'decimal', scale: 2 }
    }
  }
  const object = { title: '', key: ['a', 'b', 'c', 'd'], fields, references: {}, rules: [] }
  const network = { ...FAKE_NETWORK, objects: { thing: object } }
  assert.equal(parseKeyArguments(network, 'thing', ['1', '2', 'x', '12.5']), [1, 2, 'x', '12.50'])
  assert.equal(parseKeyArguments(network, 'thing', ['1', '2', '3', '-7']), [1, 2, 3, '-7.00'])
})

test('of several exit codes the first of 2, 1, 4, 5, 3 counts', () => {
  assert.is(exitCodeOfAll([]), 0)
  assert.is(exitCodeOfAll([0, 0]), 0)
  assert.is(exitCodeOfAll([0, 3]), 3)
  assert.is(exitCodeOfAll([3, 5]), 5)
  assert.is(exitCodeOfAll([5, 3, 4]), 4)
  assert.is(exitCodeOfAll([4, 1, 5]), 1)
  assert.is(exitCodeOfAll([1, 2]), 2)
})

test('finds the home: flag, variable, default', () => {
  assert.is(homeOf('/a', { LEDGER_HOME: '/b' }), '/a')
  assert.is(homeOf(undefined, { LEDGER_HOME: '/b' }), '/b')
  assert.match(homeOf(undefined, { LEDGER_HOME: '' }), /\/\.ledger$/)
})

test.run()
