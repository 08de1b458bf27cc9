import { Command } from 'commander'
import { LedgerError } from '../../base/errors.js'
import { type CommandSpec, parsed } from '../command.js'
import { usage } from '../failure.js'
import { createTable } from '../table.js'
import { connect } from './connect.js'
import { RECORD_COLUMNS, recordCells } from './record-text.js'

export interface WatchArguments {
  readonly object?: string
  readonly since?: string
}

const HELP = `
Accepted records as they are committed, until you stop it. --since 0 begins at the beginning, --since 12 after block 12; each
line of --json has its "event", which --since takes too, to go on exactly after it.

Examples:
  ledger watch
  ledger watch inspection --since 0 --json
  ledger watch --since 12.0.3 --json`

export const watchCommand: CommandSpec<WatchArguments> = {
  define: () =>
    new Command('watch')
      .description('committed records as they come')
      .argument('[object]', 'only records of this kind')
      .option('--since <height>', 'begin after this block or event; 0 is the beginning', parsed(parseSince))
      .addHelpText('after', HELP),

  read: ([object], { since }) => ({
    ...(object === undefined ? {} : { object: object as string }),
    ...(since === undefined ? {} : { since: since as string })
  }),

  async run(context, args) {
    const table = createTable(context.out, RECORD_COLUMNS, { together: 1 })
    let last = args.since
    for await (const change of connect(context).changes(args)) {
      last = change.event
      if (!context.json) await table.row(recordCells(change))
      else if (!context.out.write(`${JSON.stringify(change)}\n`)) await context.out.room()
    }
    const remedy = `go on with: ledger watch --since ${last ?? 'HEIGHT'}, once it is up again`
    throw new LedgerError('CLOSED', 'the node has stopped', { remedy })
  }
}

function parseSince(text: string): string {
  if (/^[0-9]{1,15}(\.[0-9]{1,7}\.[0-9]{1,7})?$/.test(text)) return text
  throw usage(`'${text}' is neither a height nor an event`, 'write it like 0, 12 or 12.0.3')
}
