import * as assert from 'uvu/assert'
import { publicKeyOf, signer } from '../../../src/base/crypto.js'
import { keyText } from '../../../src/base/keys.js'
import { batchBytes, batchHeader } from '../../../src/ledger/batch.js'
import { voteBytes } from '../../../src/ledger/vote.js'
import { marksOfFreshStart } from '../../../src/node/guard-marks.js'
import { knownBytes } from '../../../src/node/known-answer.js'
import { silentLogger } from '../../../src/node/log.js'
import type { KnownAnswer, KnownMessage, KnownRequest, Peers } from '../../../src/node/peers.js'
import { createSelfKnowledge, type SelfKnowledgeDependencies } from '../../../src/node/self-knowledge.js'
import type { SignGuard } from '../../../src/node/store/sign-guard.js'
import { partnerSeed, setOf } from '../../support/membership-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('what others know of a node')

const SCOPE = { genesis: 'ab'.repeat(32), epoch: 0 }
const sign = signer(partnerSeed('a'))

/** A vote of the node, or one that says so. */
function vote(height: number, round: number, block: string | null = null, by = sign, incarnation = 0): KnownMessage {
  const body = { block, height, incarnation, kind: 'prevote', round, voter: 'a' } as const
  return { type: 'vote', vote: { ...body, signature: by(voteBytes(SCOPE, body)) } }
}

function batch(sequence: number, record = 'x'): NonNullable<KnownAnswer['batch']> {
  const header = batchHeader('a', 0, sequence, [record])
  return { ...header, signature: sign(batchBytes(SCOPE, header)) }
}

/** Not signed yet. */
function answer(more: Partial<KnownAnswer> = {}): KnownAnswer {
  return { type: 'known', signature: '', height: 7, round: 0, since: 0, messages: [], batch: null, ...more }
}

/** What the guard knew when it was opened: a prevote for nil at height 8, round 1, and batch 3. */
const OPENED: Pick<SignGuard, 'lastVote' | 'lastBatch'> = (() => {
  const body = { block: null, height: 8, incarnation: 0, kind: 'prevote', round: 1, voter: 'a' } as const
  const { signature, ...header } = batch(3)
  return {
    lastVote: {
      position: { epoch: 0, incarnation: 0, height: 8, round: 1, step: 'prevote' },
      message: voteBytes(SCOPE, body),
      signature: sign(voteBytes(SCOPE, body))
    },
    lastBatch: {
      position: { epoch: 0, incarnation: 0, sequence: 3 },
      message: batchBytes(SCOPE, header),
      signature
    }
  }
})()

interface World {
  readonly knowledge: ReturnType<typeof createSelfKnowledge>
  readonly events: string[]
  readonly asked: string[]
  tip: number
  isLost: boolean
  syncing: boolean
  /** Not connected. */
  apart: readonly string[]
  /** Ticks after which a request that is not answered is over; 0: at once. */
  silentFor: number
  /** Who signs in the place of everybody. */
  signedBy: string | null
  answers: Record<string, KnownAnswer | null>
  /** The next own batch on the chain, and sequences of those in the store that no block has. */
  next: number
  outbox: readonly number[]
  /** Keys that the node had before, and the last incarnation of each. */
  formerKeys: readonly (readonly [number, string])[]
  /** A second goes by. */
  tick(): Promise<void>
}

