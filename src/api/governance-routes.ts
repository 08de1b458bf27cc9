import { LedgerError } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { type ProposedChange, shapeOfChange } from '../ledger/governance-change.js'
import { ShapeError } from '../ledger/json-shape.js'
import { REASON_CHARS_MAX } from '../ledger/system-record.js'
import {
  PROPOSAL_STATES,
  type ProposalOptions,
  type ShownProposalState,
  type VoteOptions
} from '../node/ledger-node.js'
import { jsonObjectOf, wrong } from './json-body.js'
import { PROPOSAL_MS_DEFAULT, PROPOSAL_MS_MAX } from './limits.js'
import { after, limit, type PageQuery, sendPages } from './pages.js'
import { type RecordParams, recordIdOf, recordParams } from './read-routes.js'
import { JSON_TYPE, NDJSON_TYPE, type Route, ref, sendJson } from './route.js'

/** Items taken from the node in one go: each may carry many ballots. */
const ITEMS_TOGETHER = 50

const shown = { description: 'The proposal, as it stands', content: { [JSON_TYPE]: ref('Proposal') } }

/** Changes of the network that partners propose and vote on. */
export const governanceRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/proposals',
    operation: 'proposals',
    summary: 'Proposed changes of the network, oldest first',
    query: { limit, after, state: { type: 'string', enum: [...PROPOSAL_STATES], description: 'Only those in it' } },
    answers: {
      200: {
        description: 'Proposals; one a line when NDJSON is asked for',
        content: { [JSON_TYPE]: ref('ProposalPage'), [NDJSON_TYPE]: ref('ListedProposal') }
      }
    },
    handle: (context, request, reply) => {
      const { state } = request.query as PageQuery & { state?: ShownProposalState }
      const wanted = state === undefined ? {} : { state }
      return sendPages(
        context,
        request,
        reply,
        (page) => context.node.proposals({ ...page, ...wanted }),
        ITEMS_TOGETHER
      )
    }
  },
  {
    method: 'POST',
    path: '/v1/proposals',
    operation: 'propose',
    summary: 'Proposes a change, which is a vote for it',
    description:
      'Answers once a block has it. To suspend or remove oneself, or to take another key, nobody else is asked.',
    body: { [JSON_TYPE]: ref('ProposalRequest') },
    answers: { 201: shown },
    errors: [
      'NETWORK_FILE',
      'TOO_LARGE',
      'NOT_PERMITTED',
      'TOO_FEW_ALIVE',
      'TOO_FEW_SUPPORT',
      'VERSION_TOO_LOW',
      'VERSION_UNKNOWN',
      'NO_QUORUM'
    ],
    handle: async ({ node }, request, reply) => sendJson(reply, await node.propose(readProposal(request.body)), 201)
  },
  {
    method: 'GET',
    path: '/v1/proposals/:author/:sequence/:index',
    operation: 'proposal',
    summary: 'A proposal: what it changes, who has voted, what it still needs',
    params: recordParams,
    answers: { 200: shown },
    errors: ['NOT_FOUND'],
    handle: ({ node }, request, reply) => sendJson(reply, node.proposal(recordIdOf(request.params as RecordParams)))
  },
  {
    method: 'POST',
    path: '/v1/proposals/:author/:sequence/:index/votes',
    operation: 'vote',
    summary: 'Votes on a proposal; a later vote of the same partner replaces it',
    params: recordParams,
    body: { [JSON_TYPE]: ref('VoteRequest') },
    answers: { 201: shown },
    errors: ['NOT_FOUND', 'NOT_PERMITTED', 'TOO_FEW_ALIVE', 'TOO_FEW_SUPPORT', 'VERSION_UNKNOWN', 'NO_QUORUM'],
    handle: async ({ node }, request, reply) => {
      const id = recordIdOf(request.params as RecordParams)
      return sendJson(reply, await node.vote(id, readVote(request.body)), 201)
    }
  },
  {
    method: 'DELETE',
    path: '/v1/proposals/:author/:sequence/:index',
    operation: 'withdraw',
    summary: 'Takes an own proposal back that is open',
    params: recordParams,
    answers: { 200: shown },
    errors: ['NOT_FOUND', 'NOT_PERMITTED', 'NO_QUORUM'],
    handle: async ({ node }, request, reply) => {
      return sendJson(reply, await node.withdraw(recordIdOf(request.params as RecordParams)))
    }
  }
]

/** @throws LedgerError USAGE with the member to blame */
function readProposal(body: unknown): ProposalOptions {
  const { reason, force, expiresMs = PROPOSAL_MS_DEFAULT, ...change } = jsonObjectOf(body)
  const isDuration = typeof expiresMs === 'number' && Number.isInteger(expiresMs)
  if (!isDuration || expiresMs < 1 || expiresMs > PROPOSAL_MS_MAX) {
    throw wrong('expiresMs', `must be whole milliseconds from 1 to ${PROPOSAL_MS_MAX}`)
  }
  return { change: readChange(change), expiresMs, ...reasonOf(reason), ...forceOf(force) }
}

function readChange(json: JsonObject): ProposedChange {
  try {
    return shapeOfChange(json, '')
  } catch (error) {
    if (error instanceof ShapeError) throw new LedgerError('USAGE', error.message, { path: error.path })
    throw error
  }
}

function readVote(body: unknown): VoteOptions {
  const { vote, reason, force, ...others } = jsonObjectOf(body)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw wrong(unknown, 'is unknown; there are vote, reason and force')
  if (vote !== 'yes' && vote !== 'no') throw wrong('vote', 'must be yes or no')
  return { yes: vote === 'yes', ...reasonOf(reason), ...forceOf(force) }
}

function reasonOf(reason: Json | undefined): { reason?: string } {
  if (reason === undefined) return {}
  if (typeof reason === 'string' && reason.length <= REASON_CHARS_MAX) return { reason }
  throw wrong('reason', `must be a text of at most ${REASON_CHARS_MAX} characters`)
}

function forceOf(force: Json | undefined): { force?: boolean } {
  if (force === undefined) return {}
  if (typeof force === 'boolean') return { force }
  throw wrong('force', 'must be true or false')
}
