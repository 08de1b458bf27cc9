import { LedgerError } from '../base/errors.js'
import { isPartnerId } from '../base/ids.js'
import type { JsonObject } from '../base/json.js'
import { keyFromText } from '../base/keys.js'
import { readJson } from '../base/strict-json.js'
import { decodeUtf8 } from '../base/utf8.js'
import { INVITATION_STATES, type InvitationState, type InviteOptions } from '../node/ledger-node.js'
import { INVITATION_MS_DEFAULT, INVITATION_MS_MAX, INVITATION_MS_MIN } from './limits.js'
import { after, limit, type PageQuery, sendPages } from './pages.js'
import { JSON_TYPE, NDJSON_TYPE, type Route, ref, sendJson } from './route.js'

const NAME_LENGTH_MAX = 200
const ROLE_LENGTH_MAX = 64

/** Inviting partners, seeing what became of it, and taking an invitation back. */
export const invitationRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/invitations',
    operation: 'invite',
    summary: 'Makes an invitation for one new partner',
    description:
      "The token lets its bearer join once, under this id and role, until it expires. It carries this node's addresses: " +
      'when they are only loopback or private ones, partners elsewhere cannot use it.',
    body: { [JSON_TYPE]: ref('InvitationRequest') },
    answers: { 201: { description: 'The invitation', content: { [JSON_TYPE]: ref('Invitation') } } },
    errors: ['NOT_PERMITTED', 'DUPLICATE', 'NO_QUORUM'],
    handle: async ({ node }, request, reply) => {
      const { token, addresses } = await node.invite(readRequest(request.body))
      return sendJson(reply, { token, addresses }, 201)
    }
  },
  {
    method: 'GET',
    path: '/v1/invitations',
    operation: 'invitations',
    summary: 'The invitations that this node made, oldest first, and what became of each',
    query: { limit, after, state: { type: 'string', enum: [...INVITATION_STATES], description: 'Only those in it' } },
    answers: {
      200: {
        description: 'Invitations; one a line when NDJSON is asked for',
        content: { [JSON_TYPE]: ref('InvitationPage'), [NDJSON_TYPE]: ref('ListedInvitation') }
      }
    },
    handle: (context, request, reply) => {
      const { state } = request.query as PageQuery & { state?: InvitationState }
      const wanted = state === undefined ? {} : { state }
      return sendPages(context, request, reply, (page) => context.node.invitations({ ...page, ...wanted }))
    }
  },
  {
    method: 'DELETE',
    path: '/v1/invitations/:key',
    operation: 'revoke',
    summary: 'Takes an invitation back that nobody has used',
    description: 'Answers once the revocation is on the chain; a joiner that was admitted before stays admitted.',
    params: { key: { type: 'string', description: "The invitation's key, which its token carries" } },
    answers: { 200: { description: 'Revoked', content: { [JSON_TYPE]: ref('Revocation') } } },
    errors: ['NOT_FOUND', 'NOT_PERMITTED', 'DUPLICATE', 'NO_QUORUM'],
    handle: async ({ node }, request, reply) => {
      const { key } = request.params as { key: string }
      if (keyFromText(key) === null) throw new LedgerError('USAGE', 'the key of an invitation begins with 12D3KooW')
      await node.revoke(key)
      return sendJson(reply, { revoked: key })
    }
  }
]

/** @throws LedgerError USAGE with the member to blame */
function readRequest(body: unknown): InviteOptions {
  const { partner, role, name, expiresMs = INVITATION_MS_DEFAULT, ...others } = jsonObjectOf(body)
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw wrong(unknown, 'is unknown; there are partner, role, name and expiresMs')
  if (!isPartnerId(partner)) throw wrong('partner', 'must be an id: a-z, 0-9 and -, at most 32, a letter first')
  if (typeof role !== 'string' || role === '' || role.length > ROLE_LENGTH_MAX) {
    throw wrong('role', 'must name a role of the network')
  }
  if (name !== undefined && (typeof name !== 'string' || name === '' || name.length > NAME_LENGTH_MAX)) {
    throw wrong('name', `must be a text of 1 to ${NAME_LENGTH_MAX} characters`)
  }
  if (
    typeof expiresMs !== 'number' ||
    !Number.isInteger(expiresMs) ||
    expiresMs < INVITATION_MS_MIN ||
    expiresMs > INVITATION_MS_MAX
  ) {
    throw wrong('expiresMs', `must be whole milliseconds from ${INVITATION_MS_MIN} to ${INVITATION_MS_MAX}`)
  }
  return { partner, role, expiresMs, ...(name === undefined ? {} : { name }) }
}

function jsonObjectOf(body: unknown): JsonObject {
  const text = Buffer.isBuffer(body) ? decodeUtf8(body) : null
  const read = text?.ok === true ? readJson(text.value) : null
  const value = read?.ok === true ? read.value : null
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new LedgerError('USAGE', 'the body must be a JSON object with partner and role')
}

function wrong(member: string, problem: string): LedgerError {
  return new LedgerError('USAGE', `'${member}' ${problem}`)
}
