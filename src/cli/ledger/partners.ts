import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { createTable } from '../table.js'
import { plain } from '../text.js'
import { connect } from './connect.js'

const HELP = `
Examples:
  ledger partners
  ledger partners --json`

export const partnersCommand: CommandSpec<Record<string, never>> = {
  define: () => new Command('partners').description('the partners of the network').addHelpText('after', HELP),

  read: () => ({}),

  async run(context) {
    const table = createTable(context.out, ['ID', 'NAME', 'ROLE', 'STATE', 'VOTES', 'KEY'])
    for (const partner of await connect(context).partners()) {
      if (context.json) context.out.write(`${JSON.stringify(partner)}\n`)
      else {
        const { id, name, role, state, voter, key } = partner
        await table.row([id, name, role, state, voter ? 'yes' : 'no', key].map(plain))
      }
    }
    if (!context.json) await table.flush()
    return 0
  }
}
