import type { Refusal } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import type { Language, Translations } from '../base/languages.js'
import { type FindingPath, type Findings, quote } from './finding.js'
import { checkMembers, isObject } from './network-members.js'
import { readDateTime } from './rfc3339.js'
import type { ScopeReference } from './rule-scope.js'
import type { RuleInput, RuleValue } from './rules.js'
import { compileSchema } from './schema.js'
import { compileNormalise } from './schema-normalise.js'
import type { ObjectSchema } from './schema-type.js'

/** Examples of one kind that a rule may have. */
export const EXAMPLES_MAX = 50

/** How many examples of a rule hold. */
export interface ExampleCount {
  readonly object: string
  readonly rule: string
  readonly accepts: number
  readonly refuses: number
}

/** What examples of the rules of one object are held against. */
export interface ExampleGround {
  readonly object: string
  readonly schema: ObjectSchema
  readonly references: readonly ScopeReference[]
  /** Role of an author that is not given. */
  readonly role: string
}

/** The rule that examples stand beside. */
export interface ExampleRule {
  /** Runs it alone. */
  readonly check: (input: RuleInput) => Refusal | null
  /** Of its message; none when that is a text. */
  readonly languages: readonly Language[]
}

/** When an example is judged that does not say so: block 1, at the beginning of 2025. */
const BLOCK = { height: 1, time: 1_735_689_600_000 }

/** Who wrote an example that does not say so. */
const AUTHOR = 'example'

const MEMBERS = ['record', 'previous', 'next', 'refs', 'author', 'block']

/**
 * Runs the examples that stand beside a rule in the network file, and reports those of which the rule says something else.
 * Fields that are left out of an example are missing; those that stand there have to be as the schema says.
 * @param json of `examples`
 */
export function checkExamples(
  json: Json,
  rule: ExampleRule,
  ground: ExampleGround,
  path: FindingPath,
  findings: Findings
): Pick<ExampleCount, 'accepts' | 'refuses'> {
  if (!isObject(json)) {
    findings.value(
      path,
      'examples are records that the rule accepts and refuses',
      'write accepts: and refuses: below it'
    )
    return { accepts: 0, refuses: 0 }
  }
  checkMembers(json, ['accepts', 'refuses'], [], path, 'examples', findings)
  const accepts = listOf(json.accepts, [...path, 'accepts'], findings)
  const refuses = listOf(json.refuses, [...path, 'refuses'], findings)
  accepts.forEach((example, index) => {
    const place = [...path, 'accepts', index]
    const input = readExample(example, MEMBERS, ground, place, findings)
    const refusal = input === null ? null : rule.check(input)
    if (refusal === null) return
    findings.value(place, `the rule refuses this example: ${refusal.message}`, remedyOf(refusal))
  })
  refuses.forEach((example, index) => {
    const place = [...path, 'refuses', index]
    const input = readExample(example, [...MEMBERS, 'message'], ground, place, findings)
    if (input !== null) checkRefused(rule, input, (example as JsonObject).message, place, findings)
  })
  return { accepts: accepts.length, refuses: refuses.length }
}

function checkRefused(
  { check, languages }: ExampleRule,
  input: RuleInput,
  message: Json | undefined,
  path: FindingPath,
  findings: Findings
): void {
  const refusal = check(input)
  if (refusal === null) findings.value(path, 'the rule accepts this example', 'correct the example, or the rule')
  else if (refusal.code !== 'RULE_BROKEN') {
    findings.value(path, `${refusal.message}, and does not say no`, remedyOf(refusal))
  } else if (isObject(message)) checkTranslations(refusal, languages, message, [...path, 'message'], findings)
  else if (message !== undefined) checkText(refusal.message, message, [...path, 'message'], findings)
}

/** An example may say what is read in some of the languages that the message has. */
function checkTranslations(
  { message, messages }: Refusal,
  languages: readonly Language[],
  expected: JsonObject,
  path: FindingPath,
  findings: Findings
): void {
  const [only] = languages
  if (only === undefined) {
    findings.value(path, 'the message of the rule is one text, in no language', 'write a text here too')
    return
  }
  const told: Translations = messages ?? { [only]: message }
  for (const [name, text] of Object.entries(expected)) {
    const language = languages.find((one) => one === name)
    const at = [...path, name]
    if (language !== undefined) checkText(told[language] ?? '', text, at, findings)
    else {
      const remedy = `languages of the message are ${languages.join(', ')}`
      findings.name(at, `the message of the rule is not in ${quote(name)}`, remedy)
    }
  }
}

function checkText(told: string, expected: Json, path: FindingPath, findings: Findings): void {
  if (expected === told) return
  findings.value(path, `the message is ${quote(told)}`, 'correct the example, or the message')
}

function remedyOf({ code, expected }: Refusal): string {
  if (code !== 'RULE_BROKEN')
    return 'add the fields that the rule reads, or let the rule ask first whether they are there'
  return expected === undefined ? 'correct the example, or the rule' : `right would be: ${expected}`
}