/** A node `a` at height 7 among these voters, all connected; who has no answer does not answer. */
function world(voters: readonly string[], answers: Record<string, KnownAnswer | null> = {}, guard = OPENED): World {
  const events: string[] = []
  const asked: string[] = []
  let due: (() => void)[] = []
  let questions = 0
  let ticks = 0
  const silent: { readonly until: number; readonly resolve: () => void }[] = []
  const partners = setOf(...voters)
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const peers = {
    connected: () => voters.filter((id) => id !== 'a' && !self.apart.includes(id)),
    async request(via: string, request: KnownRequest) {
      const { of } = request
      asked.push(via === of ? of : `${of} through ${via}`)
      const known = self.answers[of]
      if (known === undefined && self.silentFor > 0) {
        await new Promise<void>((resolve) => silent.push({ until: ticks + self.silentFor, resolve }))
      }
      if (known === undefined || known === null || request.asker !== 'a') throw new Error('no answer')
      const { signature: _, ...body } = known
      return { ...body, signature: signer(partnerSeed(self.signedBy ?? of))(knownBytes(SCOPE, request, body)) }
    }
  } as unknown as Peers
  const chain = {
    scope: SCOPE,
    rulebook: { partners, nextPartners: partners },
    get tip() {
      return { height: self.tip }
    },
    store: {
      outbox: () => self.outbox.map((sequence) => ({ sequence, hash: `${sequence}` })),
      state: {
        get: (key: string) =>
          ({ 's:a': { text: `0 ${self.next}` }, 'k:a': { text: JSON.stringify(self.formerKeys) } })[key]
      }
    }
  } as unknown as SelfKnowledgeDependencies['chain']
  const knowledge = createSelfKnowledge({
    chain,
    self: 'a',
    peers,
    timers: {
      set(_ms, work) {
        due.push(work)
        return { timer: work }
      },
      clear({ timer }) {
        due = due.filter((work) => work !== timer)
      }
    },
    log: silentLogger,
    nonce: () => (++questions).toString(16).padStart(64, '0'),
    guard: guard as SignGuard,
    isLost: () => self.isLost,
    syncing: () => self.syncing,
    onVouched: () => events.push('vouched'),
    onOld: (why) => {
      events.push(why)
      self.isLost = true
    },
    onBatchLost: (sequence) => {
      events.push(`lost batch ${sequence}`)
      self.isLost = true
    },
    onFreshStart: ({ height, round }) => events.push(`anew ${height} ${round}`),
    fail: (error) => events.push(`fails: ${error}`)
  })
  const self: World = {
    knowledge,
    events,
    asked,
    tip: 7,
    isLost: false,
    syncing: false,
    silentFor: 0,
    apart: [],
    signedBy: null,
    answers,
    next: 4,
    outbox: [],
    formerKeys: [],
    async tick() {
      ticks++
      for (const { until, resolve } of silent) if (until === ticks) resolve()
      await settled()
      for (const work of due.splice(0)) work()
      await settled()
    }
  }
  return self
}

/** Starts it and lets some seconds go by. */
async function started(of: World): Promise<World> {
  of.knowledge.start()
  for (let i = 0; i < 3; i++) await of.tick()
  return of
}

const FOUR = ['a', 'b', 'c', 'd']

test('a single partner asks nobody, and signs at once', () => {
  const { knowledge, events } = world(['a'])
  knowledge.start()
  assert.equal(events, ['vouched'])
  assert.is(knowledge.missing(), 0)
})

test('it signs once as many have answered as make a quorum with it, and no sooner', async () => {
  const of = await started(world(FOUR, { b: answer() }))
  assert.equal(of.events, [])
  assert.is(of.knowledge.missing(), 1)
  assert.match(of.knowledge.why() ?? '', /1 more partner what it knows/)
  of.answers = { c: answer() }
  await of.tick()
  assert.equal(of.events, ['vouched'])
  assert.is(of.knowledge.why(), null)
})

test('who has answered is not asked again, who has not is asked every second', async () => {
  const of = await started(world(FOUR, { b: answer() }))
  assert.equal([of.asked.filter((id) => id === 'b').length, of.asked.filter((id) => id === 'c').length], [1, 4])
})

test('who takes as many seconds to fail as there are others is not asked alone for ever', async () => {
  const of = world(['a', 'b', 'c', 'd', 'e'], { b: answer() })
  Object.assign(of, { apart: ['c'], silentFor: 3 })
  await started(of)
  for (let n = 0; n < 9; n++) await of.tick()
  const ways = new Set(of.asked.filter((one) => one.startsWith('c through')))
  assert.equal([...ways].sort(), ['c through b', 'c through d', 'c through e'])
})

test('of two who are not connected, each is asked through each of the others', async () => {
  const of = world(['a', 'b', 'c', 'd', 'e'])
  of.apart = ['c', 'd']
  await started(of)
  const ways = new Set(of.asked.filter((one) => one.includes('through')))
  assert.equal([...ways].sort(), ['c through b', 'c through e', 'd through b', 'd through e'])
})

test('who is not connected is asked through the others, one after another', async () => {
  const of = world(FOUR, { b: answer() })
  of.apart = ['c']
  await started(of)
  assert.equal(of.events, [])
  assert.ok(of.asked.includes('c through b') && of.asked.includes('c through d'))
  of.answers = { c: answer() }
  await of.tick()
  assert.equal(of.events, ['vouched'])
})

