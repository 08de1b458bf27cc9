import { writeDecimal } from './decimal.js'
import { compilePattern } from './pattern.js'
import { writeDate, writeDateTime } from './rfc3339.js'
import { boundOf, type Call, wrongTypes } from './rule-call.js'
import { place } from './rule-context.js'
import { costOfCopying, costOfMatching, costOfSearching, costOfWalking, STEP } from './rule-cost.js'
import { type Expression, expression } from './rule-expression.js'
import { BOOL, INT, type RuleType } from './rule-type.js'

export function compileSize(call: Call): Expression | null {
  const [part] = call.args as [Expression]
  const at = place(call.node, call.context)
  if (part.type.kind === 'list')
    return expression(INT, call.cost, at, (run) => BigInt((part.run(run) as unknown[]).length))
  if (part.type.kind !== 'string') return wrongTypes(call)
  const chars = boundOf(part, call)
  if (chars === null) return null
  return expression(INT, call.cost + costOfWalking(chars), at, (run) => codePoints(part.run(run) as string))
}

/** Text in records is well-formed: every high surrogate has its other half. */
function codePoints(text: string): bigint {
  let count = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0xd800 && unit <= 0xdbff) count--
  }
  return BigInt(count)
}

export function search(
  call: Call,
  test: (text: string, sought: string) => boolean,
  anywhere: boolean
): Expression | null {
  const [text, sought] = call.args as [Expression, Expression]
  if (text.type.kind !== 'string' || sought.type.kind !== 'string') return wrongTypes(call)
  const chars = boundOf(text, call)
  const soughtChars = boundOf(sought, call)
  if (chars === null || soughtChars === null) return null
  const cost = call.cost + (anywhere ? costOfSearching(chars, soughtChars) : costOfCopying(soughtChars))
  return expression(BOOL, cost, place(call.node, call.context), (run) =>
    test(text.run(run) as string, sought.run(run) as string)
  )
}

export function compileMatches(call: Call): Expression | null {
  const [text, source] = call.args as [Expression, Expression]
  const { node, context } = call
  if (text.type.kind !== 'string' || source.type.kind !== 'string') return wrongTypes(call)
  if (typeof source.literal !== 'string') {
    context.problem(
      node,
      'the pattern of matches must be written in the rule',
      'a pattern from a record could be any amount of work; write it in quotes'
    )
    return null
  }
  const result = compilePattern(source.literal)
  if ('problem' in result) {
    context.problem(node, result.problem, result.remedy)
    return null
  }
  const chars = boundOf(text, call)
  if (chars === null) return null
  const { pattern } = result
  const cost = call.cost + costOfMatching(chars, pattern.size)
  return expression(BOOL, cost, place(node, context), (run) => pattern.test(text.run(run) as string))
}

export function changeCase(call: Call, from: number, to: number, shift: number): Expression | null {
  const [text] = call.args as [Expression]
  if (text.type.kind !== 'string') return wrongTypes(call)
  const chars = boundOf(text, call)
  if (chars === null) return null
  const type: RuleType = { kind: 'string', charsMax: chars, values: null }
  // Building the new text costs several times as much as walking the old one.
  const cost = call.cost + 6 * costOfWalking(chars)
  return expression(type, cost, place(call.node, call.context), (run) => {
    let changed = ''
    const before = text.run(run) as string
    for (let i = 0; i < before.length; i++) {
      const code = before.charCodeAt(i)
      changed += code >= from && code <= to ? String.fromCharCode(code + shift) : before[i]
    }
    return changed
  })
}

export function compileString(call: Call): Expression | null {
  const [part] = call.args as [Expression]
  const { type } = part
  const at = place(call.node, call.context)
  const text = (charsMax: number, write: (value: unknown) => string): Expression =>
    expression({ kind: 'string', charsMax, values: null }, call.cost + STEP, at, (run) => write(part.run(run)))
  if (type.kind === 'string') return part
  if (type.kind === 'int') return text(20, (value) => String(value))
  if (type.kind === 'bool') return text(5, (value) => String(value))
  if (type.kind === 'decimal') return text(72, (value) => writeDecimal(value as bigint, type.scale))
  if (type.kind === 'date') return text(10, (value) => writeDate(value as number))
  if (type.kind === 'time') return text(35, (value) => writeDateTime(value as bigint))
  return wrongTypes(call)
}
