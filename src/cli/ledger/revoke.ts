import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { usage } from '../failure.js'
import { connect } from './connect.js'

export interface RevokeArguments {
  /** A token, or the id of its invitation: its key. */
  readonly invitation: string
}

const HELP = `
From then on nobody can join with the token. It takes effect as a record on the chain, so it needs a quorum. Who has joined with
it already stays a partner; while the partners vote on who came with it, withdraw that proposal instead.

Examples:
  ledger revoke "$(cat token.txt)"
  ledger revoke 12D3KooWQYhT...`

export const revokeCommand: CommandSpec<RevokeArguments> = {
  define: () =>
    new Command('revoke')
      .description('take an invitation back that nobody has used')
      .argument('<token>', 'the token, or the id of the invitation as ledger invitations has it')
      .addHelpText('after', HELP),

  read: ([invitation]) => ({ invitation: (invitation as string).trim() }),

  async run(context, { invitation }) {
    const key = await invitationKeyOf(invitation)
    await connect(context).revoke(key)
    if (context.json) context.out.write(`${JSON.stringify({ revoked: key })}\n`)
    else context.note('revoked: nobody can join with it any more')
    return 0
  }
}

async function invitationKeyOf(text: string): Promise<string> {
  const { keyFromText } = await import('../../base/keys.js')
  if (keyFromText(text) !== null) return text
  const { readToken } = await import('../../node/invitation.js')
  const token = readToken(text)
  if (token.ok) return token.value.invitation.key
  throw usage(`this is neither a token nor the id of an invitation: ${token.refusal.message}`)
}
