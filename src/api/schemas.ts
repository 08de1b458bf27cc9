import { ERROR_CODES } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { LANGUAGES } from '../base/languages.js'
import { DIFFERENCE_KINDS } from '../ledger/difference-class.js'
import { CHANGE_KINDS } from '../ledger/governance-change.js'
import { REASON_CHARS_MAX } from '../ledger/system-record.js'
import { INVITATION_STATES, PROPOSAL_STATES } from '../node/ledger-node.js'
import { amendedMembers } from './amendment-schemas.js'
import {
  INVITATION_MS_DEFAULT,
  INVITATION_MS_MAX,
  INVITATION_MS_MIN,
  PROPOSAL_MS_DEFAULT,
  PROPOSAL_MS_MAX
} from './limits.js'
import { ref } from './route.js'

/** JSON Schemas (2020-12) of everything the API takes and gives, as /openapi.json shows them. */

const text: JsonObject = { type: 'string' }
const ids: JsonObject = { type: 'array', items: text }
const count: JsonObject = { type: 'integer', minimum: 0 }
const hash: JsonObject = { type: 'string', pattern: '^[0-9a-f]{64}$' }
const time: JsonObject = { type: 'string', format: 'date-time' }
const code: JsonObject = { type: 'string', enum: Object.keys(ERROR_CODES) }
const anyObject: JsonObject = { type: 'object' }
const partnerState: JsonObject = { enum: ['joining', 'pending', 'active', 'suspended', 'removed'] }

/** An object of exactly these members; those in `optional` may be absent. */
function shape(properties: JsonObject, optional: readonly string[] = []): JsonObject {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', required, properties }
}

const refusalMembers: JsonObject = {
  code,
  message: { type: 'string', description: 'For people, by Accept-Language; free to change between versions' },
  messages: {
    type: 'object',
    description: 'The message in each language that it has, where it has several; message is one of them',
    properties: Object.fromEntries(LANGUAGES.map((language) => [language, text]))
  },
  path: { type: 'string', description: 'JSON Pointer of the field to blame' },
  rule: { type: 'string', description: 'Id of the rule that said no' },
  expected: { type: 'string', description: 'What would have kept the rule, for people' },
  details: { type: 'object', description: 'Values the message speaks of' }
}
const refusalOptional = ['messages', 'path', 'rule', 'expected', 'details']

const recordMembers: JsonObject = {
  id: { type: 'string', description: 'AUTHOR/SEQUENCE/INDEX' },
  object: text,
  key: { type: 'array', description: 'Values of the key fields in their order' },
  author: text,
  height: { ...count, description: 'Of the block; absent while pending' },
  time: { ...time, description: 'Of the block; absent while pending' },
  status: { enum: ['accepted', 'refused', 'pending'] },
  data: anyObject,
  unique: { type: ['string', 'integer'] },
  refusal: ref('Refusal'),
  ...amendedMembers
}
const progress = shape({ progress: shape({ done: count, total: count }) })
const verdict: JsonObject = {
  enum: ['accepted', 'refused'],
  description: 'Of the other file; the chain says the opposite'
}
const rehearsalReport: JsonObject = {
  height: { ...count, description: 'Of the last block that was looked at' },
  records: { ...count, description: 'All but those of the network about itself' },
  refused: { ...count, description: 'Accepted on the chain, refused by the other file' },
  accepted: { ...count, description: 'Refused on the chain, accepted by the other file' },
  groups: {
    type: 'array',
    description: 'How many for which reason: of whichever of the two refuses',
    items: shape({ verdict, partner: text, object: text, code, rule: nullable(text), count })
  },
  problem: { ...ref('Refusal'), description: 'Why this file could not be proposed; absent when it could' }
}
const rehearsalView: JsonObject = {
  description: 'Of a network file that touches what records are judged by: this node tries it on the chain by itself',
  oneOf: [
    shape({ state: { const: 'waiting' } }),
    shape({ state: { const: 'running' }, done: count, total: count }),
    shape({ state: { const: 'done' }, ...rehearsalReport }, ['problem']),
    shape({ state: { const: 'failed' }, why: text })
  ]
}

