import { Command } from 'commander'
import { INVITATION_STATES, type InvitationState, type InvitationView } from '../../node/ledger-node.js'
import { type CommandSpec, parsed } from '../command.js'
import { usage } from '../failure.js'
import { createTable } from '../table.js'
import { plain, timeText } from '../text.js'
import { connect } from './connect.js'

export interface InvitationsArguments {
  readonly state?: InvitationState
}

const HELP = `
Those that this node made, oldest first; the tokens themselves are kept nowhere.

States: open (nobody has used it), waiting (the partners vote on who came with it), used (who came is a partner), declined (the
vote is over, and nobody was admitted), revoked, expired, void (its inviter has another key, is not active or may not invite any
more, or the role or the id is not to be had).

Examples:
  ledger invitations --state open
  ledger invitations --json`

const COLUMNS = ['FOR', 'ROLE', 'STATE', 'EXPIRES', 'WHAT', 'INVITATION']

export const invitationsCommand: CommandSpec<InvitationsArguments> = {
  define: () =>
    new Command('invitations')
      .description('the invitations that this node made, and what became of them')
      .option('--state <state>', `only those that are ${INVITATION_STATES.join(', ')}`, parsed(parseState))
      .addHelpText('after', HELP),

  read: (_, { state }) => (state === undefined ? {} : { state: state as InvitationState }),

  async run(context, wanted) {
    const table = createTable(context.out, COLUMNS)
    let shown = 0
    for await (const invitation of connect(context).invitations(wanted)) {
      shown += 1
      const { id, partner, role, state, expires } = invitation
      const row = [partner, role, state, timeText(expires), whatText(invitation), id].map(plain)
      if (!context.json) await table.row(row)
      else if (!context.out.write(`${JSON.stringify(invitation)}\n`)) await context.out.room()
    }
    if (context.json) return 0
    await table.flush()
    if (shown === 0) context.note('there are no such invitations')
    return 0
  }
}

/** What became of it, or what to do. */
function whatText({ state, by, height, proposal, why }: InvitationView): string {
  switch (state) {
    case 'open':
      return 'to take it back: ledger revoke INVITATION'
    case 'waiting':
      return `to see who has voted: ledger proposal ${proposal}`
    case 'used':
      return height === null ? `by ${by}` : `by ${by} in block ${height}`
    case 'declined':
      return `${why}: ledger proposal ${proposal}`
    case 'revoked':
      return 'nobody can use it'
    case 'expired':
      return 'make a new one: ledger invite'
    case 'void':
      return `${why}; make a new one: ledger invite`
  }
}

function parseState(text: string): InvitationState {
  const state = INVITATION_STATES.find((known) => known === text)
  if (state !== undefined) return state
  throw usage(`'${text}' is no state of an invitation`, `there are ${INVITATION_STATES.join(', ')}`)
}