function listOf(json: Json | undefined, path: FindingPath, findings: Findings): Json[] {
  if (json === undefined) return []
  if (!Array.isArray(json)) {
    findings.value(path, 'examples are a list', 'begin each with - record: { ... }')
    return []
  }
  if (json.length > EXAMPLES_MAX) findings.name(path, `there are more than ${EXAMPLES_MAX} examples`, 'remove some')
  return json.slice(0, EXAMPLES_MAX)
}

/** Null when it has mistakes, which were reported. */
function readExample(
  json: Json,
  members: readonly string[],
  ground: ExampleGround,
  path: FindingPath,
  findings: Findings
): RuleInput | null {
  if (!isObject(json)) {
    findings.value(path, 'an example is a record with what stands around it', 'write { record: { ... } }')
    return null
  }
  const before = findings.list.length
  checkMembers(json, members, ['record'], path, 'an example', findings)
  const { object, schema } = ground
  const record = readData(json.record ?? {}, object, schema, [...path, 'record'], findings)
  const neighbour = (name: 'previous' | 'next'): RuleValue | null => {
    const data = json[name] ?? null
    return data === null ? null : readData(data, object, schema, [...path, name], findings)
  }
  const input: RuleInput = {
    record,
    previous: neighbour('previous'),
    next: neighbour('next'),
    refs: readRefs(json.refs ?? {}, ground, [...path, 'refs'], findings),
    author: readAuthor(json.author ?? {}, ground, [...path, 'author'], findings),
    block: readBlock(json.block ?? {}, [...path, 'block'], findings)
  }
  return findings.list.length === before ? input : null
}

/** Data of which fields may be left out. */
function readData(json: Json, object: string, schema: ObjectSchema, path: FindingPath, findings: Findings): RuleValue {
  if (!isObject(json)) {
    findings.value(path, `${quote(json)} is not the data of a record`, 'write { FIELD: VALUE }')
    return {}
  }
  const partial = { ...schema, required: new Set<string>() }
  const normalised = compileNormalise(partial)(json)
  const refusal = normalised.ok ? compileSchema(object, partial)(normalised.value) : normalised.refusal
  if (refusal !== null) findings.value(path, refusal.message, 'let it be as the fields say')
  return normalised.ok ? normalised.value : {}
}

function readRefs(json: Json, { references }: ExampleGround, path: FindingPath, findings: Findings): RuleInput['refs'] {
  const given = isObject(json) ? json : {}
  if (given !== json)
    findings.value(path, 'refs are listed by the name of the reference', 'write NAME: { FIELD: VALUE }')
  const names = references.map(({ name }) => name)
  checkMembers(given, names, [], path, 'refs', findings)
  const refs: Record<string, RuleValue | null | (RuleValue | null)[]> = {}
  for (const { name, object, schema, itemsMax } of references) {
    const place = [...path, name]
    const data = (one: Json, at: FindingPath): RuleValue | null =>
      one === null ? null : readData(one, object, schema, at, findings)
    const value = given[name] ?? null
    if (itemsMax === null) refs[name] = data(value, place)
    else if (Array.isArray(value)) refs[name] = value.map((one, index) => data(one, [...place, index]))
    else if (value === null) refs[name] = []
    else findings.value(place, `${name} is a list of records`, 'write [{ FIELD: VALUE }]')
  }
  return refs
}

function readAuthor(json: Json, { role }: ExampleGround, path: FindingPath, findings: Findings): RuleInput['author'] {
  const given = isObject(json) ? json : {}
  if (given !== json) findings.value(path, 'an author has id and role', 'write { id: PARTNER, role: ROLE }')
  checkMembers(given, ['id', 'role'], [], path, 'an author', findings)
  const text = (name: 'id' | 'role', otherwise: string): string => {
    const value = given[name] ?? otherwise
    if (typeof value === 'string') return value
    findings.value([...path, name], `${quote(value)} is no text`, `write the ${name} of a partner`)
    return otherwise
  }
  return { id: text('id', AUTHOR), role: text('role', role) }
}

function readBlock(json: Json, path: FindingPath, findings: Findings): RuleInput['block'] {
  const given = isObject(json) ? json : {}
  if (given !== json)
    findings.value(path, 'a block has height and time', 'write { height: 7, time: "2025-01-31T12:00:00Z" }')
  checkMembers(given, ['height', 'time'], [], path, 'a block', findings)
  const { height = BLOCK.height, time } = given
  const isHeight = typeof height === 'number' && Number.isSafeInteger(height) && height > 0
  if (!isHeight) findings.value([...path, 'height'], `${quote(height)} is no height`, 'write a whole number above 0')
  const instant = typeof time === 'string' ? readDateTime(time) : null
  if (time !== undefined && instant === null) {
    findings.value([...path, 'time'], `${quote(time)} is no time`, 'write it such as "2025-01-31T12:00:00Z"')
  }
  return { height: isHeight ? height : 1, time: instant === null ? BLOCK.time : Number(instant / 1_000_000n) }
}
