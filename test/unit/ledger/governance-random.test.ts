import * as fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { Execution } from '../../../src/ledger/execution.js'
import type { ProposedChange } from '../../../src/ledger/governance-change.js'
import type { NetworkDefinition } from '../../../src/ledger/network-definition.js'
import type { Partner } from '../../../src/ledger/partner-set.js'
import {
  type BatchForTest,
  ballotOf,
  GOVERNED_NETWORK,
  governanceChain,
  proposalOf,
  READY,
  type Said,
  withdrawalOf
} from '../../support/governance-chain.js'
import { edited } from '../../support/model-proposals.js'
import { genesisOf, keyOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('random governance', { timeoutMs: 60_000 })

const ROLES = ['inspector', 'clerk', 'reader']
const KINDS = ['suspend', 'remove', 'reinstate', 'role', 'key', 'reinstate', 'model'] as const
const KEYS = ['x', 'y', 'z'].map(keyOf)

const BASE = genesisOf([], GOVERNED_NETWORK).genesis.network

/** Network files that follow one another in any order, in short what each says, and what `model` needs. */
const FILES = [
  BASE,
  edited(BASE, ({ roles }) => {
    roles.clerk!.govern = true
  }),
  edited(BASE, (draft) => {
    draft.quorum = 'majority'
    draft.roles.reader!.vote = true
  }),
  edited(BASE, ({ roles }) => {
    delete roles.clerk
  }),
  edited(BASE, (draft) => {
    draft.thresholds = { model: 'one', remove: 'all', role: 'majority' }
  }),
  edited(BASE, (draft) => {
    draft.title = 'Other'
    draft.thresholds = { suspend: 'all' }
  })
]

/** What one partner does: numbers are taken modulo what there is. */
interface Move {
  readonly by: number
  readonly what: 'propose' | 'vote' | 'withdraw' | 'ready'
  readonly kind: number
  readonly about: number
  readonly yes: boolean
  /** Whether a batch ends before it. */
  readonly cut: boolean
}

interface Game {
  readonly roles: readonly string[]
  readonly blocks: readonly (readonly Move[])[]
}

const anyMove: fc.Arbitrary<Move> = fc.record({
  by: fc.nat(6),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant('propose' as const) },
    { weight: 16, arbitrary: fc.constant('vote' as const) },
    { weight: 1, arbitrary: fc.constant('withdraw' as const) },
    { weight: 3, arbitrary: fc.constant('ready' as const) }
  ),
  kind: fc.nat(KINDS.length - 1),
  about: fc.nat(20),
  yes: fc.constantFrom(true, true, true, false),
  cut: fc.boolean()
})

const anyGame: fc.Arbitrary<Game> = fc.record({
  roles: fc.array(fc.constantFrom('inspector', 'inspector', 'inspector', 'clerk', 'reader'), {
    maxLength: 6,
    size: 'max'
  }),
  blocks: fc.array(fc.array(anyMove, { minLength: 4, maxLength: 12, size: 'max' }), {
    minLength: 6,
    maxLength: 14,
    size: 'max'
  })
})

type Chain = ReturnType<typeof governanceChain>

/** What these games propose. */
type FileChange = Exclude<ProposedChange, { readonly kind: 'version' }>

/** A proposal as the game knows it, whatever its record is called. */
interface Known {
  readonly id: string
  readonly by: string
  readonly change: FileChange
  readonly ballots: Map<string, boolean>
  isOpen: boolean
}

/** Plays a game; `isCut`: with the batches cut where the moves say, else with one batch of each author in a block. */
function play({ roles, blocks }: Game, isCut: boolean) {
  const names = ['inspector', ...roles].map((role, at) => [`p${at + 1}`, role] as const)
  const chain = governanceChain(Object.fromEntries(names))
  const known: Known[] = []
  const seen: string[] = []
  const outcomes = new Map<string, number>()
  for (const moves of blocks) {
    const { batches, made } = arranged(chain, names.length, known, moves, isCut)
    const latest = chain.rulebook().nextPartners.partners
    const file = chain.rulebook().models.next.model.network
    const execution = chain.commit(batches)
    check(chain, { before: latest, file, known, batches, made, execution, outcomes })
    // By place in the game, since ids tell the batch.
    const place = (id: string): string => `#${known.findIndex((one) => one.id === id)}`
    const lines = [...chain.entries]
      .filter(([key]) => /^[gkmMpP]:/.test(key))
      .map(([key, { text }]) => `${key} ${text}`)
    seen.push(
      lines
        .map((line) => line.replaceAll(/p\d+\/\d+\/\d+/g, place))
        .sort()
        .join('\n')
    )
  }
  return { seen, outcomes }
}