const attachmentMembers: JsonObject = {
  hash,
  held: { type: 'boolean' },
  bytes: { ...nullable(count), description: 'Of the file that is held; else the largest that a record says' },
  removed: { type: 'boolean', description: 'Somebody removed it here' },
  record: { ...nullable(text), description: 'The first accepted record that has it' },
  author: { ...nullable(text), description: 'Of that record' }
}

const proposalMembers: JsonObject = {
  id: { type: 'string', description: 'Of the record that made it' },
  kind: { enum: [...CHANGE_KINDS, 'admit'] },
  state: { enum: [...PROPOSAL_STATES], description: 'enacted: passed, and in force for the next block' },
  by: text,
  change: {
    ...anyObject,
    description: 'kind, partner, and role or key; or kind and version; of a network file kind and its hash as model'
  },
  difference: {
    type: 'array',
    description: 'What it changes; null where it is not there',
    items: shape(
      {
        member: text,
        before: nullable(text),
        after: nullable(text),
        kind: { enum: [...DIFFERENCE_KINDS], description: 'Of a network file: what it means for who writes and reads' },
        why: text
      },
      ['kind', 'why']
    )
  },
  differenceLeftOut: { ...count, description: 'How many more members it changes than are listed' },
  votes: {
    type: 'array',
    description: 'The newest of each partner',
    items: shape({ partner: text, vote: { enum: ['yes', 'no'] }, reason: text, height: count })
  },
  yes: { ...count, description: 'Of those who may vote' },
  no: { ...count, description: 'Of those who may vote' },
  needed: { ...count, description: 'How many yes it needs in all' },
  waiting: { type: 'array', items: text, description: 'Who may vote and has not' },
  effectiveHeight: { ...nullable(count), description: 'First height at which it is in force; null unless it passed' },
  opened: { ...count, description: 'Height' },
  closed: { ...nullable(count), description: 'Height at which it was decided' },
  expires: time,
  reason: text,
  support: {
    type: 'array',
    description:
      'Of kind version: what the node of each active partner supports, as it said; null when it has not said',
    items: shape({ partner: text, software: nullable(text), version: nullable(count) })
  },
  rehearsal: rehearsalView
}
const proposalOptional = ['support', 'rehearsal']

const reason: JsonObject = { type: 'string', maxLength: REASON_CHARS_MAX }
const force: JsonObject = { type: 'boolean', description: 'Also when too few voters would be connected to go on' }

const recordOptional = ['height', 'time', 'unique', 'refusal', ...Object.keys(amendedMembers)]
const amendmentOptional = recordOptional.filter((name) => name !== 'amendment' && name !== 'votes')

const misconduct: JsonObject = {
  seen: { ...count, description: 'Times since the start of this node that it saw what no honest node does' },
  hungUp: { ...count, description: 'Times that who did it was hung up on for a while' },
  last: nullable(shape({ time, why: text }))
}

