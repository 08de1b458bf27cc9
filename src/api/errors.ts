import { blameOf, ERROR_CODES, type ErrorCode, LedgerError, type Refusal } from '../base/errors.js'
import type { Translations } from '../base/languages.js'

/** The body of every answer that is an error, and the last line of a stream that ends with one. */
export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode
    readonly message: string
    readonly messages?: Translations
    readonly path?: string
    readonly rule?: string
    readonly expected?: string
    readonly details?: Readonly<Record<string, unknown>>
  }
}

export interface ErrorAnswer {
  readonly status: number
  readonly body: ErrorBody
  /** True when nobody foresaw it: it belongs in the log with its stack. */
  readonly unforeseen: boolean
}

/** What fastify calls the mistakes of a request, and what we call them. */
const FASTIFY_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'USAGE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'USAGE',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'USAGE',
  FST_ERR_BAD_URL: 'USAGE',
  FST_ERR_MAX_PARAM_LENGTH: 'TOO_LARGE',
  FST_ERR_VALIDATION: 'USAGE'
}

/** Turns whatever was thrown into a coded answer; nothing of an unforeseen error but its code leaves the process. */
export function errorAnswer(thrown: unknown): ErrorAnswer {
  if (thrown instanceof LedgerError) {
    const { code, message, details, blame } = thrown
    const more = Object.keys(details).length > 0 ? { details } : {}
    return {
      status: ERROR_CODES[code].http,
      body: { error: { code, message, ...blame, ...more } },
      unforeseen: code === 'INTERNAL' || code === 'INVARIANT'
    }
  }
  const code = thrown instanceof Error && 'code' in thrown ? FASTIFY_CODES[String(thrown.code)] : undefined
  if (code !== undefined) {
    return { status: ERROR_CODES[code].http, body: errorBody(code, (thrown as Error).message), unforeseen: false }
  }
  return { status: 500, body: errorBody('INTERNAL', 'something unforeseen failed; the log has more'), unforeseen: true }
}

/** The body for a refusal that is the whole answer. */
export function refusalBody(refusal: Refusal): ErrorBody {
  const { code, message, messages, details } = refusal
  return {
    error: {
      code,
      message,
      ...(messages === undefined ? {} : { messages }),
      ...blameOf(refusal),
      ...(details === undefined ? {} : { details })
    }
  }
}

function errorBody(code: ErrorCode, message: string): ErrorBody {
  return { error: { code, message } }
}
