import { Command, InvalidArgumentError } from 'commander'
import { LIST_DEFAULT, LIST_MAX } from '../../api/limits.js'
import type { ListOptions } from '../../node/ledger-node.js'
import { type CommandSpec, integerBetween } from '../command.js'
import { createTable } from '../table.js'
import { connect } from './connect.js'
import { RECORD_COLUMNS, recordCells } from './record-text.js'

export interface ListArguments {
  readonly object: string
  readonly options: ListOptions & { readonly limit: number }
}

const HELP = `
The newest accepted record of each key; with --history every accepted record. Each line of --json carries its cursor: give
the last one to --after to go on.

Examples:
  ledger list inspection
  ledger list inspection --where garage=north --where passed=true
  ledger list inspection --history --limit 100000 --json > all.ndjson`

export const listCommand: CommandSpec<ListArguments> = {
  define: () =>
    new Command('list')
      .description('records of an object')
      .argument('<object>', 'kind of record')
      .option('--where <field=value>', 'only records with this value; may be given several times', condition)
      .option('--limit <n>', `at most this many, up to ${LIST_MAX}`, integerBetween(1, LIST_MAX), LIST_DEFAULT)
      .option('--after <cursor>', 'go on after this record')
      .option('--history', 'every accepted record instead of the newest of each key')
      .addHelpText('after', HELP),

  read([object], { where, limit, after, history }) {
    const options = {
      limit: limit as number,
      ...(where === undefined ? {} : { where: Object.fromEntries(where as ReadonlyMap<string, string>) }),
      ...(after === undefined ? {} : { after: after as string }),
      ...(history === true ? { history: true } : {})
    }
    return { object: object as string, options }
  },

  async run(context, { object, options }) {
    const table = createTable(context.out, RECORD_COLUMNS)
    let shown = 0
    for await (const record of connect(context).list(object, options)) {
      shown += 1
      if (!context.json) await table.row(recordCells(record))
      else if (!context.out.write(`${JSON.stringify(record)}\n`)) await context.out.room()
    }
    if (context.json) return 0
    await table.flush()
    if (shown === 0) context.note('no records')
    if (shown === options.limit)
      context.note(`the first ${shown}; there may be more: raise --limit, or use --json and --after`)
    return 0
  }
}

function condition(text: string, before: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, string> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('Write it as field=value.')
  const field = text.slice(0, at)
  if (before?.has(field)) throw new InvalidArgumentError(`${field} stands in two conditions.`)
  return new Map(before).set(field, text.slice(at + 1))
}
