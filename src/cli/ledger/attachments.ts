import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { createTable } from '../table.js'
import { plain } from '../text.js'
import { connect } from './connect.js'

const HELP = `
Those that this node holds: put in here, or fetched from partners. RECORD is the first accepted record that has the file; none
is shown while no record has it.

Examples:
  ledger attachments
  ledger attachments --json`

const COLUMNS = ['HASH', 'BYTES', 'RECORD']

export const attachmentsCommand: CommandSpec<null> = {
  define: () =>
    new Command('attachments').description('the files of records that are held here').addHelpText('after', HELP),

  read: () => null,

  async run(context) {
    const table = createTable(context.out, COLUMNS)
    let shown = 0
    for await (const { cursor, ...attachment } of connect(context).attachments()) {
      shown += 1
      const { hash, bytes, record } = attachment
      if (!context.json) await table.row([hash, String(bytes ?? '-'), record ?? '-'].map(plain))
      else if (!context.out.write(`${JSON.stringify({ ...attachment, cursor })}\n`)) await context.out.room()
    }
    if (context.json) return 0
    await table.flush()
    if (shown === 0) context.note('no files are held here')
    return 0
  }
}
