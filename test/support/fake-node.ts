import { LedgerError, type Refusal } from '../../src/base/errors.js'
import type { Json, JsonObject } from '../../src/base/json.js'
import type { NetworkDefinition } from '../../src/ledger/network-definition.js'
import { quorumOf } from '../../src/ledger/quorum.js'
import type {
  AppendOutcome,
  InvitationView,
  LedgerNode,
  ListedEvidence,
  ListedRecord,
  NodeStatus,
  PartnerView,
  ProposalView,
  RecordView
} from '../../src/node/ledger-node.js'
import { fakeAttachments } from './fake-attachments.js'
import { fakeInvitation, fakeProposal, fakeRehearsal, NO_AMENDMENTS } from './fake-governance.js'

/**
 * A LedgerNode in memory, with just enough behaviour to test what stands upon it: the odometer never goes down, a record
 * with `hold` stays pending, one with `wait` is decided only when {@link FakeNode.release} is called.
 */
export interface FakeNode extends LedgerNode {
  /** Decides what waits. */
  release(): void
  /** Adds records as if they had been committed. */
  seed(data: readonly JsonObject[]): void
  /** How many chunks append has taken. */
  readonly taken: () => number
  /** What the next call of anything throws. */
  fail(error: unknown): void
  /** Whether an append or change feed is running. */
  readonly running: () => number
  /** How the last append ended: 'done', or with what error. */
  readonly lastEnd: () => unknown
  /** Puts other partners beside p1, and says why nothing moves. */
  network(others: readonly PartnerView[], stalled?: string): void
  /** What its status tells of strangers. */
  strangers(told: NodeStatus['strangers']): void
  /** Addresses that invitations carry. */
  addresses(addresses: readonly string[]): void
  /** Puts lies of partners on the chain. */
  lies(items: readonly ListedEvidence[]): void
  /** Keys of the invitations that were revoked. */
  readonly revoked: () => readonly string[]
}

export const FAKE_TIME = '2025-03-01T12:00:00.000Z'

export const FAKE_NETWORK: NetworkDefinition = {
  format: 1,
  title: 'Inspections',
  quorum: 'two-thirds',
  roles: { inspector: { append: ['inspection', 'note'], govern: true, vote: true } },
  objects: {
    inspection: {
      title: 'Inspection',
      key: ['vehicle'],
      fields: {
        type: 'object',
        additionalProperties: false,
        required: ['vehicle', 'odometer'],
        properties: { vehicle: { type: 'string', maxLength: 20 }, odometer: { type: 'integer', minimum: 0 } }
      },
      references: {},
      rules: [
        {
          id: 'odometer-never-decreases',
          expr: 'previous == null || record.odometer >= previous.odometer',
          message: 'odometer {record.odometer} is lower than {previous.odometer}'
        }
      ]
    },
    note: { title: 'Note', key: [], fields: { type: 'object' }, references: {}, rules: [] },
    stay: {
      title: 'Stay',
      key: ['hotel', 'room', 'night'],
      fields: {
        type: 'object',
        properties: { hotel: { type: 'string' }, room: { type: 'integer' }, night: { type: 'boolean' } }
      },
      references: {},
      rules: []
    }
  }
}

const HASH = 'ab'.repeat(32)

const SELF: PartnerView = {
  id: 'p1',
  name: 'Partner one',
  role: 'inspector',
  key: '12D3KooW',
  state: 'active',
  voter: true,
  connected: true,
  height: 0,
  addresses: [],
  evidence: 0,
  misconduct: { seen: 0, hungUp: 0, last: null }
}