/** The moves of a block as batches, and the ids of the proposals in them; authors that cannot write are passed over. */
function arranged(
  chain: Chain,
  count: number,
  known: readonly Known[],
  moves: readonly Move[],
  isCut: boolean
): { readonly batches: BatchForTest[]; readonly made: Map<Said, string> } {
  const batches: BatchForTest[] = []
  const made = new Map<Said, string>()
  const later: string[] = []
  for (let at = 0; at < count; at++) {
    const author = `p${at + 1}`
    if (!['active', 'pending'].includes(chain.now(author).state)) continue
    const own: Said[][] = []
    for (const move of moves.filter(({ by }) => by % count === at)) {
      // Now and then of one that is closed.
      const ids = [...known.filter(({ isOpen }) => isOpen || move.about === 0).map(({ id }) => id), ...later]
      const said = saidBy(move, count, ids)
      if (said === null) continue
      if (own.length === 0 || (isCut && move.cut)) own.push([])
      own.at(-1)!.push(said)
      if (said.object !== '_proposal') continue
      const id = chain.nextId(author, own.at(-1)!.length - 1, own.length - 1)
      made.set(said, id)
      later.push(id)
    }
    for (const records of own) batches.push([author, records])
  }
  return { batches, made }
}

function saidBy({ what, kind, about, yes }: Move, count: number, ids: readonly string[]): Said | null {
  if (what === 'ready') return { ...READY }
  if (what === 'propose') return proposalOf(changeOf(KINDS[kind]!, `p${(about % count) + 1}`, about))
  const id = ids.length === 0 ? undefined : ids[ids.length - 1 - (about % Math.min(ids.length, 4))]
  if (id === undefined) return null
  return what === 'vote' ? ballotOf(id, yes) : withdrawalOf(id)
}

function changeOf(kind: FileChange['kind'], partner: string, about: number): FileChange {
  if (kind === 'model') return { kind, network: FILES[about % FILES.length]! }
  if (kind === 'role') return { kind, partner, role: ROLES[about % 3]! }
  return kind === 'key' ? { kind, partner, key: KEYS[about % 3]! } : { kind, partner }
}

type Sets = readonly Partner[]

const governs = (file: NetworkDefinition, set: Sets): string[] =>
  set.filter(({ role, state }) => file.roles[role]?.govern === true && state === 'active').map(({ id }) => id)

const isOwn = ({ by, change }: Known): boolean =>
  change.kind !== 'model' && by === change.partner && change.kind !== 'role' && change.kind !== 'reinstate'

const STRICTNESS = ['one', 'majority', 'two-thirds', 'all']

function thresholdOf(file: NetworkDefinition, change: FileChange): string {
  const of = (one: NetworkDefinition, kind: string): string => {
    return one.thresholds?.[kind as 'key'] ?? (kind === 'suspend' ? 'majority' : 'two-thirds')
  }
  if (change.kind !== 'model') return of(file, change.kind)
  const touched = [of(file, 'model')]
  for (const kind of ['model', 'remove', 'role', 'suspend']) {
    if (of(file, kind) !== of(change.network, kind)) touched.push(of(file, kind), of(change.network, kind))
  }
  const rights = (one: NetworkDefinition, role: string): string | null => {
    return one.roles[role] === undefined ? null : `${one.roles[role].govern} ${one.roles[role].vote}`
  }
  const isOther = ROLES.some((role) => {
    const [was, is] = [rights(file, role), rights(change.network, role)]
    return was !== null && is !== null && was !== is
  })
  if (isOther) touched.push(of(file, 'role'))
  return touched.sort((x, y) => STRICTNESS.indexOf(y) - STRICTNESS.indexOf(x))[0]!
}

/** Whether so many of n are enough, as a file says. */
function isEnough(file: NetworkDefinition, { change }: Known, yes: number, n: number): boolean {
  const threshold = thresholdOf(file, change)
  if (threshold === 'one') return yes >= 1
  if (threshold === 'all') return yes >= n
  return threshold === 'majority' ? 2 * yes > n : 3 * yes > 2 * n
}

function afterChange(file: NetworkDefinition, set: Sets, change: FileChange): Sets {
  return set.map((partner) => {
    if (change.kind === 'model') {
      return partner.state === 'removed' ? partner : { ...partner, voter: change.network.roles[partner.role]!.vote }
    }
    if (partner.id !== change.partner) return partner
    const incarnation = partner.incarnation + 1
    if (change.kind === 'role') return { ...partner, role: change.role, voter: file.roles[change.role]!.vote }
    if (change.kind === 'key') return { ...partner, incarnation, key: change.key }
    if (change.kind === 'reinstate') return { ...partner, state: 'pending' }
    return { ...partner, incarnation, state: change.kind === 'suspend' ? 'suspended' : 'removed' }
  })
}

