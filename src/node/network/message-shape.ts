import { isHash, isPartnerId, isSignature } from '../../base/ids.js'
import type { Json } from '../../base/json.js'
import { PARTNERS_MAX } from '../../base/limits.js'
import { shapeOfSignedHeader } from '../../ledger/batch.js'
import {
  asArray,
  asInteger,
  asObject,
  asString,
  asText,
  type MemberPath,
  membersOf,
  ShapeError
} from '../../ledger/json-shape.js'
import { shapeOfProposal, shapeOfVote } from '../../ledger/vote.js'
import {
  type BatchMessage,
  type BlockBundle,
  KNOWN_MESSAGES_MAX,
  type KnownAnswer,
  type KnownMessage,
  type PeerMessage,
  type ProposalMessage,
  type PullRequest,
  type PullResponse,
  RECOVERIES_ANSWERED_MAX,
  type StatusMessage,
  type VoteMessage
} from '../peers.js'

/** Bytes of a message as JSON: a proposal with the hashes of a full block's batches and the prevotes of all partners. */
export const MESSAGE_BYTES_MAX = 2 * 1024 * 1024

/** Bytes of a request as JSON. */
export const REQUEST_BYTES_MAX = 1024 * 1024

/** Most batches one request asks for. */
export const BATCHES_ASKED_MAX = 4096

/** Most batches a status names. */
export const STATUS_BATCHES_MAX = 64

const HEADER_CHARS_MAX = 2048
const REASON_CHARS_MAX = 1000
/** Rounds one message speaks of. */
const ROUNDS_MAX = 1024
const BLOCK_BATCHES_MAX = 24 * 1024
export const BLOCKS_MAX = 64 * 1024
const MESSAGES_MAX = 16 * 1024
const TEXT_CHARS_MAX = 8 * 1024 * 1024

/** Checks the shape of a message. Throws ShapeError. */
export function shapeOfMessage(json: Json, path: MemberPath = ''): PeerMessage {
  switch (asObject(json, path).type) {
    case 'proposal':
      return shapeOfProposalMessage(json, path)
    case 'vote':
      return shapeOfVoteMessage(json, path)
    case 'batch': {
      const { type: _, ...batch } = membersOf(json, path, ['author', 'hash', 'incarnation', 'sequence', 'type'])
      return { type: 'batch', ...shapeOfBatch(batch, path) }
    }
    case 'status':
      return shapeOfStatus(json, path)
    default:
      throw new ShapeError(`${path}/type`, 'must be proposal, vote, batch or status')
  }
}

/** Checks the shape of a request. Throws ShapeError. */
export function shapeOfRequest(json: Json): PullRequest {
  switch (asObject(json, '').type) {
    case 'blocks': {
      const { from, bytesMax } = membersOf(json, '', ['bytesMax', 'from', 'type'])
      return { type: 'blocks', from: natural(from, '/from'), bytesMax: natural(bytesMax, '/bytesMax') }
    }
    case 'batches': {
      const { hashes } = membersOf(json, '', ['hashes', 'type'])
      return { type: 'batches', hashes: shapeOfHashes(hashes, '/hashes', BATCHES_ASKED_MAX) }
    }
    case 'messages': {
      const { height, have } = membersOf(json, '', ['have', 'height', 'type'])
      return { type: 'messages', height: natural(height, '/height'), have: shapeOfVotesHeld(have, '/have') }
    }
    case 'proposal': {
      const { height, block } = membersOf(json, '', ['block', 'height', 'type'])
      return { type: 'proposal', height: natural(height, '/height'), block: asText(block, '/block', isHash, 'a hash') }
    }
    case 'known': {
      const { asker, nonce, of } = membersOf(json, '', ['asker', 'nonce', 'of', 'type'])
      return {
        type: 'known',
        asker: asText(asker, '/asker', isPartnerId, 'a partner id'),
        nonce: asText(nonce, '/nonce', isHash, '64 hex digits'),
        of: asText(of, '/of', isPartnerId, 'a partner id')
      }
    }
    case 'recoveries': {
      const { after } = membersOf(json, '', ['after', 'type'])
      return { type: 'recoveries', after: natural(after, '/after') }
    }
    case 'rejoin': {
      const names = ['incarnation', 'nonce', 'partner', 'signature', 'type']
      const { incarnation, nonce, partner, signature } = membersOf(json, '', names)
      return {
        type: 'rejoin',
        incarnation: asInteger(incarnation, '/incarnation', 1, 2 ** 31),
        nonce: asText(nonce, '/nonce', isHash, '64 hex digits'),
        partner: asText(partner, '/partner', isPartnerId, 'a partner id'),
        signature: asText(signature, '/signature', isSignature, 'a signature')
      }
    }
    default:
      throw new ShapeError('/type', 'is no request')
  }
}