test('an answer that another signed does not count', async () => {
  const of = world(FOUR, { b: answer(), c: answer(), d: answer() })
  of.signedBy = 'd'
  await started(of)
  assert.equal(of.events, [])
  assert.is(of.knowledge.missing(), 1)
})

test('one that does not vote, or is not admitted yet, needs a whole quorum', async () => {
  const of = await started(world(['b', 'c', 'd'], { b: answer(), c: answer() }))
  assert.equal(of.events, [])
  assert.is(of.knowledge.missing(), 1)
})

test('an answer counts once the own copy is as long, and while nothing is fetched', async () => {
  const of = await started(world(FOUR, { b: answer({ height: 9 }), c: answer({ height: 5 }) }))
  assert.is(of.knowledge.missing(), 1)
  of.syncing = true
  of.tip = 9
  of.knowledge.attend()
  assert.equal(of.events, [])
  of.syncing = false
  of.knowledge.attend()
  assert.equal(of.events, ['vouched'])
})

test('one that cannot tell what it signed itself does not count, and is asked again', async () => {
  const of = await started(world(FOUR, { b: answer(), c: answer({ since: null }) }))
  assert.is(of.knowledge.missing(), 1)
  of.answers.c = answer({ since: 4 })
  await of.tick()
  assert.equal(of.events, ['vouched'])
})

test('what the guard knows is no news', async () => {
  for (const more of [
    { messages: [vote(8, 1)] },
    { messages: [vote(8, 0, 'cd'.repeat(32)), vote(8, 0)] },
    { batch: batch(3) },
    { batch: batch(2, 'other') }
  ]) {
    const of = await started(world(FOUR, { b: answer(more), c: answer() }))
    assert.equal(of.events, ['vouched'], JSON.stringify(more))
  }
})

test('a vote or batch beyond the guard, or another one at its place, tells that the guard is old', async () => {
  const cases: [Partial<KnownAnswer>, RegExp][] = [
    [{ messages: [vote(8, 1, 'cd'.repeat(32))] }, /b shows a vote of height 8, round 1/],
    [{ messages: [vote(8, 0), vote(8, 2)] }, /a vote of height 8, round 2/],
    [{ messages: [vote(9, 0)] }, /a vote of height 9/],
    [{ messages: [vote(8, 0, null, sign, 1)] }, /a vote of height 8, round 0/],
    [{ batch: batch(4) }, /batch a\/4/],
    [{ batch: batch(3, 'other') }, /batch a\/3/]
  ]
  for (const [more, expected] of cases) {
    const of = await started(world(FOUR, { b: answer(more), c: answer(), d: answer() }))
    assert.is(of.events.length, 1)
    assert.match(of.events[0] ?? '', expected)
  }
})

test('a guard that has signed nothing knows of nothing', async () => {
  const of = await started(
    world(FOUR, { b: answer({ batch: batch(0) }), c: answer() }, { lastVote: null, lastBatch: null })
  )
  assert.match(of.events[0] ?? '', /batch a\/0/)
})

test('what was not signed by this node is no news, and such an answer does not count', async () => {
  const forged = vote(9, 0, null, signer(partnerSeed('b')))
  const of = await started(world(FOUR, { b: answer({ messages: [forged] }), c: answer() }))
  assert.equal(of.events, [])
  assert.is(of.knowledge.missing(), 1)
})

test('an own vote or batch in a block beyond the guard tells the same, until others have vouched', async () => {
  const certificate = (height: number, round: number) => ({
    block: 'cd'.repeat(32),
    height,
    round,
    votes: [{ voter: 'a', incarnation: 0, signature: '' }]
  })
  const { signature: _, ...header } = batch(4)
  const seen = [
    (of: World) => of.knowledge.sawCertificate(certificate(8, 1)),
    (of: World) => of.knowledge.sawBatch(header)
  ]
  for (const see of seen) {
    const of = world(FOUR)
    of.knowledge.start()
    of.knowledge.sawCertificate(certificate(8, 0))
    of.knowledge.sawBatch(batch(3))
    assert.equal(of.events, [])
    see(of)
    assert.is(of.events.length, 1)
    const vouched = await started(world(FOUR, { b: answer(), c: answer() }))
    see(vouched)
    assert.equal(vouched.events, ['vouched'])
  }
})