interface Played {
  /** The set decided before the block. */
  readonly before: Sets
  /** The network file decided before the block. */
  readonly file: NetworkDefinition
  readonly known: Known[]
  readonly batches: readonly BatchForTest[]
  /** Ids that the proposals of the block have. */
  readonly made: ReadonlyMap<Said, string>
  readonly execution: Execution
  readonly outcomes: Map<string, number>
}

/** Holds a block against what the rules say in short. */
function check(chain: Chain, { before, file: fileBefore, known, batches, made, execution, outcomes }: Played): void {
  let set = before
  let file = fileBefore
  const may = governs(file, before)
  for (const [at, [author, records]] of batches.entries()) {
    for (const [index, said] of records.entries()) {
      if (execution.verdicts[at]![index] !== null) continue
      if (said.object === '_ready') {
        set = set.map((partner) => (partner.id === author ? { ...partner, state: 'active' as const } : partner))
        continue
      }
      const id = made.get(said)
      const ballots = new Map(may.includes(author) ? [[author, true]] : [])
      const change = said.data.change as unknown as FileChange
      if (id !== undefined) known.push({ id, by: author, change, ballots, isOpen: true })
      const proposal = known.find((one) => one.id === (id ?? said.data.proposal))!
      assert.ok(proposal.isOpen, 'what is closed stays closed')
      assert.ok(said.object === '_withdraw' ? proposal.by === author : may.includes(author) || isOwn(proposal))
      if (said.object === '_withdraw') proposal.isOpen = false
      if (said.object === '_ballot') proposal.ballots.set(author, said.data.yes as boolean)
    }
  }
  const count = (proposal: Known, yes: boolean): number =>
    governs(file, set).filter((id) => proposal.ballots.get(id) === yes).length
  const closed = known.filter(({ id, isOpen }) => isOpen && chain.proposal(id).state !== 'open')
  // In the order in which they were closed: each may change who counts for the next.
  for (const { key, entry } of execution.writes) {
    const one = closed.find(({ id }) => key === `g:${id}`)
    if (one === undefined) continue
    const n = governs(file, set).length
    if (entry.text.endsWith('"state":"rejected"}')) {
      assert.not.ok(isEnough(file, one, n - count(one, false), n), 'what could still pass is not rejected')
    }
    if (!entry.text.endsWith('"state":"passed"}')) continue
    assert.ok(isOwn(one) || isEnough(file, one, count(one, true), n), 'no change without enough votes')
    set = afterChange(file, set, one.change)
    if (one.change.kind === 'model') file = one.change.network
    assert.ok(governs(file, set).length > 0, 'somebody governs')
    assert.ok(
      set.some(({ voter, state }) => voter && state === 'active'),
      'somebody votes'
    )
    assert.is(new Set(set.map(({ key }) => key)).size, set.length, 'no key twice')
  }
  assert.equal(chain.rulebook().nextPartners.partners, set)
  assert.is(chain.rulebook().nextPartners.quorum, file.quorum)
  assert.equal(chain.rulebook().models.next.model.network, file)
  for (const { role, state } of set) assert.ok(state === 'removed' || file.roles[role] !== undefined, 'no role is lost')
  for (const one of closed) {
    one.isOpen = false
    const outcome = `${one.change.kind} ${chain.proposal(one.id).state}`
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  const n = governs(file, set).length
  for (const one of known.filter(({ isOpen }) => isOpen)) {
    assert.not.ok(isOwn(one) || isEnough(file, one, count(one, true), n), 'what has enough does not wait')
    assert.ok(isEnough(file, one, n - count(one, false), n), 'what cannot pass does not wait')
  }
  assert.equal(
    chain.open(),
    known.filter(({ isOpen }) => isOpen).map(({ id }) => id)
  )
}

test('whatever partners say and however they batch it, nothing passes without enough votes, and all see the same', async () => {
  const outcomes = new Map<string, number>()
  const holds = fc.property(anyGame, (game) => {
    const whole = play(game, false)
    assert.equal(play(game, true).seen, whole.seen)
    for (const [outcome, times] of whole.outcomes) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + times)
  })
  await fc.assert(holds, { numRuns: 20 })
  // The same games each time, so that what is counted below is no matter of luck.
  await fc.assert(holds, { numRuns: 50, seed: 2 })
  // Games in which nothing happens would prove nothing.
  const times = (state: string): number => KINDS.reduce((sum, kind) => sum + (outcomes.get(`${kind} ${state}`) ?? 0), 0)
  assert.ok(
    (outcomes.get('model passed') ?? 0) > 3 && (outcomes.get('model stale') ?? 0) > 0,
    JSON.stringify([...outcomes])
  )
  assert.ok(times('passed') > 20 && times('rejected') > 0 && times('stale') > 0, JSON.stringify([...outcomes]))
})

test.run()