export const SCHEMAS: Readonly<Record<string, JsonObject>> = {
  Refusal: shape(refusalMembers, refusalOptional),
  Error: shape({ error: shape(refusalMembers, refusalOptional) }),
  Record: shape(recordMembers, recordOptional),
  ListedRecord: shape({ ...recordMembers, cursor: text }, recordOptional),
  RecordPage: shape({ items: { type: 'array', items: ref('ListedRecord') } }),
  Change: shape({ event: { type: 'string', description: 'HEIGHT.BATCH.INDEX' }, ...recordMembers }, recordOptional),
  Outcome: {
    description: 'What became of one line of input',
    oneOf: [
      shape({ line: count, status: { const: 'accepted' }, id: text, height: count }),
      shape({ line: count, status: { const: 'refused' }, id: text, height: count, ...refusalMembers }, [
        'id',
        'height',
        ...refusalOptional
      ]),
      shape({ line: count, status: { const: 'pending' }, id: text, code: { const: 'NO_QUORUM' } })
    ]
  },
  Check: {
    oneOf: [shape({ ok: { const: true } }), shape({ ok: { const: false }, refusal: ref('Refusal') })]
  },
  Status: shape(
    {
      network: text,
      genesis: hash,
      epoch: { ...count, description: '0, and one more with each recovery' },
      recoveries: {
        type: 'array',
        items: shape({ epoch: count, height: count, lost: ids, signers: ids, hash })
      },
      partner: shape({ id: text, state: partnerState, role: text }),
      height: count,
      head: hash,
      stateHash: hash,
      partners: {
        type: 'array',
        items: shape({ id: text, state: partnerState, connected: { type: 'boolean' }, height: nullable(count) })
      },
      quorum: shape({ rule: text, needed: count, online: count }),
      mempool: shape({ batches: count, records: count }),
      amendments: { ...shape({ open: count }), description: "Those that wait for somebody's word" },
      software: text,
      strangers: shape({
        ...misconduct,
        refused: { ...count, description: 'Connections and streams of those who are no partners that were refused' }
      }),
      version: {
        ...shape({ inForce: count, decided: count, known: count }),
        description: 'Versions of the network: in force, decided, and the newest that this node knows'
      },
      syncing: { type: 'boolean' },
      stalled: nullable(
        shape(
          {
            since: time,
            height: { ...count, description: 'Of the block that is not decided' },
            round: { ...count, description: 'Of that block, under way' },
            why: text,
            causes: { type: 'array', items: shape({ code: text, why: text, todo: text }) }
          },
          ['causes', 'height', 'round']
        )
      )
    },
    ['amendments', 'software', 'version']
  ),
  Partners: shape({ items: { type: 'array', items: ref('Partner') } }),
  Partner: shape(
    {
      id: text,
      name: text,
      role: text,
      key: text,
      state: partnerState,
      voter: { type: 'boolean' },
      connected: { type: 'boolean' },
      height: { ...nullable(count), description: 'Of its copy, as it last told; null when unknown' },
      addresses: { type: 'array', items: text, description: 'Multiaddrs where it can be reached' },
      evidence: { ...count, description: 'Proofs on the chain that it signed two different things for one step' },
      misconduct: ref('Misconduct'),
      software: { ...nullable(text), description: 'Of its node, as it said on the chain' },
      supports: { ...nullable(count), description: 'Newest version of a network that its node can judge, as it said' }
    },
    ['software', 'supports']
  ),
  Misconduct: shape(misconduct),
  ListedEvidence: shape(
    {
      id: { type: 'string', description: 'Of the record that put it on the chain' },
      kind: { enum: ['vote', 'proposal', 'batch'] },
      partner: { type: 'string', description: 'Who signed both' },
      incarnation: count,
      height: { ...count, description: 'Of a vote or proposal' },
      round: { ...count, description: 'Of a vote or proposal' },
      step: { enum: ['prevote', 'precommit'], description: 'Of a vote' },
      sequence: { ...count, description: 'Of a batch' },
      first: { ...anyObject, description: 'One of the two messages, signed' },
      second: { ...anyObject, description: 'The other' },
      by: { type: 'string', description: 'Partner that wrote it down' },
      block: { ...count, description: 'Height of the block that holds the record' },
      time: { ...time, description: 'Of that block' },
      receipt: { ...anyObject, description: 'Receipt of the record, when the proof was asked for' },
      cursor: text
    },
    ['height', 'round', 'step', 'sequence', 'receipt']
  ),
  EvidencePage: shape({ items: { type: 'array', items: ref('ListedEvidence') } }),
  InvitationRequest: shape(
    {
      partner: { type: 'string', description: 'Id the new partner gets: a-z, 0-9 and -, a letter first' },
      role: { type: 'string', description: 'Role the new partner gets, as the network file names it' },
      name: { type: 'string', minLength: 1, maxLength: 200, description: 'Name for people; the id when absent' },
      expiresMs: {
        type: 'integer',
        minimum: INVITATION_MS_MIN,
        maximum: INVITATION_MS_MAX,
        default: INVITATION_MS_DEFAULT,
        description: 'How long it holds, in milliseconds'
      }
    },
    ['name', 'expiresMs']
  ),
  Invitation: shape({
    token: { type: 'string', description: 'One line; whoever has it can join, once' },
    addresses: { type: 'array', items: text, description: 'Where the token says that partners are reached' }
  }),
  ListedInvitation: shape({
    id: { type: 'string', description: 'Key of the invitation' },
    partner: { type: 'string', description: 'Id that it is for' },
    role: text,
    name: text,
    made: time,
    expires: time,
    state: { enum: [...INVITATION_STATES], description: 'waiting: the partners vote on who came with it' },
    by: { ...nullable(text), description: 'The partner that came with it' },
    height: { ...nullable(count), description: 'Of the block that decided so' },
    proposal: { ...nullable(text), description: 'On the admission; null where none was needed' },
    why: { ...nullable(text), description: 'Why it is void or declined' },
    cursor: text
  }),
  InvitationPage: shape({ items: { type: 'array', items: ref('ListedInvitation') } }),
  StoredAttachment: shape({ hash, bytes: count }),
  Attachment: shape(attachmentMembers),
  ListedAttachment: shape({ ...attachmentMembers, cursor: text }),
  AttachmentPage: shape({ items: { type: 'array', items: ref('ListedAttachment') } }),
  RemovedAttachment: shape({ removed: hash }),
  Revocation: shape({ revoked: { type: 'string', description: 'Key of the invitation' } }),
  Proposal: shape(proposalMembers, proposalOptional),
  ListedProposal: shape({ ...proposalMembers, cursor: text }, proposalOptional),
  ProposalPage: shape({ items: { type: 'array', items: ref('ListedProposal') } }),
  ProposalRequest: shape(
    {
      kind: { enum: [...CHANGE_KINDS] },
      partner: { type: 'string', description: 'Whom it is about, for every kind but model and version' },
      role: { type: 'string', description: 'The new one, for kind role' },
      key: { type: 'string', description: 'The new one, for kind key' },
      network: { ...anyObject, description: 'The whole network file, for kind model' },
      version: { ...count, description: 'The new one of the network, for kind version' },
      reason,
      expiresMs: { type: 'integer', minimum: 1, maximum: PROPOSAL_MS_MAX, default: PROPOSAL_MS_DEFAULT },
      force
    },
    ['partner', 'role', 'key', 'network', 'version', 'reason', 'expiresMs', 'force']
  ),
  Amendment: shape(recordMembers, amendmentOptional),
  ListedAmendment: shape({ ...recordMembers, cursor: text }, amendmentOptional),
  AmendmentPage: shape({ items: { type: 'array', items: ref('ListedAmendment') } }),
  AmendmentRequest: shape({
    data: { ...anyObject, description: 'The whole record as it should have been' },
    reason: { ...reason, minLength: 1 }
  }),
  ApprovalRequest: shape({ vote: { enum: ['yes', 'no'] }, reason }, ['reason']),
  VoteRequest: shape({ vote: { enum: ['yes', 'no'] }, reason, force }, ['reason', 'force']),
  Genesis: { ...anyObject, description: 'Canonical JSON; its tagged hash is the genesis hash' },
  Model: shape(
    {
      hash,
      network: { ...anyObject, description: 'The network file with every default filled in' },
      from: { ...count, description: 'Height from which it is in force; 0: from the genesis on' },
      next: nullable(shape({ hash, from: count })),
      removed: { ...anyObject, description: 'Objects that were removed, as they were last: their records can be read' }
    },
    ['removed']
  ),
  Checkpoint: { ...anyObject, description: 'What verify-receipt takes with --checkpoint' },
  Block: { ...anyObject, description: 'Header, certificate, batches and refusals' },
  Receipt: { ...anyObject, description: 'Canonical JSON, docs/formats.md' },
  RehearsalRequest: shape(
    {
      network: { ...anyObject, description: 'A whole network file; or' },
      proposal: { type: 'string', description: 'the id of a proposal of one' }
    },
    ['network', 'proposal']
  ),
  RehearsalLine: {
    oneOf: [
      progress,
      shape({
        difference: shape({
          id: text,
          object: text,
          author: text,
          height: count,
          time,
          data: anyObject,
          verdict,
          refusal: { ...ref('Refusal'), description: 'Of whichever of the two refuses' }
        })
      }),
      shape({ report: shape(rehearsalReport, ['problem']) })
    ]
  },
  VerifyLine: {
    oneOf: [
      progress,
      shape({
        report: shape(
          {
            ok: { type: 'boolean' },
            height: count,
            records: count,
            head: hash,
            failure: shape({ height: nullable(count), reason: text })
          },
          ['failure']
        )
      })
    ]
  },
  Health: shape({ ok: { type: 'boolean' }, why: text }, ['why'])
}

function nullable(schema: JsonObject): JsonObject {
  return { anyOf: [schema, { type: 'null' } as Json] }
}
