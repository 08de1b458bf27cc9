import { Command } from 'commander'
import type { AmendmentState } from '../../ledger/amendment-state.js'
import { AMENDMENT_STATES } from '../../node/amendment-types.js'
import { type CommandSpec, parsed } from '../command.js'
import { usage } from '../failure.js'
import { createTable } from '../table.js'
import { plain } from '../text.js'
import { connect } from './connect.js'
import { progressText } from './proposal-text.js'
import { voteText } from './record-text.js'

export interface AmendmentsArguments {
  readonly state?: AmendmentState
}

const HELP = `
Only those that need another's word, as the network file says (amend: approval); others stand at once.

Examples:
  ledger amendments --state open
  ledger approve south/4/0 yes`

const COLUMNS = ['AMENDMENT', 'STATE', 'OBJECT', 'OF', 'WHY', 'VOTES']

export const amendmentsCommand: CommandSpec<AmendmentsArguments> = {
  define: () =>
    new Command('amendments')
      .description('amendments of records that need, or needed, approval')
      .option('--state <state>', `only those that are ${AMENDMENT_STATES.join(', ')}`, parsed(parseState))
      .addHelpText('after', HELP),

  read: (_, { state }) => (state === undefined ? {} : { state: state as AmendmentState }),

  async run(context, wanted) {
    const table = createTable(context.out, COLUMNS)
    let shown = 0
    for await (const item of connect(context).amendments(wanted)) {
      shown += 1
      const { id, amendment, object, amends, votes, tally } = item
      const missing = tally === undefined ? [] : [progressText(tally)]
      const cells = [
        plain(id),
        amendment,
        plain(object),
        plain(amends?.record ?? ''),
        plain(amends?.reason ?? ''),
        [...missing, ...votes.map(voteText)].join('; ')
      ]
      if (!context.json) await table.row(cells)
      else if (!context.out.write(`${JSON.stringify(item)}\n`)) await context.out.room()
    }
    if (context.json) return 0
    await table.flush()
    if (shown === 0) context.note('there are no such amendments')
    return 0
  }
}

function parseState(text: string): AmendmentState {
  const state = AMENDMENT_STATES.find((known) => known === text)
  if (state !== undefined) return state
  throw usage(`'${text}' is no state of an amendment`, `there are ${AMENDMENT_STATES.join(', ')}`)
}