export function createFakeNode(): FakeNode {
  const records: RecordView[] = []
  let sequence = 0
  let taken = 0
  let running = 0
  let failure: unknown
  let lastEnd: unknown
  let release = (): void => {}
  let released = new Promise<void>((resolve) => (release = resolve))
  const watchers = new Set<() => void>()
  let partners: readonly PartnerView[] = [SELF]
  let stalled: NodeStatus['stalled'] = null
  let strangers: NodeStatus['strangers'] = { seen: 0, hungUp: 0, last: null, refused: 0 }
  let inviteAddresses: readonly string[] = ['/ip4/203.0.113.5/tcp/4001']
  const revoked: string[] = []
  const proposals: ProposalView[] = []
  const invitations: InvitationView[] = []
  let lies: readonly ListedEvidence[] = []

  const quorum = (): NodeStatus['quorum'] => {
    const voters = partners.filter(({ voter, state }) => voter && state === 'active')
    const needed = quorumOf(voters.length, 'two-thirds')
    return { rule: 'two-thirds', needed, online: voters.filter(({ connected }) => connected).length }
  }
  const mayFail = (): void => {
    if (failure === undefined) return
    const error = failure
    failure = undefined
    throw error
  }
  const keyOf = (object: string, data: JsonObject): Json[] =>
    (FAKE_NETWORK.objects[object]?.key ?? []).map((field) => data[field] ?? null)
  const newest = (object: string, key: string): RecordView | undefined =>
    records.findLast((record) => record.object === object && JSON.stringify(record.key) === key)
  const commit = (object: string, data: JsonObject): RecordView => {
    const height = records.length + 1
    const id = `p1/${sequence++}/0`
    const record: RecordView = {
      id,
      object,
      key: keyOf(object, data),
      author: 'p1',
      height,
      time: FAKE_TIME,
      status: 'accepted',
      data
    }
    records.push(record)
    for (const wake of watchers) wake()
    return record
  }
  const judge = (object: string, data: JsonObject): Refusal | null => {
    const previous = newest(object, JSON.stringify(keyOf(object, data)))?.data.odometer
    if (data.forbidden === true) return { code: 'NOT_PERMITTED', message: "the role 'inspector' may not append this" }
    if (typeof previous !== 'number' || Number(data.odometer) >= previous) return null
    return {
      code: 'RULE_BROKEN',
      rule: 'odometer-never-decreases',
      message: `odometer ${data.odometer} is lower than ${previous}`,
      details: { record: { odometer: data.odometer }, previous: { odometer: previous } }
    }
  }
  const read = (text: string): JsonObject | Refusal => {
    try {
      return JSON.parse(text) as JsonObject
    } catch {
      return { code: 'MALFORMED', message: 'not JSON' }
    }
  }
  const page = (all: readonly RecordView[], limit = 50, after?: string): ListedRecord[] => {
    const from = after === undefined ? 0 : Number(after)
    return all.slice(from, from + limit).map((record, index) => ({ ...record, cursor: String(from + index + 1) }))
  }

  async function* append(
    object: string,
    chunks: AsyncIterable<Uint8Array>,
    signal?: AbortSignal
  ): AsyncGenerator<AppendOutcome> {
    running += 1
    lastEnd = 'cut'
    try {
      const decoder = new TextDecoder()
      let rest = ''
      let line = 0
      for await (const chunk of chunks) {
        taken += 1
        rest += decoder.decode(chunk, { stream: true })
        const lines = rest.split('\n')
        rest = lines.pop() ?? ''
        for (const text of lines) {
          line += 1
          if (text.trim() !== '') yield await decide(object, line, text, signal)
        }
      }
      if (rest.trim() !== '') yield await decide(object, line + 1, rest, signal)
      lastEnd = 'done'
    } catch (error) {
      lastEnd = error
      throw error
    } finally {
      running -= 1
    }
  }

  async function decide(object: string, line: number, text: string, signal?: AbortSignal): Promise<AppendOutcome> {
    mayFail()
    const data = read(text)
    if ('code' in data && data.code === 'MALFORMED') return { line, status: 'refused', ...(data as unknown as Refusal) }
    const record = data as JsonObject
    if (record.wait === true) {
      const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()))
      await Promise.race([released, aborted])
      if (signal?.aborted) throw new LedgerError('CLOSED', 'aborted')
      released = new Promise<void>((resolve) => (release = resolve))
    }
    if (record.hold === true) return { line, status: 'pending', id: `p1/${sequence++}/0`, code: 'NO_QUORUM' }
    const refusal = judge(object, record)
    if (refusal !== null) return { line, status: 'refused', ...refusal }
    const { id, height } = commit(object, record)
    return { line, status: 'accepted', id, height: height ?? 0 }
  }

  function replaceProposal(id: string, change: Partial<ProposalView>): ProposalView {
    const index = proposals.findIndex((proposal) => proposal.id === id)
    const before = proposals[index]
    if (before === undefined) throw new LedgerError('NOT_FOUND', `there is no proposal ${id}`)
    const next = { ...before, ...change }
    proposals[index] = next
    return next
  }

  return {
    partner: 'p1',
    attachments: fakeAttachments(),
    status() {
      mayFail()
      return {
        network: 'Inspections',
        genesis: HASH,
        epoch: 0,
        recoveries: [],
        partner: { id: 'p1', state: partners[0]?.state ?? 'removed', role: 'inspector' },
        height: records.length,
        head: HASH,
        stateHash: HASH,
        partners: partners.map(({ id, state, connected, height }) => ({ id, state, connected, height })),
        quorum: quorum(),
        mempool: { batches: 0, records: 0 },
        strangers,
        syncing: false,
        stalled
      }
    },
    partners: () => partners,
    async invite({ partner, role }) {
      mayFail()
      if (partners.some(({ id }) => id === partner))
        throw new LedgerError('DUPLICATE', `${partner} is a partner already`)
      invitations.push(fakeInvitation(partner, role, FAKE_TIME))
      return { token: `token-of-${partner}-${role}`, addresses: inviteAddresses }
    },
    async invitations({ state, limit = 50, after }) {
      mayFail()
      const from = after === undefined ? 0 : invitations.findIndex(({ id }) => id === after) + 1
      return invitations
        .slice(from)
        .filter((invitation) => state === undefined || invitation.state === state)
        .slice(0, limit)
        .map((invitation) => ({ ...invitation, cursor: invitation.id }))
    },
    async revoke(key) {
      mayFail()
      revoked.push(key)
    },
    async propose({ change, reason = '' }) {
      mayFail()
      const kept: ProposalView['change'] = change.kind === 'model' ? { kind: 'model', model: HASH } : change
      const proposal = fakeProposal(`p1/${proposals.length}/0`, kept, reason, FAKE_TIME)
      proposals.push(proposal)
      return proposal
    },
    async vote(id, { yes, reason = '' }) {
      mayFail()
      const vote = { partner: 'p2', vote: yes ? ('yes' as const) : ('no' as const), reason, height: 2 }
      return replaceProposal(id, { votes: [vote], yes: yes ? 2 : 1, no: yes ? 0 : 1 })
    },
    ...NO_AMENDMENTS,
    async withdraw(id) {
      mayFail()
      return replaceProposal(id, { state: 'withdrawn', closed: 3 })
    },
    async proposals({ state, limit = 50, after }) {
      mayFail()
      return proposals
        .map((proposal, index) => ({ ...proposal, cursor: String(index) }))
        .filter(({ cursor }) => after === undefined || Number(cursor) > Number(after))
        .filter((proposal) => state === undefined || proposal.state === state)
        .slice(0, limit)
    },
    proposal: (id) => replaceProposal(id, {}),
    genesis: () => ({
      time: 1740830400000,
      format: 1,
      limits: { ruleCostMax: 10_000 },
      network: FAKE_NETWORK as unknown as JsonObject,
      partners: []
    }),
    model: () => ({ hash: HASH, network: FAKE_NETWORK, from: 0, next: null }),
    append: (object, chunks, options) => append(object, chunks, options.signal),
    check(object, text) {
      const data = read(text)
      return 'code' in data && data.code === 'MALFORMED'
        ? (data as unknown as Refusal)
        : judge(object, data as JsonObject)
    },
    get: (object, key) => newest(object, JSON.stringify(key)) ?? null,
    async history(object, key, { limit, after }) {
      const text = JSON.stringify(key)
      const under = records.filter((record) => record.object === object && JSON.stringify(record.key) === text)
      return page(under, limit, after)
    },
    async list(object, { where = {}, limit, after, history }) {
      mayFail()
      const of = records.filter((record) => record.object === object)
      const wanted = of.filter((record) =>
        Object.entries(where).every(([name, value]) => `${record.data[name]}` === value)
      )
      const newestOnly = wanted.filter((record) => newest(object, JSON.stringify(record.key)) === record)
      return page(history ? wanted : newestOnly, limit, after)
    },
    show: (id) => records.find((record) => record.id === id) ?? null,
    block: (height) => (height <= records.length ? { height, header: { time: 1 } } : null),
    async *changes({ since, object, signal }) {
      running += 1
      try {
        let at = since === undefined ? records.length : Number(since.split('.')[0])
        while (!signal.aborted) {
          const record = records[at]
          if (record === undefined) {
            await new Promise<void>((resolve) => {
              const wake = (): void => {
                watchers.delete(wake)
                signal.removeEventListener('abort', wake)
                resolve()
              }
              watchers.add(wake)
              signal.addEventListener('abort', wake)
            })
            continue
          }
          at += 1
          if (object === undefined || record.object === object) yield { id: `${record.height}.0.0`, record }
        }
      } finally {
        running -= 1
      }
    },
    receipt: (id) => (records.some((record) => record.id === id) ? `{"format":1,"id":"${id}"}\n` : null),
    async evidence({ limit = 50, after, proof }) {
      mayFail()
      const from = lies.findIndex(({ cursor }) => cursor === after) + 1
      return lies.slice(from, from + limit).map((lie) => (proof ? { ...lie, receipt: { format: 1 } } : lie))
    },
    lies(items) {
      lies = items
    },
    checkpoint: () => ({ height: records.length, hash: HASH, set: {} }),
    async rehearse(_, options) {
      mayFail()
      return await fakeRehearsal(records, options)
    },
    async verify({ onProgress }) {
      mayFail()
      onProgress?.(1, 2)
      return { ok: true, height: records.length, records: records.length, head: HASH }
    },
    release: () => release(),
    seed: (data) => data.forEach((one) => void commit('inspection', one)),
    taken: () => taken,
    running: () => running,
    lastEnd: () => lastEnd,
    network(others, why) {
      partners = [SELF, ...others]
      stalled = why === undefined ? null : { since: FAKE_TIME, why }
    },
    strangers: (told) => (strangers = told),
    addresses: (addresses) => (inviteAddresses = addresses),
    revoked: () => revoked,
    fail: (error) => (failure = error)
  }
}
