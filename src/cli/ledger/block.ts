import { Command } from 'commander'
import { type CommandSpec, integerBetween } from '../command.js'
import { outline } from '../text.js'
import { connect } from './connect.js'

export interface BlockArguments {
  readonly height: number
}

const HELP = `
Header, batches, certificate (the signatures of the partners who endorsed it) and the records it refused.

Examples:
  ledger block 12
  ledger block 12 --json`

export const blockCommand: CommandSpec<BlockArguments> = {
  define: () =>
    new Command('block')
      .description('a block of the chain')
      .argument('<height>', 'its height, from 1', integerBetween(1, Number.MAX_SAFE_INTEGER))
      .addHelpText('after', HELP),

  read: ([height]) => ({ height: height as number }),

  async run(context, { height }) {
    const block = await connect(context).block(height)
    context.out.write(context.json ? `${JSON.stringify(block)}\n` : `${outline(block)}\n`)
    return 0
  }
}
