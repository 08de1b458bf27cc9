import { Command } from 'commander'
import { PROPOSAL_STATES, type ShownProposalState } from '../../node/ledger-node.js'
import { type CommandSpec, parsed } from '../command.js'
import { usage } from '../failure.js'
import { createTable } from '../table.js'
import { plain } from '../text.js'
import { connect } from './connect.js'
import { progressText, subjectOf } from './proposal-text.js'

export interface ProposalsArguments {
  readonly state?: ShownProposalState
}

const HELP = `
States: open (may be voted on), passed (decided, in force two blocks later), enacted (in force), rejected, withdrawn, expired,
stale (what it rests on was changed meanwhile).

Examples:
  ledger proposals --state open
  ledger proposals --json`

const COLUMNS = ['PROPOSAL', 'STATE', 'WHAT', 'BY', 'VOTES']

export const proposalsCommand: CommandSpec<ProposalsArguments> = {
  define: () =>
    new Command('proposals')
      .description('proposed changes of the network, oldest first')
      .option('--state <state>', `only those that are ${PROPOSAL_STATES.join(', ')}`, parsed(parseState))
      .addHelpText('after', HELP),

  read: (_, { state }) => (state === undefined ? {} : { state: state as ShownProposalState }),

  async run(context, wanted) {
    const table = createTable(context.out, COLUMNS)
    let shown = 0
    for await (const proposal of connect(context).proposals(wanted)) {
      shown += 1
      const { id, state, kind, change, by } = proposal
      const what = `${kind} ${subjectOf(change)}`
      if (!context.json) await table.row([plain(id), state, what, plain(by), progressText(proposal)])
      else if (!context.out.write(`${JSON.stringify(proposal)}\n`)) await context.out.room()
    }
    if (context.json) return 0
    await table.flush()
    if (shown === 0) context.note('there are no such proposals')
    return 0
  }
}

function parseState(text: string): ShownProposalState {
  const state = PROPOSAL_STATES.find((known) => known === text)
  if (state !== undefined) return state
  throw usage(`'${text}' is no state of a proposal`, `there are ${PROPOSAL_STATES.join(', ')}`)
}
