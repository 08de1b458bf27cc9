import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { homePaths } from '../../node/home.js'
import type { CommandSpec } from '../command.js'
import { EXIT } from '../failure.js'
import { plain } from '../text.js'

export interface RestoreArguments {
  readonly directory: string
  readonly notRunSince: boolean
}

const HELP = `
Puts a backup of ledger-node backup into an empty home, or one that holds the key already. Every file is checked first, nothing
is overwritten. Started then, the node fetches the chain from the other partners and comes back as a new incarnation.

The key must run nowhere else. A backup of a partner that votes alone also holds what it has signed: it may only be restored
when the node has not run since the backup was made, which you say with --not-run-since.

Examples:
  ledger-node restore /media/safe/north-2025-03-01
  ledger-node restore /srv/backups/north && ledger-node key restore /media/safe/north.key.json`

export const restoreCommand: CommandSpec<RestoreArguments> = {
  define: () =>
    new Command('restore')
      .description('put a backup into an empty home')
      .argument('<dir>', 'what ledger-node backup wrote')
      .option('--not-run-since', 'the node has not run since the backup was made')
      .addHelpText('after', HELP),

  read: ([directory], { notRunSince }) => ({ directory: directory as string, notRunSince: notRunSince === true }),

  async run(context, { directory, notRunSince }) {
    const { restoreHome } = await import('../../node/restore-home.js')
    const { home } = context
    const { partner, genesis, whole, made } = await restoreHome({ home, directory, notRunSince })
    if (context.json) context.out.write(`${JSON.stringify({ home, partner, genesis, whole, made })}\n`)
    context.note(`${plain(home)} is that of ${partner} again, as of ${plain(made)}`)
    if (!existsSync(homePaths(home).key)) context.note('the key is not in the backup: ledger-node key restore FILE')
    context.note('be sure that the key runs nowhere else, then: ledger-node start')
    return EXIT.done
  }
}
