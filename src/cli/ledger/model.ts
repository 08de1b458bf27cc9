import { Command } from 'commander'
import type { JsonObject } from '../../base/json.js'
import type {
  AmendDefinition,
  LimitDefinition,
  NetworkDefinition,
  ObjectDefinition
} from '../../ledger/network-definition.js'
import type { ModelView } from '../../node/ledger-node.js'
import type { CommandSpec } from '../command.js'
import { pairs, plain, styled, valueText } from '../text.js'
import { connect } from './connect.js'

const HELP = `
Roles, objects, fields, references and rules in force, from which block on, and what comes next when a change is decided. With
--json: {"hash","network","from","next"}, the network file with its defaults; and "removed" where objects were removed.

Examples:
  ledger model
  ledger model --json`

export const modelCommand: CommandSpec<Record<string, never>> = {
  define: () => new Command('model').description('the data model and rules in force').addHelpText('after', HELP),

  read: () => ({}),

  async run(context) {
    const model = await connect(context).model()
    const text = context.json ? `${JSON.stringify(model)}\n` : modelText(model, context.color)
    context.out.write(text)
    return 0
  }
}

export function modelText({ network, hash, from, next }: ModelView, color: boolean): string {
  const roles = Object.entries(network.roles).map(([name, { append, govern, vote }]): [string, string] => {
    const rights = [
      append.length === 0 ? 'appends nothing' : `appends ${append.map(plain).join(', ')}`,
      ...(govern ? ['governs'] : []),
      ...(vote ? ['votes on blocks'] : [])
    ]
    return [plain(name), rights.join('; ')]
  })
  const head = pairs([
    ['network', styled(color, 'bold', plain(network.title))],
    ['model', hash],
    ['in force', from === 0 ? 'from the genesis on' : `from block ${from} on`],
    ...(next === null ? [] : [['next', `${next.hash}, from block ${next.from} on`] as [string, string]]),
    ['quorum', plain(network.quorum)],
    ...(network.thresholds === undefined
      ? []
      : [['thresholds', thresholdsText(network.thresholds)] as [string, string]]),
    ...(network.removed === undefined ? [] : [['removed', network.removed.map(plain).join(', ')] as [string, string]])
  ])
  const objects = Object.entries(network.objects).map(([name, object]) => objectText(name, object, color))
  return `${head}\n\nroles\n${pairs(roles, '  ')}\n\n${objects.join('\n')}`
}

function thresholdsText(thresholds: NonNullable<NetworkDefinition['thresholds']>): string {
  return Object.entries(thresholds)
    .map(([kind, threshold]) => `${kind} ${threshold}`)
    .join(', ')
}

/** Such as `by whoever wrote the record, with the approval of: brand`. */
function amendText({ by, approval }: AmendDefinition): string {
  const who = by === 'own' ? 'by whoever wrote the record' : `by ${by.map(plain).join(', ')}`
  if (approval === 'none') return who
  if (approval === 'ballot') return `${who}, with a ballot of those who govern`
  const whose = approval === 'own' ? 'whoever wrote the record' : approval.map(plain).join(', ')
  return `${who}, with the approval of: ${whose}`
}

function objectText(name: string, object: ObjectDefinition, color: boolean): string {
  const key =
    object.key.length === 0 ? 'no key: each record is its own history' : `key ${object.key.map(plain).join(' ')}`
  const title = object.title === name ? '' : ` ${plain(object.title)}`
  const references = Object.entries(object.references).map(([reference, { object: target, key, required }]) => {
    const must = required ? ', which must exist' : ''
    return `  refers  ${plain(reference)}: the ${plain(target)} of ${key.map(plain).join(' ')}${must}`
  })
  const rules = object.rules.flatMap(({ id, expr }) => [`  rule    ${plain(id)}`, `            ${plain(expr)}`])
  const lines = [
    `${styled(color, 'bold', plain(name))}${title} (${key})`,
    pairs(fieldRows(object.fields), '  field   '),
    ...references,
    ...(object.order === undefined ? [] : [`  order   by ${plain(object.order)}`]),
    ...(object.amend === undefined ? [] : [`  amend   ${amendText(object.amend)}`]),
    ...(object.unique ?? []).map((fields) => `  unique  ${fields.map(plain).join(' ')}`),
    ...Object.entries(object.writers ?? {}).map(([field, roles]) => {
      return `  set by  ${plain(field)}: ${roles.map(plain).join(', ')} only`
    }),
    ...rules,
    ...(object.limits ?? []).map((limit) => `  limit   ${plain(limit.id)}: ${limitText(limit)}`),
    pairs(
      Object.entries(object.aliases ?? {}).map(([former, now]) => [plain(former), `${plain(now)} now`]),
      '  alias   '
    ),
    ...(object.removed === undefined ? [] : [`  removed ${object.removed.map(plain).join(', ')}`])
  ]
  return `${lines.filter((line) => line !== '').join('\n')}\n`
}

function limitText({ per, at, period, count, sum, max }: LimitDefinition): string {
  const most = sum === undefined ? `${count} records` : `${plain(String(max))} ${plain(sum)}`
  const when = at === undefined ? '' : ` of ${plain(at)}`
  return `at most ${most} per ${period}${when}${per.length === 0 ? '' : ` for each ${per.map(plain).join(' ')}`}`
}

function fieldRows({ properties, required }: JsonObject): [string, string][] {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) return []
  const must = new Set(Array.isArray(required) ? required : [])
  return Object.entries(properties).map(([name, schema]) => {
    return [plain(name) + (must.has(name) ? '' : '?'), valueText(schema)]
  })
}
