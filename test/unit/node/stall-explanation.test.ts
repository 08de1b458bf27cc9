import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { resultDiffers } from '../../../src/node/result-difference.js'
import {
  causeKey,
  explainStall,
  STALL_CODES,
  type StallSnapshot,
  stallText,
  type VoterSight
} from '../../../src/node/stall-explanation.js'
import { projectRoot } from '../../support/source.js'
import { suite } from '../../support/suite.js'

const test = suite('stall explanation')

const NOON = Date.UTC(2025, 2, 1, 12)
const BLOCK = 'ab'.repeat(32)

function voter(id: string, more: Partial<VoterSight> = {}): VoterSight {
  return { id, online: true, awaySince: null, height: 13, votedRound: 3, ...more }
}

/** p1 of four, deciding block 14 in round 3 with everybody there. */
const well: StallSnapshot = {
  self: 'p1',
  height: 14,
  round: 3,
  proposerOf: (round) => `p${(round % 4) + 1}`,
  clockBehindMs: -1000,
  rejoining: false,
  asking: 0,
  syncing: false,
  voters: [voter('p1'), voter('p2'), voter('p3'), voter('p4')],
  needed: 3,
  objections: [],
  setAside: [],
  hasOther: true,
  missing: [],
  gaps: [],
  clocks: []
}

const away = { online: false, height: null, votedRound: null }
const aside = { author: 'p2', sequence: 5, why: 'p3: record p2/5/0 is accepted here', fromHeight: 16 }

interface Case {
  readonly name: string
  readonly seen: Partial<StallSnapshot>
  readonly codes: readonly string[]
  readonly says: readonly RegExp[]
}

