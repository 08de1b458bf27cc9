import { Command } from 'commander'
import type { VoteOptions } from '../../node/ledger-node.js'
import type { CommandSpec } from '../command.js'
import { usage } from '../failure.js'
import { connect } from './connect.js'
import { proposalText } from './proposal-text.js'

export type VoteArguments = VoteOptions & { readonly id: string }

const HELP = `
Needs a role that governs. A later vote of the same partner replaces the earlier one, as long as the proposal is open.

Examples:
  ledger vote north/3/0 yes
  ledger vote north/3/0 no --reason "first let us ask them"`

export const voteCommand: CommandSpec<VoteArguments> = {
  define: () =>
    new Command('vote')
      .description('vote on a proposal')
      .argument('<id>', 'of the proposal, such as north/3/0')
      .argument('<yes|no>', 'for it or against it')
      .option('--reason <text>', 'why, for the others')
      .option('--force', 'also when too few voters would be connected to go on')
      .addHelpText('after', HELP),

  read: ([id, vote], { reason, force }) => {
    if (vote !== 'yes' && vote !== 'no') throw usage(`'${vote}' is no vote`, 'write yes or no')
    return {
      id: id as string,
      yes: vote === 'yes',
      ...(reason === undefined ? {} : { reason: reason as string }),
      ...(force === undefined ? {} : { force: true })
    }
  },

  async run(context, { id, ...request }) {
    const proposal = await connect(context).vote(id, request)
    context.out.write(context.json ? `${JSON.stringify(proposal)}\n` : proposalText(proposal, context.color))
    return 0
  }
}
