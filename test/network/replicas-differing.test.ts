import * as assert from 'uvu/assert'
import { LedgerError } from '../../src/base/errors.js'
import type { CompiledObject, Model } from '../../src/ledger/model.js'
import { checkRecord, encodeRecord } from '../../src/ledger/record.js'
import { createLogger, type Logger } from '../../src/node/log.js'
import type { Replica } from '../../src/node/replica-types.js'
import { createLocalNetwork, type LocalNode } from '../support/local-network.js'
import { suite } from '../support/suite.js'

const test = suite('replicas that compute differently', { timeoutMs: 60_000 })

const FOUR = ['p1', 'p2', 'p3', 'p4']

/** What a build with a fault takes although the odometer goes back. */
const TAKEN_WRONGLY = 13

/** A model as a build with a fault in its rule engine has it: the same network, and another answer for one value. */
function faulty(model: Model): Model {
  const objects = new Map(model.objects)
  const honest = objects.get('inspection')!
  const wrong: CompiledObject = {
    ...honest,
    checkRules: (input) => (input.record.odometer === TAKEN_WRONGLY ? null : honest.checkRules(input))
  }
  return { ...model, objects: objects.set('inspection', wrong) }
}

interface Line {
  readonly level: string
  readonly message: string
  readonly batch?: string
  readonly why?: string
}

interface Differing {
  readonly nodes: readonly LocalNode[]
  /** Of each partner. */
  readonly lines: ReadonlyMap<string, readonly Line[]>
}

/** Four partners, some of them with a faulty build. */
function withFaulty(ids: readonly string[], work: (network: Differing) => Promise<void>): () => Promise<void> {
  return async () => {
    const lines = new Map<string, Line[]>(FOUR.map((id) => [id, []]))
    const log = (id: string): Logger => {
      const write = (line: string): unknown => lines.get(id)?.push(JSON.parse(line))
      return createLogger({ level: 'info', format: 'json', write, now: Date.now })
    }
    const network = await createLocalNetwork(FOUR, {
      log,
      model: (id, honest) => (ids.includes(id) ? faulty(honest) : honest)
    })
    try {
      const nodes: LocalNode[] = []
      for (const id of FOUR) nodes.push(await network.open(id))
      await work({ nodes, lines })
    } finally {
      await network.remove()
    }
  }
}

function append({ chain, own }: Replica, visits: readonly (readonly [vehicle: string, odometer: number])[]) {
  const placed = visits.map(([vehicle, odometer]) => {
    const text = encodeRecord({ object: 'inspection', data: { vehicle, odometer } })
    return own.add(checkRecord(chain.rulebook.model, text, chain.limits.recordBytesMax))
  })
  return Promise.all(placed.map(({ batch }) => batch.decided))
}

async function until(what: string, holds: () => boolean, ms = 30_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function agreed(nodes: readonly LocalNode[]): Promise<void> {
  await until('all have the same tip', () => new Set(nodes.map(({ replica }) => replica.chain.tip.hash)).size === 1)
}

test(
  'two of four judge a record differently: its batch is set aside and named, and the others commit',
  withFaulty(['p3', 'p4'], async ({ nodes, lines }) => {
    const [p1, p2, p3, p4] = nodes as [LocalNode, LocalNode, LocalNode, LocalNode]
    await append(p1.replica, [['a', 20]])
    await agreed(nodes)
    // One batch with a good record before the one that they judge differently.
    const stuck = append(p2.replica, [
      ['b', 1],
      ['a', TAKEN_WRONGLY]
    ])
    stuck.catch(() => {})
    const others = [p1, p3, p4].map(({ replica }, at) => append(replica, [[`of ${at}`, 1]]))
    await Promise.all(others)
    for (let odometer = 2; odometer < 5; odometer++) await append(p1.replica, [['of 0', odometer]])
    await agreed(nodes)
    for (const { failures } of nodes) assert.equal(failures, [])
    assert.is(p2.replica.own.waiting(), 1, 'the batch in dispute is in no block')

    const asides = (id: string): readonly Line[] => {
      return (lines.get(id) ?? []).filter(({ message }) => message.startsWith('a batch is set aside'))
    }
    await until('it is set aside', () => FOUR.some((id) => asides(id).length > 0))
    for (const line of FOUR.flatMap(asides)) {
      assert.is(line.level, 'error')
      assert.is(line.batch, 'p2/0', 'only the offending batch')
      assert.match(line.why ?? '', /record p2\/0\/1 is (accepted|refused)/)
    }
    await until('status names it', () => p1.replica.stalled()?.causes.some(({ code }) => code === 'set-aside') ?? false)
    const cause = p1.replica.stalled()?.causes.find(({ code }) => code === 'set-aside')
    assert.match(cause?.why ?? '', /^batch p2\/0 is set aside until block \d+: .*record p2\/0\/1/)
  })
)

test(
  'one of four judges a record differently: the others commit it, and it stops, naming block and record',
  withFaulty(['p4'], async ({ nodes }) => {
    const [p1, p2, p3, p4] = nodes as [LocalNode, LocalNode, LocalNode, LocalNode]
    await append(p1.replica, [['a', 20]])
    await agreed(nodes)
    const decided = await append(p2.replica, [
      ['b', 1],
      ['a', TAKEN_WRONGLY]
    ])
    assert.is(decided[1]?.verdicts[1]?.code, 'RULE_BROKEN')
    await until('it stops', () => p4.failures.length > 0)
    const [failure] = p4.failures
    assert.instance(failure, LedgerError)
    const { code, message } = failure as LedgerError
    assert.is(code, 'VERIFICATION_FAILED')
    assert.match(message, /^block 2 \([0-9a-f]{16}\) is certified by a quorum and not what this node computes: /)
    assert.match(message, /record p2\/0\/1 is accepted here and refused \(RULE_BROKEN odometer-never-decreases\)/)
    assert.match(message, /ledger-node --version.*ledger verify.*start --resync/)
    await p4.replica.onRequest('p1', { type: 'blocks', from: 1, bytesMax: 1000 }).then(
      () => assert.unreachable('it serves nothing more'),
      (error: LedgerError) => assert.is(error.code, 'CLOSED')
    )
    await append(p1.replica, [['a', 21]])
    await agreed([p1, p2, p3])
    assert.is(p4.replica.chain.tip.height, 1)
    for (const { failures } of [p1, p2, p3]) assert.equal(failures, [])
  })
)

test.run()
