import type { Json, JsonObject } from '../../base/json.js'
import { asArray, asInteger, asObject, type MemberPath, ShapeError } from '../../ledger/json-shape.js'
import { type BlockBundle, type PullRequest, type PullResponse, RESPONSE_BYTES_MAX } from '../peers.js'
import { EncodedAnswer } from './exchange.js'
import { BLOCKS_MAX } from './message-shape.js'

/**
 * Answers whose batches follow in frames of their own: within JSON each quote of theirs would be written as two characters
 * and read again. Who asks says so with `"texts":true`, and only a partner whose welcome says that it gives them.
 */

/** Most batches of all blocks in one answer. */
const BLOCKS_TEXTS_MAX = 64 * 1024

/** Bytes of JSON around the items of an answer, with room. */
const ENVELOPE_BYTES = 1024

/** The request as it is sent to a partner that gives texts. */
export function withTexts(request: PullRequest): Json | PullRequest {
  return hasTexts(request.type) ? { ...(request as unknown as JsonObject), texts: true } : request
}

/** Most texts that may follow the answer. */
export function textsMaxOf(request: PullRequest): number {
  return request.type === 'batches' ? request.hashes.length : BLOCKS_TEXTS_MAX
}

/** Whether the request wants its texts apart, and what it is otherwise. */
export function readTextsWanted(json: Json): { readonly wanted: boolean; readonly request: Json } {
  const { texts, ...request } = asObject(json, '')
  return texts === true && hasTexts(request.type) ? { wanted: true, request } : { wanted: false, request: json }
}

function hasTexts(type: Json | undefined): boolean {
  return type === 'blocks' || type === 'batches'
}

/** As much of an answer as may be sent, its batches apart; what is left out will be asked for again. */
export function answerWithTexts(response: PullResponse): EncodedAnswer | null {
  if (response.type === 'batches') {
    const { count, texts } = fitting(
      response.batches,
      (batch) => [batch],
      () => 0
    )
    return new EncodedAnswer(`{"type":"batches","batches":${count}}`, texts)
  }
  if (response.type !== 'blocks') return null
  const heads = response.blocks.map(({ header, certificate, batches }) => {
    return JSON.stringify({ header, certificate, batches: batches.length })
  })
  const { count, texts } = fitting<BlockBundle>(
    response.blocks,
    ({ batches }) => batches,
    (index) => Buffer.byteLength(heads[index]!) + 1
  )
  return new EncodedAnswer(`{"type":"blocks","blocks":[${heads.slice(0, count).join()}]}`, texts)
}

/** The first of the items: at least one; if even that is too large the answer says so. */
function fitting<T>(
  items: readonly T[],
  textsOf: (item: T) => readonly string[],
  bytesBeside: (index: number) => number
): { readonly count: number; readonly texts: readonly Uint8Array[] } {
  const fit: Uint8Array[] = []
  let bytes = ENVELOPE_BYTES
  for (const [index, item] of items.entries()) {
    const texts = textsOf(item).map((text) => Buffer.from(text, 'utf8'))
    bytes += texts.reduce((sum, text) => sum + text.length, bytesBeside(index))
    if (bytes > RESPONSE_BYTES_MAX && index > 0) return { count: index, texts: fit }
    fit.push(...texts)
  }
  return { count: items.length, texts: fit }
}

/** The answer as it is without texts apart. Throws ShapeError. */
export function joinTexts(json: Json | undefined, texts: readonly string[]): Json {
  const answer = asObject(json, '')
  let taken = 0
  const take = (count: Json | undefined, path: MemberPath): string[] => {
    const from = taken
    taken += asInteger(count, path, 0, texts.length - taken)
    return texts.slice(from, taken)
  }
  const joined = (): Json => {
    if (answer.type === 'batches') return { ...answer, batches: take(answer.batches, '/batches') }
    if (answer.type !== 'blocks') return answer
    const blocks = asArray(answer.blocks, '/blocks', BLOCKS_MAX).map((block, index): Json => {
      const members = asObject(block, `/blocks/${index}`)
      return { ...members, batches: take(members.batches, `/blocks/${index}/batches`) }
    })
    return { ...answer, blocks }
  }
  const whole = joined()
  if (taken < texts.length) throw new ShapeError('', 'says nothing of a text that follows it')
  return whole
}
