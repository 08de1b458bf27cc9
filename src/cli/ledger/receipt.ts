import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { connect } from './connect.js'
import type { RecordIdArguments } from './show.js'

const HELP = `
The receipt proves to anybody, offline, who wrote the record, when, and who endorsed it; of a refused record, that it was
refused. Hand it over together with the genesis, and for the strongest proof a checkpoint.

Examples:
  ledger receipt dealer-a/3/0 > receipt.json
  ledger genesis --json > genesis.json
  ledger verify-receipt receipt.json --genesis genesis.json`

export const receiptCommand: CommandSpec<RecordIdArguments> = {
  define: () =>
    new Command('receipt')
      .description('the proof of a committed record, for anybody to check offline')
      .argument('<record-id>', 'such as dealer-a/3/0')
      .addHelpText('after', HELP),

  read: ([id]) => ({ id: id as string }),

  async run(context, { id }) {
    context.out.write(await connect(context).receipt(id))
    return 0
  }
}
