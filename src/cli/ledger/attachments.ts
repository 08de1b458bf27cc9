import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { createTable } from '../table.js'
import { plain } from '../text.js'
import { connect } from './connect.js'
import { attachmentName } from './record-attachments.js'

const HELP = `
Those that this node holds: put in here, or fetched from partners. RECORD is the first accepted record that has the file, and NAME
what it calls it; neither is shown while no record has it.

Examples:
  ledger attachments
  ledger attachments --json`

const COLUMNS = ['HASH', 'BYTES', 'RECORD', 'NAME']

export const attachmentsCommand: CommandSpec<null> = {
  define: () =>
    new Command('attachments').description('the files of records that are held here').addHelpText('after', HELP),

  read: () => null,

  async run(context) {
    const client = connect(context)
    const table = createTable(context.out, COLUMNS)
    let shown = 0
    for await (const { cursor, ...attachment } of client.attachments()) {
      shown += 1
      const { hash, bytes, record } = attachment
      if (!context.json) {
        const name = record === null ? null : attachmentName((await client.show(record)).data, hash)
        await table.row([hash, String(bytes ?? '-'), record ?? '-', name ?? '-'].map(plain))
      } else if (!context.out.write(`${JSON.stringify({ ...attachment, cursor })}\n`)) await context.out.room()
    }
    if (context.json) return 0
    await table.flush()
    if (shown === 0) context.note('no files are held here')
    return 0
  }
}
