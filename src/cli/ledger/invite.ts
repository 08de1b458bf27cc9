import { Command } from 'commander'
import { INVITATION_MS_DEFAULT, INVITATION_MS_MAX, INVITATION_MS_MIN } from '../../api/limits.js'
import { isPartnerId } from '../../base/ids.js'
import type { InviteOptions } from '../../node/ledger-node.js'
import { type CommandSpec, parsed } from '../command.js'
import { parseDuration } from '../duration.js'
import { usage } from '../failure.js'
import { plain } from '../text.js'
import { reachWarning } from './address-reach.js'
import { connect } from './connect.js'

const HELP = `
Prints the token alone. Whoever has it can join once, under this id and role, until it expires: send it to the new partner over
a channel you trust. There, one line joins and runs a node:

  ledger-node start --invite TOKEN

Inviting needs a role that governs. Where four partners vote already, the others vote on another one that does: its node waits
meanwhile, and ledger proposals shows the ballot once it has come. ledger invitations tells what became of each. The token carries this node's addresses; a warning says so when they are of use only on
this machine or in its local network. A token that went astray is taken back with: ledger revoke TOKEN

Examples:
  ledger invite south --role dealer --name "Garage South"
  ledger invite auditor --role insurer --expires 24h > token.txt`

export const inviteCommand: CommandSpec<InviteOptions> = {
  define: () =>
    new Command('invite')
      .description('invite a new partner; prints the token')
      .argument('<id>', 'id of the new partner, such as south: a-z, 0-9 and -', parsed(parsePartnerId))
      .requiredOption('--role <role>', 'role of the new partner, as the network file names it')
      .option('--name <text>', 'name of the new partner for people (default: its id)')
      .option('--expires <duration>', 'how long the invitation holds (default: 7d)', parsed(parseExpiry))
      .addHelpText('after', HELP),

  read: ([partner], { role, name, expires }) => ({
    partner: partner as string,
    role: role as string,
    expiresMs: (expires as number | undefined) ?? INVITATION_MS_DEFAULT,
    ...(name === undefined ? {} : { name: name as string })
  }),

  async run(context, request) {
    const { token, addresses } = await connect(context).invite(request)
    // The token alone also with --json: scripts hand it on as it is.
    context.out.write(`${token}\n`)
    const warning = reachWarning(addresses)
    if (warning !== null) context.note(`warning: ${plain(warning)}`)
    return 0
  }
}

function parsePartnerId(text: string): string {
  if (isPartnerId(text)) return text
  throw usage(`'${text}' is no partner id`, 'use a-z, 0-9 and -, at most 32, a letter first')
}

function parseExpiry(text: string): number {
  const milliseconds = parseDuration(text)
  if (milliseconds >= INVITATION_MS_MIN && milliseconds <= INVITATION_MS_MAX) return milliseconds
  throw usage(`an invitation cannot hold for ${text}`, 'choose at most 365d')
}
