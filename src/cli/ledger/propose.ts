import { Command } from 'commander'
import { PROPOSAL_MS_DEFAULT, PROPOSAL_MS_MAX } from '../../api/limits.js'
import { CHANGE_KINDS, type ProposedChange, type ProposedKind } from '../../ledger/governance-change.js'
import type { ProposalOptions } from '../../node/ledger-node.js'
import { type CommandSpec, parsed } from '../command.js'
import { parseDuration } from '../duration.js'
import { usage } from '../failure.js'
import { connect } from './connect.js'
import { proposalText } from './proposal-text.js'

const HELP = `
What can be proposed:
  suspend PARTNER        it is cut off and votes no more, until it is reinstated
  reinstate PARTNER      a suspended one comes back; it votes once its copy is complete
  remove PARTNER         for good; it keeps its copy
  role PARTNER ROLE      another role of the network file
  key PARTNER KEY        another key, for one that was lost or stolen

Partners whose role governs vote on it, and proposing is a vote for it: ledger proposal ID shows who has and who has not. When
enough have said yes, it is in force two blocks later, everywhere at once. To suspend or remove itself, or to take another key,
a partner asks nobody. The next key of a node is made with: ledger-node key new

It is refused when too few voters would be connected afterwards to commit anything; --force does it all the same.

Examples:
  ledger propose suspend south --reason "its server is in strange hands"
  ledger propose role west auditor
  ledger propose key north 12D3KooWQYhT...`

export const proposeCommand: CommandSpec<ProposalOptions> = {
  define: () =>
    new Command('propose')
      .description('propose a change of the network')
      .argument('<kind>', CHANGE_KINDS.join(', '))
      .argument('<partner>', 'whom it is about')
      .argument('[value]', 'the new role or key')
      .option('--reason <text>', 'why, for those who vote')
      .option('--expires <duration>', 'how long it may be voted on (default: 30d)', parsed(parseExpiry))
      .option('--force', 'also when too few voters would be connected to go on')
      .addHelpText('after', HELP),

  read: ([kind, partner, value], { reason, expires, force }) => ({
    change: readChange(kind as string, partner as string, value as string | undefined),
    expiresMs: (expires as number | undefined) ?? PROPOSAL_MS_DEFAULT,
    ...(reason === undefined ? {} : { reason: reason as string }),
    ...(force === undefined ? {} : { force: true })
  }),

  async run(context, request) {
    const proposal = await connect(context).propose(request)
    context.out.write(context.json ? `${JSON.stringify(proposal)}\n` : proposalText(proposal, context.color))
    return 0
  }
}

function readChange(kind: string, partner: string, value: string | undefined): ProposedChange {
  if (!isKind(kind)) throw usage(`'${kind}' cannot be proposed`, `there are ${CHANGE_KINDS.join(', ')}`)
  if (kind === 'role' || kind === 'key') {
    if (value === undefined) throw usage(`propose ${kind} needs the new ${kind} after the partner`)
    return kind === 'role' ? { kind, partner, role: value } : { kind, partner, key: value }
  }
  if (value !== undefined) throw usage(`propose ${kind} takes a partner and nothing more`)
  return { kind, partner }
}

function isKind(text: string): text is ProposedKind {
  return (CHANGE_KINDS as readonly string[]).includes(text)
}

function parseExpiry(text: string): number {
  const milliseconds = parseDuration(text)
  if (milliseconds <= PROPOSAL_MS_MAX) return milliseconds
  throw usage(`a proposal cannot be open for ${text}`, 'choose at most 365d')
}
