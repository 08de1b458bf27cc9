import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { connect } from './connect.js'
import { attachmentsOf, attachmentsText } from './record-attachments.js'
import { recordText } from './record-text.js'

export interface RecordIdArguments {
  readonly id: string
}

const HELP = `
A record id is PARTNER/SEQUENCE/INDEX, as append prints it. It is known before the record is committed, so this also tells
what became of a pending one. Files of the record are listed with their hash and whether they are held here.

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
    const client = connect(context)
    const record = await client.show(id)
    const attachments = await attachmentsOf(client, record.data)
    if (context.json) {
      const shown = attachments.length === 0 ? record : { ...record, attachments }
      context.out.write(`${JSON.stringify(shown)}\n`)
    } else context.out.write(recordText(record, context.color) + attachmentsText(attachments))
    return 0
  }
}
