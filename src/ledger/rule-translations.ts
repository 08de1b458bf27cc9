import type { Json } from '../base/json.js'
import { LANGUAGES, type Language, languageOfTag, type Translations } from '../base/languages.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import type { RuleMessage } from './network-definition.js'
import { isObject, readText } from './network-members.js'
import type { RuleScope } from './rule-context.js'
import { type CompiledMessage, compileMessage, MESSAGE_CHARS_MAX } from './rule-message.js'
import type { RuleInput } from './rules.js'

/** What a refusal tells: the message in its first language and, where it has several, in each of them. */
export interface ToldMessage {
  readonly message: string
  readonly messages?: Translations
}

/** A message in all of its languages, ready to be written for a record. */
export interface CompiledTranslations extends Pick<CompiledMessage, 'mentions'> {
  write(input: RuleInput): ToldMessage
}

/**
 * Reads the message of a rule: a text, or a map from language to text. Mistakes are reported and give an empty text.
 * @param path of the message
 */
export function readMessage(json: Json | undefined, path: FindingPath, findings: Findings): RuleMessage {
  if (!isObject(json)) return readText(json, path, 1, MESSAGE_CHARS_MAX, findings)
  checkLanguages(Object.keys(json), path, findings)
  const languages = LANGUAGES.filter((language) => Object.hasOwn(json, language))
  return Object.fromEntries(
    languages.map((language) => [
      language,
      readText(json[language], [...path, language], 1, MESSAGE_CHARS_MAX, findings)
    ])
  )
}

/** Languages of a message, the first one first; none for a text, which does not say in which it is. */
export function languagesOf(message: RuleMessage): Language[] {
  return typeof message === 'string' ? [] : LANGUAGES.filter((language) => message[language] !== undefined)
}

/**
 * Compiles a message in each of its languages.
 * @param path of the message in the network definition
 * @returns null when one of them has mistakes, which were reported
 */
export function compileTranslations(
  message: RuleMessage,
  scope: RuleScope,
  path: FindingPath,
  findings: Findings
): CompiledTranslations | null {
  const compile = (text: string, at: FindingPath): CompiledMessage | null =>
    compileMessage(text, scope, (offset, problem, remedy) => findings.within(at, offset, problem, remedy))
  if (typeof message === 'string') {
    const text = compile(message, path)
    return text === null ? null : { mentions: text.mentions, write: (input) => ({ message: text.write(input) }) }
  }
  // In the fixed order, whatever the order in which a file or a genesis has them: refusals are compared as texts.
  const all = languagesOf(message).map((language) => {
    return [language, compile(message[language] ?? '', [...path, language])] as const
  })
  const texts = all.filter((entry): entry is readonly [Language, CompiledMessage] => entry[1] !== null)
  if (texts.length < all.length || texts.length === 0) return null
  return {
    mentions: texts.flatMap(([, { mentions }]) => mentions),
    write(input) {
      const told = texts.map(([language, text]) => [language, text.write(input)] as const)
      const [[, first]] = told as [(typeof told)[number]]
      return told.length === 1 ? { message: first } : { message: first, messages: Object.fromEntries(told) }
    }
  }
}

function checkLanguages(names: readonly string[], path: FindingPath, findings: Findings): void {
  const known: readonly string[] = LANGUAGES
  for (const name of names) {
    if (known.includes(name)) continue
    const language = languageOfTag(name)
    const remedy = language === null ? `languages are ${known.join(', ')}` : `write ${language}`
    findings.name([...path, name], `${quote(name)} is not a language of messages`, remedy)
  }
  if (names.length === 0)
    findings.value(path, 'the message has no language', `write it in one of ${known.join(', ')}, or as a text`)
}
