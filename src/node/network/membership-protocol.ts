import { LedgerError } from '../../base/errors.js'
import type { Json } from '../../base/json.js'
import { PARTNERS_MAX } from '../../base/limits.js'
import { asArray, asInteger, asObject, asString, membersOf, ShapeError } from '../../ledger/json-shape.js'
import {
  followMembership,
  MEMBERSHIP_STEPS_MAX,
  type MembershipStep,
  type RecoveryStep
} from '../../ledger/membership-proof.js'
import { readRecovery } from '../../ledger/recovery.js'
import type { Logger } from '../log.js'
import type { Counts } from './counts.js'
import { answerOn, ask, type ExchangeLimits } from './exchange.js'
import type { Connection, Stream } from './frames.js'
import type { MembershipKnowledge } from './peers-options.js'
import { createConnectionRates } from './rate-limit.js'

/**
 * How a node that was away learns of the partners that came meanwhile (design: consensus, point 16): such a partner asks
 * it where it stands, and presents the signed changes from there on. What is learned serves to pull; blocks are checked
 * as ever.
 */
type MembershipRequest =
  | { readonly type: 'height' }
  | { readonly type: 'present'; readonly steps: readonly (MembershipStep | RecoveryStep)[] }

/** A node that is in no later epoch than the first leaves it out, as all did before there were any. */
type MembershipAnswer = { readonly height: number; readonly epoch?: number }

/** A step of a network of 256 partners has about 110 KiB; what does not fit is presented the next time. */
const REQUEST_BYTES_MAX = 1024 * 1024
const ANSWER_BYTES_MAX = 1024
const ENVELOPE_BYTES = 256
const TEXT_CHARS_MAX = PARTNERS_MAX * 1024
const TIMEOUT_MS = 15_000

/** Questions over one connection at once, and then one each so often: a step costs a quorum of signature checks. */
const BURST = 4
const EVERY_MS = 2_000

export const MEMBERSHIP_STREAMS_MAX = 2

export function membershipProtocol(genesis: string): string {
  return `/ledger/${genesis}/membership/1`
}

export interface MembershipOptions {
  readonly genesis: string
  readonly knowledge: MembershipKnowledge
  readonly counts: Counts
  /** Something malformed came from this key. */
  readonly onMalformed: (key: string, error: Error) => void
  readonly log: Logger
}

/** Both sides of the membership protocol. */
export interface MembershipExchange {
  readonly handler: (stream: Stream, connection: Connection) => Promise<void>
  /** Presents what the other side, which took this node for a stranger, may not know. Never rejects. */
  present(connection: Connection): Promise<void>
}

export function createMembershipExchange(options: MembershipOptions): MembershipExchange {
  const { knowledge, counts, onMalformed, log } = options
  const limits: ExchangeLimits = {
    protocol: membershipProtocol(options.genesis),
    requestBytesMax: REQUEST_BYTES_MAX,
    answerBytesMax: ANSWER_BYTES_MAX
  }
  const rates = createConnectionRates(BURST, EVERY_MS)

  const learn = (steps: readonly (MembershipStep | RecoveryStep)[]): void => {
    const known = knowledge.current()
    const recoveries = steps.flatMap((step) => {
      const read = 'recovery' in step ? readRecovery(step.recovery) : null
      return read?.ok === true ? [read.value] : []
    })
    // Of heights that are here the own chain tells more than a set could.
    if ((recoveries[0]?.document.height ?? Number.POSITIVE_INFINITY) <= known.height) {
      knowledge.recovered?.(recoveries, false)
      return
    }
    const scope = { genesis: options.genesis, epoch: known.set.epoch }
    const followed = followMembership(scope, known, steps)
    if (!followed.ok) throw new LedgerError(followed.refusal.code, followed.refusal.message)
    if (followed.value.height > known.height) knowledge.learned(followed.value.set, followed.value.height)
    if (recoveries.length > 0) knowledge.recovered?.(recoveries, true)
  }

  const standing = (): MembershipAnswer => {
    const epoch = knowledge.epoch?.() ?? 0
    return { height: knowledge.current().height, ...(epoch === 0 ? {} : { epoch }) }
  }

  const answer = async (json: Json): Promise<MembershipAnswer> => {
    const request = shapeOfMembershipRequest(json)
    if (request.type === 'present') learn(request.steps)
    return standing()
  }

  const send = (connection: Connection, request: MembershipRequest): Promise<MembershipAnswer> => {
    return ask(connection, limits, request, shapeOfMembershipAnswer, { timeoutMs: TIMEOUT_MS })
  }

  return {
    async handler(stream, connection) {
      // Before anything is read: what is not read costs nothing.
      if (!rates.of(connection).take()) {
        counts.refused += 1
        stream.abort(new Error('too many questions'))
        return
      }
      await answerOn(stream, limits, answer, (error) => onMalformed(keyOf(connection), error))
    },
    async present(connection) {
      try {
        const { height, epoch = 0 } = await send(connection, { type: 'height' })
        const steps = await knowledge.stepsAfter(height, epoch)
        if (steps.length === 0) return
        await send(connection, { type: 'present', steps: fitting(steps) })
        log.info('presented changes of the partners', { peer: connection.remotePeer.toString(), after: height })
      } catch (error) {
        log.debug('presenting changes of the partners', { peer: connection.remotePeer.toString(), error })
      }
    }
  }
}

/** The first steps, as many as one request holds. */
function fitting<T>(steps: readonly T[]): readonly T[] {
  let bytes = ENVELOPE_BYTES
  const tooMuch = steps.findIndex((step) => {
    bytes += Buffer.byteLength(JSON.stringify(step)) + 1
    return bytes > REQUEST_BYTES_MAX
  })
  return steps.slice(0, Math.min(tooMuch < 0 ? steps.length : tooMuch, MEMBERSHIP_STEPS_MAX))
}

function keyOf(connection: Connection): string {
  return connection.remotePeer.toString()
}

function shapeOfMembershipRequest(json: Json): MembershipRequest {
  const { type } = asObject(json, '')
  if (type === 'height') {
    membersOf(json, '', ['type'])
    return { type }
  }
  if (type !== 'present') throw new ShapeError('/type', 'must be height or present')
  const steps = asArray(membersOf(json, '', ['steps', 'type']).steps, '/steps', MEMBERSHIP_STEPS_MAX)
  return {
    type,
    steps: steps.map((step, index) => {
      const path = `/steps/${index}`
      if (Object.hasOwn(asObject(step, path), 'recovery')) {
        const { recovery, set } = membersOf(step, path, ['recovery', 'set'])
        return {
          recovery: asString(recovery, `${path}/recovery`, TEXT_CHARS_MAX),
          set: asString(set, `${path}/set`, TEXT_CHARS_MAX)
        }
      }
      const { header, certificate, set } = membersOf(step, path, ['certificate', 'header', 'set'])
      return {
        header: asString(header, `${path}/header`, TEXT_CHARS_MAX),
        certificate: asString(certificate, `${path}/certificate`, TEXT_CHARS_MAX),
        set: asString(set, `${path}/set`, TEXT_CHARS_MAX)
      }
    })
  }
}

function shapeOfMembershipAnswer(json: Json | undefined): MembershipAnswer {
  const tells = Object.hasOwn(asObject(json, ''), 'epoch')
  const { epoch, height } = membersOf(json, '', tells ? ['epoch', 'height'] : ['height'])
  return {
    height: asInteger(height, '/height', 0, Number.MAX_SAFE_INTEGER),
    ...(tells ? { epoch: asInteger(epoch, '/epoch', 0, 2 ** 31) } : {})
  }
}
