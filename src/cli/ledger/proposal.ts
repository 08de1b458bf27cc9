import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { connect } from './connect.js'
import { proposalText } from './proposal-text.js'
import type { RecordIdArguments } from './show.js'

const HELP = `
What it would change, who has voted and why, how many yes are still needed, and from which block on it is in force.

Examples:
  ledger proposal north/3/0
  ledger proposal north/3/0 --json`

export const proposalCommand: CommandSpec<RecordIdArguments> = {
  define: () =>
    new Command('proposal')
      .description('one proposal')
      .argument('<id>', 'as ledger propose printed it, such as north/3/0')
      .addHelpText('after', HELP),

  read: ([id]) => ({ id: id as string }),

  async run(context, { id }) {
    const proposal = await connect(context).proposal(id)
    context.out.write(context.json ? `${JSON.stringify(proposal)}\n` : proposalText(proposal, context.color))
    return 0
  }
}
