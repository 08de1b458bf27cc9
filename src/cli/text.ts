import type { Blame } from '../base/errors.js'
import type { Json, JsonObject } from '../base/json.js'
import { asAttachment } from '../ledger/attachment.js'

/**
 * Text of others made safe for a terminal: control characters (which could move the cursor or ring), line breaks and
 * marks that reverse the direction of writing are shown as escapes.
 */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** A value in a line for people: strings as they are, files by name and size, the rest as compact JSON. */
export function valueText(value: Json | undefined): string {
  if (value === undefined) return ''
  const shown = withFileNames('', value)
  return plain(typeof shown === 'string' ? shown : JSON.stringify(shown, withFileNames))
}

function withFileNames(_: string, value: Json): Json {
  const attachment = asAttachment(value)
  return attachment === null ? value : `${attachment.name} (${count(attachment.bytes, 'byte')})`
}

/** What is added to the message of a refusal: ` (at /odometer)`, ` (rule NAME; right is record.odometer >= 10)` */
export function blameText(message: string, { path, rule, expected }: Blame): string {
  const where = path === undefined || path === '' || message.includes(path) ? '' : ` (at ${plain(path)})`
  const right = expected === undefined ? '' : `; right is ${plain(expected)}`
  return `${where}${rule === undefined ? '' : ` (rule ${plain(rule)}${right})`}`
}

/** `vehicle=VH-001 odometer=19359` */
export function fieldsText(data: JsonObject): string {
  return Object.entries(data)
    .map(([name, value]) => `${plain(name)}=${valueText(value)}`)
    .join(' ')
}

/** RFC 3339 without the parts that people do not read: `2025-03-01 12:00:00Z`. */
export function timeText(time: string): string {
  return plain(time)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
}

/** The start of a hash, enough to compare by eye. */
export function shortHash(hash: string): string {
  return plain(hash.slice(0, 16))
}

/** `1 record`, `2 records` */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en-US')} ${number === 1 ? one : many}`
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow'

const STYLES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39]
}

/** Colours a text, when colour is wanted. */
export function styled(color: boolean, style: Style, text: string): string {
  const [on, off] = STYLES[style]
  return color ? `\u001b[${on}m${text}\u001b[${off}m` : text
}

/** Lines of `name  value`, values aligned. */
export function pairs(rows: readonly (readonly [name: string, value: string])[], indent = ''): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`.trimEnd()).join('\n')
}

/** A JSON value as an indented outline for people. */
export function outline(value: JsonObject, indent = ''): string {
  const names = Object.keys(value)
  const width = Math.max(0, ...names.filter((name) => !isNested(value[name])).map((name) => plain(name).length))
  const lines = names.flatMap((name) => {
    const member = value[name]
    if (!isNested(member)) return [`${indent}${plain(name).padEnd(width)}  ${valueText(member)}`.trimEnd()]
    const inner = `${indent}  `
    const items = Array.isArray(member) ? member : [member as JsonObject]
    const texts = items.map((item) => (isPlainObject(item) ? outline(item, inner) : `${inner}${valueText(item)}`))
    return [`${indent}${plain(name)}`, texts.join(`\n${inner}--\n`)]
  })
  return lines.join('\n')
}

function isNested(value: Json | undefined): boolean {
  return isPlainObject(value) || (Array.isArray(value) && value.some((item) => isPlainObject(item)))
}

function isPlainObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
}
