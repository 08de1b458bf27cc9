import { Command } from 'commander'
import type { ApiClient } from '../../api/client.js'
import { PROPOSAL_MS_DEFAULT, PROPOSAL_MS_MAX } from '../../api/limits.js'
import { CHANGE_KINDS, type PartnerChange, type ProposedKind } from '../../ledger/governance-change.js'
import type { VersionChange } from '../../ledger/governance-version.js'
import type { ProposalOptions } from '../../node/ledger-node.js'
import { type CommandSpec, parsed } from '../command.js'
import type { Context } from '../context.js'
import { parseDuration } from '../duration.js'
import { usage } from '../failure.js'
import { connect } from './connect.js'
import { networkOf } from './network-argument.js'
import { proposalText } from './proposal-text.js'

const HELP = `
What can be proposed:
  model FILE             another network file: roles, objects, fields, rules, quorum and thresholds, all in one
  suspend PARTNER        it is cut off and votes no more, until it is reinstated
  reinstate PARTNER      a suspended one comes back; it votes once its copy is complete
  remove PARTNER         for good; it keeps its copy
  role PARTNER ROLE      another role of the network file
  key PARTNER KEY        another key, for one that was lost or stolen
  version NUMBER         a later version of the network, once enough nodes support it

Partners whose role governs vote on it, and proposing is a vote for it: ledger proposal ID shows who has and who has not. When
enough have said yes, it is in force two blocks later, everywhere at once. To suspend or remove itself, or to take another key,
a partner asks nobody. The next key of a node is made with: ledger-node key new

In a network of version 1, which has no proposals, ledger propose version 2 is what each partner says once; version 1 takes it
back. ledger proposals shows who is missing.

It is refused when too few voters would be connected afterwards, or support the version, to commit anything; --force does it all the same.

Of a network file everything that is different is shown, before anybody votes, and what it would have said of the records on
the chain; ledger rehearse FILE tells that beforehand. Records that stand are kept as they are. A file that touches several kinds
of changes needs the strictest of their thresholds.

Examples:
  ledger propose model inspections.yaml --reason "odometers never go back"
  ledger propose suspend south --reason "its server is in strange hands"
  ledger propose role west auditor
  ledger propose version 2
  ledger propose key north 12D3KooWQYhT...`

/** What a line says: a network file is named, and read when the command runs. */
export type ProposeArguments = Omit<ProposalOptions, 'change'> & {
  readonly change: PartnerChange | VersionChange | { readonly kind: 'model'; readonly file: string }
}

export const proposeCommand: CommandSpec<ProposeArguments> = {
  define: () =>
    new Command('propose')
      .description('propose a change of the network')
      .argument('<kind>', CHANGE_KINDS.join(', '))
      .argument('<target>', 'the partner it is about, the network file, or the number of the version')
      .argument('[value]', 'the new role or key')
      .option('--reason <text>', 'why, for those who vote')
      .option('--expires <duration>', 'how long it may be voted on (default: 30d)', parsed(parseExpiry))
      .option('--force', 'also when too few voters would be connected to go on')
      .addHelpText('after', HELP),

  read: ([kind, target, value], { reason, expires, force }) => ({
    change: readChange(kind as string, target as string, value as string | undefined),
    expiresMs: (expires as number | undefined) ?? PROPOSAL_MS_DEFAULT,
    ...(reason === undefined ? {} : { reason: reason as string }),
    ...(force === undefined ? {} : { force: true })
  }),

  async run(context, { change, ...request }) {
    const client = connect(context)
    const proposal = await client.propose({ ...request, change: await changeOf(context, client, change) })
    context.out.write(context.json ? `${JSON.stringify(proposal)}\n` : proposalText(proposal, context.color))
    return 0
  }
}

async function changeOf(
  context: Context,
  client: ApiClient,
  change: ProposeArguments['change']
): Promise<ProposalOptions['change']> {
  if (change.kind !== 'model') return change
  return { kind: 'model', network: await networkOf(context, client, change.file) }
}

function readChange(kind: string, partner: string, value: string | undefined): ProposeArguments['change'] {
  if (!isKind(kind)) throw usage(`'${kind}' cannot be proposed`, `there are ${CHANGE_KINDS.join(', ')}`)
  if (kind === 'model') {
    if (value !== undefined) throw usage('propose model takes a network file and nothing more')
    return { kind, file: partner }
  }
  if (kind === 'version') {
    if (!/^[1-9]\d{0,5}$/.test(partner) || value !== undefined)
      throw usage('propose version takes a whole number alone')
    return { kind, version: Number(partner) }
  }
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
