import {
  Composer,
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type Scalar
} from 'yaml'
import type { Json, JsonObject } from '../base/json.js'
import { DEPTH_MAX } from '../base/limits.js'
import { isWellFormed } from '../base/utf8.js'
import { collectFindings, type Finding, type FindingPath, type Findings, pathText, quote } from './finding.js'

/**
 * The text of a network file as JSON that knows where each part stands. YAML 1.2 with its core types, of which JSON is a
 * part; without tags, anchors and aliases, so that what is read is what is written.
 */

/** Characters of a network file. */
export const FILE_CHARS_MAX = 512 * 1024

/** Levels of a network file: the genesis and proposals that carry it add some of their own. */
const LEVELS_MAX = DEPTH_MAX - 4

/** Where something stands, both counted from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** A network file as data. */
export interface NetworkText {
  /** Undefined when nothing can be made of the text. */
  readonly json: Json | undefined
  /** Mistakes of the text itself. */
  readonly findings: readonly Finding[]
  /** Where the cause of a finding stands. */
  locate(finding: Finding): Position
}

/** Reads YAML or JSON. Never throws. */
export function readNetworkText(text: string): NetworkText {
  const findings = collectFindings()
  const lines = new LineCounter()
  const positions = new Map<string, Position>()
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const fail = (offset: number, problem: string, remedy: string): void => {
    // A path that no document has leads back to the place.
    const path = [`#${findings.list.length}`]
    positions.set(pathText(path), at(offset))
    findings.value(path, problem, remedy)
  }
  const done = (root: Node | null, json: Json | undefined): NetworkText => ({
    json,
    findings: findings.list,
    locate: (finding) => positions.get(pathText(finding.path)) ?? locate(finding, root, text, at)
  })
  if (text.length > FILE_CHARS_MAX) {
    fail(0, `the file is longer than ${FILE_CHARS_MAX} characters`, 'shorten descriptions, or split the network')
    return done(null, undefined)
  }
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  const deep = firstTooDeep(tokens)
  if (deep !== null) {
    fail(deep, `the file nests deeper than ${LEVELS_MAX} levels`, 'flatten it')
    return done(null, undefined)
  }
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    merge: false,
    prettyErrors: false,
    logLevel: 'silent'
  })
  const documents = [...composer.compose(tokens, true, text.length)]
  const [document, second] = documents as [Document.Parsed | undefined, Document.Parsed | undefined]
  if (document?.contents === null || document === undefined) {
    fail(0, 'the file is empty', 'write format: 1, title, roles and objects; config/networks has examples')
    return done(null, undefined)
  }
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    fail(
      pos[0],
      syntaxProblem(code, message),
      SYNTAX_REMEDIES.get(code) ?? 'correct the line, or look at an example in config/networks'
    )
  }
  if (second !== undefined)
    fail(second.range[0], 'a second document begins here', 'remove the line --- and what follows')
  if (findings.list.length > 0) return done(document.contents, undefined)
  return done(document.contents, toJson(document.contents, [], findings))
}

const SYNTAX_REMEDIES: ReadonlyMap<string, string> = new Map([
  ['DUPLICATE_KEY', 'remove one of the two'],
  ['TAB_AS_INDENT', 'indent with spaces'],
  ['BAD_INDENT', 'indent with spaces, two for each level, and what belongs together alike'],
  ['MISSING_CHAR', 'close the bracket or quote, and put text with : or # in quotes'],
  ['BLOCK_AS_IMPLICIT_KEY', 'put text that contains ": " in quotes'],
  ['MULTILINE_IMPLICIT_KEY', 'put a name on one line, followed by a colon'],
  ['UNEXPECTED_TOKEN', 'put the text in quotes'],
  ['BAD_SCALAR_START', 'put the text in quotes'],
  ['TAG_RESOLVE_FAILED', 'remove the tag']
])

function syntaxProblem(code: string, message: string): string {
  if (code === 'DUPLICATE_KEY') return 'the same name stands here twice'
  return `the file cannot be read here: ${message.split('\n')[0]}`
}

/** Offset of the first token beyond the depth, without recursion: the composer recurses and must not be led too deep. */
function firstTooDeep(tokens: readonly object[]): number | null {
  const open: { token: unknown; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (typeof token !== 'object' || token === null) continue
    const { type, offset, items, value, key, sep } = token as Record<string, unknown>
    const nests = type === 'block-map' || type === 'block-seq' || type === 'flow-collection'
    const inside = nests ? depth + 1 : depth
    if (inside > LEVELS_MAX) return typeof offset === 'number' ? offset : 0
    for (const part of [value, key]) if (typeof part === 'object') open.push({ token: part, depth: inside })
    for (const list of [items, sep]) {
      if (Array.isArray(list)) for (const part of list) open.push({ token: part, depth: inside })
    }
  }
  return null
}