const cases: readonly Case[] = [
  {
    name: 'nothing is known but the round',
    seen: {},
    codes: ['undecided'],
    says: [/has not agreed on block 14 yet; this is round 3, p4 proposes; wait/]
  },
  {
    name: 'who is missing for a quorum, since when, and how many are enough',
    seen: { voters: [voter('p1'), voter('p2'), voter('p3', { ...away, awaySince: NOON }), voter('p4', away)] },
    codes: ['no-quorum'],
    says: [
      /3 of 4 voting partners are needed and 2 are online; not reached: p3 \(since 2025-03-01T12:00:00Z\), p4 \(never yet\)/,
      /get the node of one of them started/
    ]
  },
  {
    name: 'the own clock is behind: what is seen of others counts for nothing',
    seen: { clockBehindMs: 3_600_000, objections: [{ voter: 'p2', round: 3, reason: 'no proposal in time' }] },
    codes: ['own-clock'],
    says: [/clock of this machine is 3600 s behind the newest block; set it right/]
  },
  {
    name: 'rejoining, without a quorum of others',
    seen: { rejoining: true, voters: [voter('p1'), voter('p2'), voter('p3', away), voter('p4', away)] },
    codes: ['rejoining', 'no-quorum'],
    says: [/lost its sign guard and waits for a partner to write down that it rejoins/]
  },
  {
    name: 'asking what others know of it',
    seen: { asking: 2, voters: [voter('p1'), voter('p2'), voter('p3'), voter('p4', { ...away, awaySince: NOON })] },
    codes: ['asking'],
    says: [/2 more partners have to tell what they know of it; get the nodes of p4 \(since /]
  },
  { name: 'behind and getting nothing', seen: { syncing: true }, codes: ['syncing'], says: [/gets no further blocks/] },
  {
    name: 'a batch is set aside, and there is nothing else: what follows from that is left out',
    seen: {
      setAside: [aside],
      hasOther: false,
      objections: [{ voter: 'p2', round: 3, reason: 'no proposal in time' }]
    },
    codes: ['set-aside'],
    says: [/^batch p2\/5 is set aside until block 16: .*\(p3: record p2\/5\/0 is accepted here\); compare `ledger-node/]
  },
  {
    name: 'who refuses and why, together when they say the same',
    seen: {
      objections: [
        { voter: 'p2', round: 3, reason: 'it holds 7 bytes, too many for round 3' },
        { voter: 'p1', round: 3, reason: 'it holds 7 bytes, too many for round 3' },
        { voter: 'p3', round: 0, reason: 'long ago' }
      ]
    },
    codes: ['refusal'],
    says: [/p2, this node did not endorse a block in round 3, in which p4 was to propose: it holds 7 bytes/]
  },
  {
    name: 'that one who is away proposes nothing is no news',
    seen: {
      voters: [voter('p1'), voter('p2'), voter('p3'), voter('p4', away)],
      objections: [{ voter: 'p2', round: 3, reason: 'no proposal in time' }]
    },
    codes: ['undecided'],
    says: []
  },
  {
    name: 'another result',
    seen: { objections: [{ voter: 'p3', round: 2, reason: resultDiffers(BLOCK, 'record p1/0/1 is accepted here') }] },
    codes: ['result-differs'],
    says: [
      /p3 refuses the block that p3 proposed in round 2: another result there \(record p1\/0\/1 is accepted here\)/,
      /ledger-node --version/
    ]
  },
  {
    name: 'clocks differ, as others say',
    seen: {
      objections: ['p1', 'p2'].map((id) => ({
        voter: id,
        round: 3,
        reason: `CLOCKS_DIFFER: its time is 1${id.slice(1)}.5 s ahead of the clock here`
      }))
    },
    codes: ['clocks-differ'],
    says: [/this node, p2 refuse the block that p4 proposed in round 3: its time is 11\.5 s ahead/, /clock of p4/]
  },
  {
    name: 'one clock is off',
    seen: {
      clocks: [
        { partner: 'p2', ms: 40 },
        { partner: 'p3', ms: 12_000 },
        { partner: 'p4', ms: -100 }
      ]
    },
    codes: ['clock'],
    says: [/the clock of p3 is about 12 s ahead; tell p3 to set its clock right/]
  },
  {
    name: 'all clocks are off the same way: it is the own one',
    seen: {
      clocks: [
        { partner: 'p2', ms: 9_000 },
        { partner: 'p3', ms: 8_900 },
        { partner: 'p4', ms: 100 }
      ]
    },
    codes: ['clock'],
    says: [/the clock of this machine is about 9 s behind those of p2, p3; set the clock of this machine right/]
  },
  {
    name: 'of two clocks nobody can tell which is off',
    seen: { clocks: [{ partner: 'p2', ms: -9_000 }] },
    codes: ['clock'],
    says: [/the clocks of this machine and of p2 differ by about 9 s; one of both is wrong/]
  },
  {
    name: 'clocks off by what is allowed are no trouble',
    seen: {
      clocks: [
        { partner: 'p2', ms: 500 },
        { partner: 'p3', ms: -2_500 }
      ]
    },
    codes: ['undecided'],
    says: []
  },
  {
    name: 'batches that nobody has',
    seen: { missing: [{ block: BLOCK, proposer: 'p4', batches: 2 }] },
    codes: ['missing-batches'],
    says: [/2 batches of block abababababababab of p4 are nowhere to be had; .*node of p4 runs/]
  },
  {
    name: 'a block of which only the hash is here',
    seen: { missing: [{ block: BLOCK, proposer: '', batches: null }] },
    codes: ['missing-batches'],
    says: [/block abababababababab is not here; .*its proposer/]
  },
  {
    name: 'batches after one that nobody has given',
    seen: { gaps: [{ author: 'p3', sequence: 7 }] },
    codes: ['missing-sequence'],
    says: [/wait for one before them that nobody has given: p3\/7; see that the node of p3 runs/]
  },
  {
    name: 'connected and behind, connected and silent',
    seen: { voters: [voter('p1'), voter('p2', { height: 10 }), voter('p3', { votedRound: null }), voter('p4')] },
    codes: ['behind', 'silent'],
    says: [
      /not yet at block 13, and so not voting: p2 \(at 10\)/,
      /connected, but not voting: p3; look at `ledger status` there/
    ]
  }
]

for (const { name, seen, codes, says } of cases) {
  test(name, () => {
    const causes = explainStall({ ...well, ...seen })
    assert.equal(
      causes.map(({ code }) => code),
      codes
    )
    for (const pattern of says) assert.match(stallText(causes), pattern)
    for (const { why, todo } of causes) assert.ok(why.length > 0 && todo.length > 0)
  })
}

test('every code has its case here and its line in docs/partners.md', () => {
  const tried = new Set(cases.flatMap(({ codes }) => codes))
  const docs = readFileSync(join(projectRoot, 'docs/partners.md'), 'utf8')
  for (const code of STALL_CODES) {
    assert.ok(tried.has(code), code)
    assert.ok(docs.includes(`| \`${code}\` |`), `docs/partners.md: ${code}`)
  }
})

test('long reasons and long lists are cut', () => {
  const voters = Array.from({ length: 100 }, (_, at) => voter(`partner-${at}`, away))
  const objections = voters.map(({ id }, at) => ({ voter: id, round: 3, reason: `${'x'.repeat(900)}${at % 50}` }))
  const gaps = voters.map(({ id }) => ({ author: id, sequence: 1 }))
  assert.ok(stallText(explainStall({ ...well, voters, needed: 67, objections, gaps })).length < 3000)
})

test('causes are the same but for rounds, heights, times and amounts', () => {
  const key = (seen: Partial<StallSnapshot>): string => causeKey(explainStall({ ...well, ...seen })[0]!)
  const refusal = (round: number, who: string, bytes: number): string => {
    const reason = `it holds ${bytes} bytes, too many for round ${round}`
    return key({ round, proposerOf: () => 'p4', objections: [{ voter: who, round, reason }] })
  }
  assert.is(refusal(3, 'p2', 7), refusal(14, 'p2', 900))
  assert.is.not(refusal(3, 'p2', 7), refusal(3, 'p3', 7))
  const alone = (awaySince: number): string =>
    key({ voters: [voter('p1'), voter('p2', { ...away, awaySince })], needed: 2 })
  assert.is(alone(NOON), alone(NOON + 86_400_000))
})

test.run()
