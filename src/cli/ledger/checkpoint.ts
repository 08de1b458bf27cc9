import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { connect } from './connect.js'

const HELP = `
The newest block and the partners whose quorum signed it. Whoever takes it from a partner they trust can give it to
verify-receipt: then keys that leaked before it was made cannot forge a receipt.

Example:
  ledger checkpoint > checkpoint.json`

export const checkpointCommand: CommandSpec<Record<string, never>> = {
  define: () =>
    new Command('checkpoint')
      .description('what to verify receipts against, from a node you trust')
      .addHelpText('after', HELP),

  read: () => ({}),

  async run(context) {
    context.out.write(`${JSON.stringify(await connect(context).checkpoint())}\n`)
    return 0
  }
}
