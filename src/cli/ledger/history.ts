import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { parseKeyArguments, readableObjects } from '../key-arguments.js'
import { createTable } from '../table.js'
import { connect } from './connect.js'
import { RECORD_COLUMNS, recordCells } from './record-text.js'

export interface HistoryArguments {
  readonly object: string
  readonly key: readonly string[]
  readonly all: boolean
}

const HELP = `
Only accepted records, unless --all: then also those that were refused by execution and whose refusal is on the chain.
What was refused before it was sent is on no chain; the node keeps it in its refusals.ndjson.

Examples:
  ledger history inspection VH-001
  ledger history inspection vehicle=VH-001 --all --json`

export const historyCommand: CommandSpec<HistoryArguments> = {
  define: () =>
    new Command('history')
      .description('all records under a key, oldest first')
      .argument('<object>', 'kind of record')
      .argument('[key...]', 'values of the key fields, or field=value')
      .option('--all', 'also records refused by execution')
      .addHelpText('after', HELP),

  read: ([object, key], { all }) => ({ object: object as string, key: key as string[], all: all === true }),

  async run(context, { object, key, all }) {
    const client = connect(context)
    const objects = readableObjects(await client.model())
    const records = client.history(object, parseKeyArguments(objects, object, key, 'history'), { all })
    const table = createTable(context.out, RECORD_COLUMNS)
    for await (const { cursor: _, ...record } of records) {
      if (!context.json) await table.row(recordCells(record))
      else if (!context.out.write(`${JSON.stringify(record)}\n`)) await context.out.room()
    }
    if (!context.json) await table.flush()
    return 0
  }
}
