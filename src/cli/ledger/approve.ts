import { Command } from 'commander'
import type { ApprovalOptions } from '../../node/amendment-types.js'
import type { CommandSpec } from '../command.js'
import { usage } from '../failure.js'
import { connect } from './connect.js'
import { recordText } from './record-text.js'

export type ApproveArguments = ApprovalOptions & { readonly id: string }

const HELP = `
Whose word counts says the network file (amend: approval). Approved, an amendment is judged once more, by what stands then; what
refuses it is told, and it waits on. Whoever wrote it takes it back with no.

Examples:
  ledger approve south/4/0 yes
  ledger approve south/4/0 no --reason "the photo shows 46427"`

export const approveCommand: CommandSpec<ApproveArguments> = {
  define: () =>
    new Command('approve')
      .description('say yes or no to an amendment of a record')
      .argument('<id>', 'of the amendment, such as south/4/0')
      .argument('<yes|no>', 'for it or against it')
      .option('--reason <text>', 'why, for the others')
      .addHelpText('after', HELP),

  read: ([id, vote], { reason }) => {
    if (vote !== 'yes' && vote !== 'no') throw usage(`'${vote}' is neither yes nor no`, 'write yes or no')
    return { id: id as string, yes: vote === 'yes', ...(reason === undefined ? {} : { reason: reason as string }) }
  },

  async run(context, { id, ...request }) {
    const amendment = await connect(context).approve(id, request)
    context.out.write(context.json ? `${JSON.stringify(amendment)}\n` : recordText(amendment, context.color))
    return 0
  }
}
