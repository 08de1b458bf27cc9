import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { connect } from './connect.js'
import { recordText } from './record-text.js'

export interface RecordIdArguments {
  readonly id: string
}

const HELP = `
A record id is PARTNER/SEQUENCE/INDEX, as append prints it. It is known before the record is committed, so this also tells
what became of a pending one.

Examples:
  ledger show dealer-a/3/0
  ledger show dealer-a/3/0 --json`

export const showCommand: CommandSpec<RecordIdArguments> = {
  define: () =>
    new Command('show')
      .description('a record by its id, whatever became of it')
      .argument('<record-id>', 'such as dealer-a/3/0')
      .addHelpText('after', HELP),

  read: ([id]) => ({ id: id as string }),

  async run(context, { id }) {
    const record = await connect(context).show(id)
    context.out.write(context.json ? `${JSON.stringify(record)}\n` : recordText(record, context.color))
    return 0
  }
}
