import { Command } from 'commander'
import type { MisconductView, NodeStatus, PartnerView } from '../../node/ledger-node.js'
import type { CommandSpec } from '../command.js'
import { createTable } from '../table.js'
import { count, plain, styled, timeText } from '../text.js'
import { connect } from './connect.js'

const HELP = `
States: joining (not admitted yet), pending (admitted, its copy is still being made), active, suspended, removed. Who votes checks
and endorses every block; who does not keeps a copy (an observer). HEIGHT is the newest block of the partner's copy, as it last
told. Connected means to this node.

Below the table is told who sent this node what no honest node sends, since it was started: such a partner, or stranger, is hung
up on for a while when it does so again and again. When a partner has signed two different things where only one may be, the proof
is on the chain, and is told there too.

Examples:
  ledger partners
  ledger partners --json`

export const partnersCommand: CommandSpec<Record<string, never>> = {
  define: () => new Command('partners').description('the partners of the network').addHelpText('after', HELP),

  read: () => ({}),

  async run(context) {
    const client = connect(context)
    const partners = await client.partners()
    if (context.json) {
      for (const partner of partners) context.out.write(`${JSON.stringify(partner)}\n`)
      return 0
    }
    const { partner: self, strangers } = await client.status()
    const table = createTable(context.out, ['ID', 'NAME', 'ROLE', 'STATE', 'VOTES', 'CONNECTED', 'HEIGHT', 'KEY'])
    for (const partner of partners) {
      const { id, name, role, state, voter, height, key } = partner
      const connection = id === self.id ? 'this node' : partner.connected ? 'yes' : 'no'
      await table.row([id, name, role, state, voter ? 'yes' : 'no', connection, `${height ?? '?'}`, key].map(plain))
    }
    await table.flush()
    context.out.write(addressesText(partners))
    context.out.write(misconductText(partners, strangers, context.color))
    context.out.write(evidenceText(partners, context.color))
    return 0
  }
}

function addressesText(partners: readonly PartnerView[]): string {
  const lines = partners.flatMap(({ id, addresses }) => addresses.map((address) => `  ${plain(id)}  ${plain(address)}`))
  return lines.length === 0 ? '' : `\naddresses\n${lines.join('\n')}\n`
}

function misconductText(
  partners: readonly PartnerView[],
  strangers: NodeStatus['strangers'] | undefined,
  color: boolean
): string {
  // The node of another build may not tell of it.
  const all: [who: string, MisconductView | undefined][] = partners.map(({ id, misconduct }) => [plain(id), misconduct])
  const lines = [...all, ['strangers', strangers] as const].flatMap(([who, told]) => {
    if (told === undefined || told.last === null) return []
    const { seen, hungUp, last } = told
    const dropped = hungUp === 0 ? '' : `, hung up on ${times(hungUp)}`
    return `${who} did what no honest node does, ${times(seen)}${dropped}; last ${timeText(last.time)}: ${plain(last.why)}`
  })
  return lines.length === 0 ? '' : `\n${lines.map((line) => styled(color, 'yellow', line)).join('\n')}\n`
}

function times(number: number): string {
  return number === 1 ? 'once' : count(number, 'time')
}

function evidenceText(partners: readonly PartnerView[], color: boolean): string {
  const lines = partners
    .filter(({ evidence }) => evidence > 0)
    .map(({ id, evidence }) => {
      return `${plain(id)} signed two different things where only one may be, ${times(evidence)}: its key is in two places or it lies`
    })
  if (lines.length === 0) return ''
  return `\n${lines.map((line) => styled(color, 'red', line)).join('\n')}\nthe proofs: ledger evidence\n`
}