test('a batch that was signed, and that nobody has, tells that the store has lost it', async () => {
  const cases: [next: number, outbox: readonly number[], told: number | null, expected: string][] = [
    [3, [], null, 'lost batch 3'],
    [2, [2], null, 'lost batch 3'],
    [2, [3], null, 'lost batch 2'],
    [1, [], 1, 'lost batch 2'],
    [3, [3], null, 'vouched'],
    [1, [1, 2, 3], null, 'vouched'],
    [2, [], 3, 'vouched'],
    [1, [3], 2, 'vouched'],
    [4, [], null, 'vouched'],
    [6, [], null, 'vouched']
  ]
  for (const [next, outbox, told, expected] of cases) {
    const of = world(FOUR, { b: answer(), c: answer({ batch: told === null ? null : batch(told) }) })
    Object.assign(of, { next, outbox })
    await started(of)
    assert.equal(of.events, [expected], JSON.stringify({ next, outbox, told }))
  }
})

test('whether a batch is lost is asked only once the own copy is as long as the others', async () => {
  const of = world(FOUR, { b: answer({ height: 9 }), c: answer({ height: 9 }) })
  of.next = 1
  await started(of)
  assert.equal(of.events, [])
  Object.assign(of, { tip: 9, next: 4 })
  of.knowledge.attend()
  assert.equal(of.events, ['vouched'])
})

test('a founder that has lost its copy does not take itself for the only voter', async () => {
  const w = world(['a'])
  w.tip = 0
  w.knowledge.start()
  assert.equal(w.events, [])
  assert.match(w.knowledge.why()!, /signed for block 8, and its copy ends at block 0/)
  w.tip = 6
  w.knowledge.attend()
  assert.equal(w.events, [])
  w.tip = 7
  w.knowledge.attend()
  assert.equal([w.events, w.knowledge.why()], [['vouched'], null])
})

test('a batch of an older incarnation may be gone: it counts for nothing', async () => {
  const lastBatch = { ...OPENED.lastBatch!, position: { epoch: 0, incarnation: 1, sequence: 9 } }
  const of = await started(world(FOUR, { b: answer(), c: answer() }, { ...OPENED, lastBatch }))
  assert.equal(of.events, ['vouched'])
})

test('what was signed with a former key is its own, and no news; without that key it would be a lie', async () => {
  const former = partnerSeed('a, before')
  const header = batchHeader('a', 0, 3, ['x'])
  const shown = { batch: { ...header, signature: signer(former)(batchBytes(SCOPE, header)) } }
  const lastBatch = { ...OPENED.lastBatch!, position: { epoch: 0, incarnation: 1, sequence: 9 } }
  for (const isKnown of [true, false]) {
    const of = world(FOUR, { b: answer(shown), c: answer(shown) }, { ...OPENED, lastBatch })
    if (isKnown) of.formerKeys = [[0, keyText(publicKeyOf(former))]]
    await started(of)
    assert.equal(of.events, isKnown ? ['vouched'] : [])
  }
})

test('votes of before a fresh start are no news', async () => {
  const marks = marksOfFreshStart(SCOPE, { now: 0, decided: 0 }, { height: 8, round: 3 })
  const guard = { lastVote: marks.vote ?? null, lastBatch: marks.batch ?? null }
  const before = { messages: [vote(8, 2), vote(9, 0)], batch: batch(50) }
  const of = await started(world(['a', 'b'], { b: answer(before) }, guard))
  assert.equal(of.events, ['vouched'])
  const after = await started(world(['a', 'b'], { b: answer({ messages: [vote(9, 3)] }) }, guard))
  assert.match(after.events[0] ?? '', /height 9, round 3/)
})

test('a lost guard is replaced only where nothing is decided without the node', async () => {
  const of = world(['a', 'b'], { b: answer({ round: 1, messages: [vote(8, 2)] }) })
  of.isLost = true
  await started(of)
  assert.is(of.events[0], 'anew 8 4')
  const four = world(FOUR, { b: answer(), c: answer(), d: answer() })
  four.isLost = true
  await started(four)
  assert.equal(four.events, [])
  assert.equal(four.asked, [])
})

test('when the other of two cannot tell either, the operator is told', async () => {
  const of = world(['a', 'b'], { b: answer({ since: null }) })
  of.isLost = true
  await started(of)
  assert.match(of.knowledge.why() ?? '', /not yet told: b/)
  of.answers.b = answer({ since: 2, round: 2 })
  await of.tick()
  assert.match(of.knowledge.why() ?? '', /nobody can tell/)
  assert.equal(of.events, [])
})

test.run()
