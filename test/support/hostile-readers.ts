import { canonicalText, readCanonical } from '../../src/base/canonical.js'
import { LedgerError, type Outcome } from '../../src/base/errors.js'
import type { Json } from '../../src/base/json.js'
import { readJson } from '../../src/base/strict-json.js'
import { batchBytes, encodeBatch, readBatch } from '../../src/ledger/batch.js'
import { headerText, readHeader } from '../../src/ledger/block.js'
import { certificateText, checkCertificate, readCertificate } from '../../src/ledger/certificate.js'
import { readGenesis } from '../../src/ledger/genesis.js'
import { ShapeError } from '../../src/ledger/json-shape.js'
import { followMembership, readPartnerSet } from '../../src/ledger/membership-proof.js'
import { readNetworkFile } from '../../src/ledger/network-file.js'
import { partnerSetText } from '../../src/ledger/partner-set.js'
import { readReceipt, receiptText, shapeOfCheckpoint } from '../../src/ledger/receipt.js'
import { checkRecord, encodeRecord, readRecord } from '../../src/ledger/record.js'
import { readSystemRecord, SYSTEM_OBJECTS } from '../../src/ledger/system-record.js'
import { verifyEvidence } from '../../src/ledger/verify-evidence.js'
import { verifyReceipt } from '../../src/ledger/verify-receipt.js'
import { readToken, tokenText } from '../../src/node/invitation.js'
import { decodeFrame } from '../../src/node/network/frames.js'
import { shapeOfJoinAnswer, shapeOfJoinRequest } from '../../src/node/network/join-messages.js'
import { shapeOfMessage, shapeOfRequest, shapeOfResponse } from '../../src/node/network/message-shape.js'
import type { PullRequest } from '../../src/node/peers.js'
import { NETWORK } from './small-chain.js'

/** One reader of what comes from outside. */
export interface HostileReader {
  readonly name: string
  /** Items that it accepts. */
  readonly samples: readonly string[]
  /**
   * What it makes of a text: `refused` with a code, or `accepted` with the text written again, where there is one way to
   * write it. Whatever it throws beside that is a fault.
   */
  read(text: string): { readonly refused: string } | { readonly accepted: string | null }
}

type Read = ReturnType<HostileReader['read']>

function ofOutcome<T>(outcome: Outcome<T>, write: (value: T) => string | null): Read {
  return outcome.ok ? { accepted: write(outcome.value) } : { refused: outcome.refusal.code }
}

/** A check that throws ShapeError, of the JSON of one frame. */
function shape(check: (json: Json) => unknown): HostileReader['read'] {
  return (text) => {
    try {
      const value = check(decodeFrame(Buffer.from(text, 'utf8')) as Json)
      // What has passed is written and read the same again.
      return {
        accepted: JSON.stringify(check(JSON.parse(JSON.stringify(value)))) === JSON.stringify(value) ? null : ''
      }
    } catch (error) {
      if (error instanceof ShapeError) return { refused: 'MALFORMED' }
      if (error instanceof LedgerError) return { refused: error.code }
      throw error
    }
  }
}

/** Real items of each format, made as nodes make them. */
export interface Captures {
  readonly scope: { readonly genesis: string; readonly epoch: number }
  readonly genesisText: string
  readonly limits: Parameters<typeof readBatch>[1]
  readonly model: Parameters<typeof checkRecord>[0]
  readonly set: Parameters<typeof checkCertificate>[1]
  readonly records: readonly string[]
  readonly batches: readonly string[]
  readonly headers: readonly string[]
  readonly certificates: readonly string[]
  readonly receipts: readonly string[]
  readonly checkpoint: string
  readonly tokens: readonly string[]
  readonly joinRequests: readonly string[]
  readonly joinAnswers: readonly string[]
  readonly messages: readonly string[]
  readonly requests: readonly string[]
  readonly responses: readonly (readonly [PullRequest, string])[]
  readonly steps: readonly string[]
  /** Lines of `ledger evidence --json`, with the genesis of their network. */
  readonly evidence: {
    readonly genesisText: string
    readonly items: readonly string[]
    /** What they prove, as JSON. */
    readonly proven: readonly string[]
  }
  readonly systemRecords: readonly (readonly [object: string, data: string])[]
}