/** Checks that an answer has the shape that this request asks for. Throws ShapeError. */
export function shapeOfResponse(json: Json | undefined, request: PullRequest): PullResponse {
  if (asObject(json, '').type !== request.type) throw new ShapeError('/type', `must be ${request.type}`)
  switch (request.type) {
    case 'blocks': {
      const blocks = asArray(membersOf(json, '', ['blocks', 'type']).blocks, '/blocks', BLOCKS_MAX)
      return { type: 'blocks', blocks: blocks.map((block, index) => shapeOfBundle(block, `/blocks/${index}`)) }
    }
    case 'batches': {
      const { batches } = membersOf(json, '', ['batches', 'type'])
      return { type: 'batches', batches: shapeOfTexts(batches, '/batches', request.hashes.length) }
    }
    case 'messages': {
      const messages = asArray(membersOf(json, '', ['messages', 'type']).messages, '/messages', MESSAGES_MAX)
      return {
        type: 'messages',
        messages: messages.map((message, index) => {
          const path = `/messages/${index}`
          if (asObject(message, path).type === 'proposal') return shapeOfProposalMessage(message, path)
          return shapeOfVoteMessage(message, path)
        })
      }
    }
    case 'proposal': {
      const { block } = membersOf(json, '', ['block', 'type'])
      if (block === null) return { type: 'proposal', block }
      const { header, batches } = membersOf(block, '/block', ['batches', 'header'])
      const hashes = shapeOfHashes(batches, '/block/batches', BLOCK_BATCHES_MAX)
      return {
        type: 'proposal',
        block: { header: asString(header, '/block/header', HEADER_CHARS_MAX), batches: hashes }
      }
    }
    case 'known':
      return shapeOfKnown(json)
    case 'recoveries': {
      const { recoveries } = membersOf(json, '', ['recoveries', 'type'])
      return { type: 'recoveries', recoveries: shapeOfTexts(recoveries, '/recoveries', RECOVERIES_ANSWERED_MAX) }
    }
    case 'rejoin': {
      const { accepted, why } = membersOf(json, '', ['accepted', 'type', 'why'])
      if (typeof accepted !== 'boolean') throw new ShapeError('/accepted', 'must be true or false')
      return { type: 'rejoin', accepted, why: asString(why, '/why', REASON_CHARS_MAX) }
    }
  }
}

function shapeOfKnown(json: Json | undefined): KnownAnswer {
  const members = membersOf(json, '', ['batch', 'height', 'messages', 'round', 'signature', 'since', 'type'])
  const { batch, since } = members
  return {
    type: 'known',
    height: natural(members.height, '/height'),
    round: asInteger(members.round, '/round', 0, 2 ** 31),
    signature: asText(members.signature, '/signature', isSignature, 'a signature'),
    since: since === null ? null : asInteger(since, '/since', 0, 2 ** 31),
    messages: asArray(members.messages, '/messages', KNOWN_MESSAGES_MAX).map((message, index) => {
      return shapeOfKnownMessage(message, `/messages/${index}`)
    }),
    batch: batch === null ? null : shapeOfSignedHeader(batch, '/batch')
  }
}

function shapeOfKnownMessage(json: Json, path: MemberPath): KnownMessage {
  if (asObject(json, path).type === 'proposal') {
    const { proposal } = membersOf(json, path, ['proposal', 'type'])
    return { type: 'proposal', proposal: shapeOfProposal(proposal, `${path}/proposal`) }
  }
  const { type, vote } = membersOf(json, path, ['type', 'vote'])
  if (type !== 'vote') throw new ShapeError(`${path}/type`, 'must be vote or proposal')
  return { type, vote: shapeOfVote(vote, `${path}/vote`) }
}

