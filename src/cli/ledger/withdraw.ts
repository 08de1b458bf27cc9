import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { connect } from './connect.js'
import { proposalText } from './proposal-text.js'
import type { RecordIdArguments } from './show.js'

const HELP = `
Only who made it may, and only while it is open.

Examples:
  ledger withdraw north/3/0`

export const withdrawCommand: CommandSpec<RecordIdArguments> = {
  define: () =>
    new Command('withdraw')
      .description('take an own proposal back')
      .argument('<id>', 'of the proposal, such as north/3/0')
      .addHelpText('after', HELP),

  read: ([id]) => ({ id: id as string }),

  async run(context, { id }) {
    const proposal = await connect(context).withdraw(id)
    context.out.write(context.json ? `${JSON.stringify(proposal)}\n` : proposalText(proposal, context.color))
    return 0
  }
}
