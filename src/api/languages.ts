import type { FastifyRequest } from 'fastify'
import type { Refusal } from '../base/errors.js'
import { LANGUAGES, type Language, languageOfTag } from '../base/languages.js'
import type { RecordView } from '../node/ledger-node.js'

/** Language ranges of a header that are looked at: people have a few. */
const RANGES_MAX = 32

/** A range with its weight (RFC 9110, 12.5.4 and 12.4.2); `nl-BE;q=0.7`. */
const RANGE = /^(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?$/i

/**
 * Languages that a reader asks for by an Accept-Language header (RFC 9110, 12.5.4), most wanted first; of equal weights the
 * one that stands first. A range counts for the language it begins with; `*` stands for those that are not named. What is no
 * range is passed over.
 */
export function acceptedLanguages(header: string | undefined): Language[] {
  const weights = new Map<Language, number>()
  let others = 0
  for (const text of (header ?? '').split(',', RANGES_MAX)) {
    const [, range, q = '1'] = RANGE.exec(text.trim()) ?? []
    if (range === undefined) continue
    const language = languageOfTag(range)
    if (range === '*') others = Number(q)
    else if (language !== null) weights.set(language, Math.max(Number(q), weights.get(language) ?? 0))
  }
  for (const language of LANGUAGES) if (!weights.has(language)) weights.set(language, others)
  const wanted = [...weights].filter(([, weight]) => weight > 0)
  return wanted.sort(([, one], [, other]) => other - one).map(([language]) => language)
}

/** Languages that whoever sent a request asks for. */
export function requestLanguages(request: FastifyRequest): Language[] {
  return acceptedLanguages(request.headers['accept-language'])
}

/** A refusal whose message is in the first of these languages that it has; as it is when it has none of them. */
export function refusalIn<T extends Refusal>(languages: readonly Language[], refusal: T): T {
  const { messages } = refusal
  if (messages === undefined) return refusal
  const language = languages.find((one) => messages[one] !== undefined)
  return language === undefined ? refusal : { ...refusal, message: messages[language] }
}

/** A record whose refusal, if it has one, is as {@link refusalIn} gives it. */
export function recordIn<T extends RecordView>(languages: readonly Language[], record: T): T {
  const { refusal } = record
  return refusal === undefined ? record : { ...record, refusal: refusalIn(languages, refusal) }
}