function shapeOfProposalMessage(json: Json, path: MemberPath): ProposalMessage {
  const { proposal, header, batches, prevotes } = membersOf(json, path, [
    'batches',
    'header',
    'prevotes',
    'proposal',
    'type'
  ])
  return {
    type: 'proposal',
    proposal: shapeOfProposal(proposal, `${path}/proposal`),
    header: asString(header, `${path}/header`, HEADER_CHARS_MAX),
    batches: shapeOfHashes(batches, `${path}/batches`, BLOCK_BATCHES_MAX),
    prevotes: asArray(prevotes, `${path}/prevotes`, PARTNERS_MAX).map((vote, index) => {
      return shapeOfVote(vote, `${path}/prevotes/${index}`)
    })
  }
}

function shapeOfVoteMessage(json: Json, path: MemberPath): VoteMessage {
  const { type, vote, reason } = membersOf(json, path, ['reason', 'type', 'vote'])
  if (type !== 'vote') throw new ShapeError(`${path}/type`, 'must be vote')
  return {
    type,
    vote: shapeOfVote(vote, `${path}/vote`),
    reason: reason === null ? null : asString(reason, `${path}/reason`, REASON_CHARS_MAX)
  }
}

function shapeOfStatus(json: Json, path: MemberPath): StatusMessage {
  const names = ['batches', 'height', 'round', 'type', 'votes']
  const tells = Object.hasOwn(asObject(json, path), 'connected')
  const { height, round, votes, batches, connected } = membersOf(json, path, tells ? [...names, 'connected'] : names)
  return {
    type: 'status',
    height: natural(height, `${path}/height`),
    round: asInteger(round, `${path}/round`, 0, 2 ** 31),
    votes: shapeOfVotesHeld(votes, `${path}/votes`),
    batches: asArray(batches, `${path}/batches`, STATUS_BATCHES_MAX).map((batch, index) => {
      return shapeOfBatch(batch, `${path}/batches/${index}`)
    }),
    ...(tells ? { connected: shapeOfIds(connected, `${path}/connected`) } : {})
  }
}

function shapeOfBatch(json: Json, path: MemberPath): Omit<BatchMessage, 'type'> {
  const { author, hash, incarnation, sequence } = membersOf(json, path, ['author', 'hash', 'incarnation', 'sequence'])
  return {
    author: asText(author, `${path}/author`, isPartnerId, 'a partner id'),
    hash: asText(hash, `${path}/hash`, isHash, 'a hash'),
    incarnation: asInteger(incarnation, `${path}/incarnation`, 0, 2 ** 31),
    sequence: natural(sequence, `${path}/sequence`)
  }
}

function shapeOfVotesHeld(json: Json | undefined, path: MemberPath): StatusMessage['votes'] {
  return asArray(json, path, ROUNDS_MAX).map((item, index) => {
    const { round, prevotes, precommits } = membersOf(item, `${path}/${index}`, ['precommits', 'prevotes', 'round'])
    return {
      round: asInteger(round, `${path}/${index}/round`, 0, 2 ** 31),
      prevotes: shapeOfIds(prevotes, `${path}/${index}/prevotes`),
      precommits: shapeOfIds(precommits, `${path}/${index}/precommits`)
    }
  })
}

function shapeOfIds(json: Json | undefined, path: MemberPath): readonly string[] {
  return asArray(json, path, PARTNERS_MAX).map((id, index) =>
    asText(id, `${path}/${index}`, isPartnerId, 'a partner id')
  )
}

function shapeOfBundle(json: Json, path: MemberPath): BlockBundle {
  const { header, certificate, batches } = membersOf(json, path, ['batches', 'certificate', 'header'])
  return {
    header: asString(header, `${path}/header`, HEADER_CHARS_MAX),
    certificate: asString(certificate, `${path}/certificate`, TEXT_CHARS_MAX),
    batches: shapeOfTexts(batches, `${path}/batches`, BLOCK_BATCHES_MAX)
  }
}

function shapeOfTexts(json: Json | undefined, path: MemberPath, itemsMax: number): readonly string[] {
  return asArray(json, path, itemsMax).map((text, index) => asString(text, `${path}/${index}`, TEXT_CHARS_MAX))
}

function shapeOfHashes(json: Json | undefined, path: MemberPath, itemsMax: number): readonly string[] {
  return asArray(json, path, itemsMax).map((hash, index) => asText(hash, `${path}/${index}`, isHash, 'a hash'))
}

function natural(json: Json | undefined, path: MemberPath): number {
  return asInteger(json, path, 0, Number.MAX_SAFE_INTEGER - 1)
}