/** Every reader of texts from partners, invitees and users. */
export function hostileReaders(captures: Captures): readonly HostileReader[] {
  const { scope, limits, set, model } = captures
  return [
    {
      name: 'canonical JSON',
      samples: [...captures.records, ...captures.headers],
      read: (text) => ofOutcome(readCanonical(text), canonicalText)
    },
    {
      name: 'JSON of users',
      samples: [...captures.records, '{ "a" : [ 1, 2.50, "\\u00e9\\n" ] }'],
      read: (text) => {
        const read = readJson(text)
        if (!read.ok) return { refused: read.refusal.code }
        const again = readCanonical(canonicalText(read.value))
        return { accepted: again.ok ? null : '' }
      }
    },
    {
      name: 'record',
      samples: captures.records,
      read: (text) => {
        const checked = checkRecord(model, text, limits.recordBytesMax)
        if (typeof checked !== 'object') throw new Error('no answer')
        return ofOutcome(readRecord(text, limits.recordBytesMax), encodeRecord)
      }
    },
    {
      name: 'batch',
      samples: captures.batches,
      read: (text) =>
        ofOutcome(readBatch(scope, limits, text), (batch) => {
          batchBytes(scope, batch.header)
          return encodeBatch(scope, batch)
        })
    },
    { name: 'block header', samples: captures.headers, read: (text) => ofOutcome(readHeader(text), headerText) },
    {
      name: 'certificate',
      samples: captures.certificates,
      read: (text) => ofOutcome(readCertificate(text), certificateText)
    },
    {
      name: 'certificate of the set',
      samples: captures.certificates,
      read: (text) => {
        const read = readCertificate(text)
        if (!read.ok) return { refused: read.refusal.code }
        const { height, block } = read.value
        const refusal = checkCertificate(scope, set, read.value, { height, block })
        return refusal === null ? { accepted: certificateText(read.value) } : { refused: refusal.code }
      }
    },
    {
      name: 'partner set',
      samples: [partnerSetText(set)],
      read: (text) => ofOutcome(readPartnerSet(text), (value) => canonicalText(value as unknown as Json))
    },
    {
      name: 'receipt',
      samples: captures.receipts,
      read: (text) =>
        ofOutcome(readReceipt(text), (receipt) => {
          verifyReceipt(text, captures.genesisText, captures.checkpoint)
          return text.endsWith('\n') ? `${receiptText(receipt)}\n` : receiptText(receipt)
        })
    },
    {
      name: 'evidence',
      samples: captures.evidence.items,
      read: (text) =>
        // Whatever was changed around it, it proves what one of the real ones proves.
        ofOutcome(verifyEvidence(text, captures.evidence.genesisText), (statement) =>
          captures.evidence.proven.includes(JSON.stringify(statement)) ? null : ''
        )
    },
    {
      name: 'checkpoint',
      samples: [captures.checkpoint],
      read: (text) => {
        const json = readJson(text)
        return json.ok ? ofOutcome(shapeOfCheckpoint(json.value), () => null) : { refused: json.refusal.code }
      }
    },
    { name: 'genesis', samples: [captures.genesisText], read: (text) => ofOutcome(readGenesis(text), () => null) },
    {
      name: 'network file',
      samples: [NETWORK],
      read: (text) => (readNetworkFile(text, 'network.yaml').ok ? { accepted: null } : { refused: 'CONFIG' })
    },
    {
      name: 'token',
      samples: captures.tokens,
      read: (text) => ofOutcome(readToken(text), (token) => (tokenText(token) === text.trim() ? null : ''))
    },
    { name: 'request to join', samples: captures.joinRequests, read: shape(shapeOfJoinRequest) },
    { name: 'answer to a joiner', samples: captures.joinAnswers, read: shape(shapeOfJoinAnswer) },
    { name: 'message', samples: captures.messages, read: shape((json) => shapeOfMessage(json)) },
    { name: 'request', samples: captures.requests, read: shape(shapeOfRequest) },
    ...captures.responses.map(
      ([request, sample]): HostileReader => ({
        name: `answer ${request.type}`,
        samples: [sample],
        read: shape((json) => shapeOfResponse(json, request))
      })
    ),
    {
      name: 'membership proof',
      samples: captures.steps,
      read: (text) => {
        const json = readJson(text)
        if (!json.ok) return { refused: json.refusal.code }
        const { header, certificate, set: next } = (json.value ?? {}) as Record<string, unknown>
        if (typeof header !== 'string' || typeof certificate !== 'string' || typeof next !== 'string') {
          return { refused: 'MALFORMED' }
        }
        return ofOutcome(followMembership(scope, { height: 0, set }, [{ header, certificate, set: next }]), () => null)
      }
    },
    ...SYSTEM_OBJECTS.map((object): HostileReader => {
      const samples = captures.systemRecords.filter(([of]) => of === object).map(([, data]) => data)
      return {
        name: `record ${object}`,
        samples: samples.length === 0 ? ['{}'] : samples,
        read: (text) => {
          const json = readJson(text)
          if (!json.ok) return { refused: json.refusal.code }
          if (json.value === null || typeof json.value !== 'object' || Array.isArray(json.value)) {
            return { refused: 'MALFORMED' }
          }
          return ofOutcome(readSystemRecord(object, json.value), () => null)
        }
      }
    })
  ]
}