/** What a node holds, as JSON; mistakes are reported and stand as null. */
function toJson(node: unknown, path: FindingPath, findings: Findings): Json {
  // A name without value, as in { name }.
  if (node === null) return null
  const { anchor, tag } = node as { anchor?: string; tag?: string }
  if (anchor !== undefined)
    findings.value(path, `anchors such as &${anchor} are not supported`, 'write the value out where it is used')
  if (tag !== undefined && tag !== '!')
    findings.value(path, `tags such as ${quote(tag)} are not supported`, 'remove the tag')
  if (isMap(node)) return objectOf(node.items, path, findings)
  if (isSeq(node)) return node.items.map((item, index) => toJson(item, [...path, index], findings))
  if (isScalar(node)) return scalarOf(node, path, findings)
  findings.value(path, 'aliases such as *name are not supported', 'write the value out where it is used')
  return null
}

function objectOf(pairs: readonly Pair[], path: FindingPath, findings: Findings): JsonObject {
  const object: JsonObject = {}
  for (const { key, value } of pairs) {
    if (!isScalar(key) || typeof key.value !== 'string') {
      const shown = isScalar(key) ? String(key.source ?? key.value) : 'this'
      findings.name(
        [...path, shown],
        `${quote(shown)} is not a text and cannot be a name here`,
        `put it in quotes: "${shown}"`
      )
      continue
    }
    const name = key.value
    if (name === '__proto__' || !isWellFormed(name) || name.includes('\0')) {
      findings.value(path, `${quote(name)} cannot be a name`, 'choose another name')
      continue
    }
    if ((key as { anchor?: string }).anchor !== undefined)
      findings.value(path, 'anchors are not supported', 'remove it')
    object[name] = toJson(value, [...path, name], findings)
  }
  return object
}

function scalarOf(node: Scalar, path: FindingPath, findings: Findings): Json {
  const { value } = node
  if (typeof value === 'number') {
    if (Number.isFinite(value) && Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value === 0 ? 0 : value
    findings.value(
      path,
      `${quote(node.source ?? String(value))} is not a number that all partners read alike`,
      'stay below 2^53, or put it in quotes'
    )
    return null
  }
  if (typeof value === 'string') {
    if (isWellFormed(value) && !value.includes('\0')) return value
    findings.value(path, 'the text holds half a character or NUL', 'remove it')
    return null
  }
  if (value === null || typeof value === 'boolean') return value
  findings.value(path, `${quote(String(value))} cannot be used here`, 'put it in quotes')
  return null
}

/** Follows a finding's path as far as the document goes. */
function locate(finding: Finding, root: Node | null, text: string, at: (offset: number) => Position): Position {
  let node: unknown = root
  let offset = startOf(root)
  for (const [index, step] of finding.path.entries()) {
    const last = index === finding.path.length - 1
    if (isMap(node)) {
      const pair: Pair | undefined = node.items.find(
        ({ key }) => isScalar(key) && (key.value === step || key.source === step)
      )
      if (pair === undefined) return at(offset)
      offset = startOf(pair.key)
      node = pair.value
      if (last && finding.at === 'name') return at(offset)
    } else if (isSeq(node) && typeof step === 'number' && node.items[step] !== undefined) node = node.items[step]
    else return at(offset)
    // A block of members begins on a line of its own: the line of its name says more.
    if (node !== null && !(isMap(node) && !node.flow && !last && typeof step === 'string'))
      offset = startOf(node) || offset
  }
  if (isMap(node) && !node.flow) return at(offset)
  if (finding.offset === null || !isScalar(node)) return at(offset)
  return at(offset + offsetWithin(node, finding.offset, text))
}

/**
 * From a position in a string to the position in the file: quotes, escapes, indentation and line breaks lie between, so
 * the word at the position is looked for, as often as it occurs up to there.
 */
function offsetWithin(node: Scalar, offset: number, text: string): number {
  const value = String(node.value)
  const [start = 0, end = start] = node.range ?? []
  const source = text.slice(start, end)
  const word = /^[\w.]+|^./su.exec(value.slice(offset))?.[0] ?? ''
  const before = value.slice(0, offset).split(word).length - 1
  let found = -1
  for (let i = 0; i <= before && word !== ''; i++) {
    const next = source.indexOf(word, found + 1)
    if (next === -1) break
    found = next
  }
  return Math.max(found, 0)
}

function startOf(node: unknown): number {
  const { range } = (node ?? {}) as { range?: [number, number, number] | null }
  return range?.[0] ?? 0
}
