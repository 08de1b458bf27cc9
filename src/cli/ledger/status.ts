import { Command } from 'commander'
import type { ApiClient } from '../../api/client.js'
import type { NodeStatus, PartnerView } from '../../node/ledger-node.js'
import type { CommandSpec } from '../command.js'
import { count, pairs, plain, shortHash, styled, timeText } from '../text.js'
import { connect } from './connect.js'
import { promiseOf } from './promise.js'

const HELP = `
Says where this copy is, who is connected, whether enough partners are online for records to commit, why nothing moves when
nothing moves, and what a network of this size promises.

Examples:
  ledger status
  ledger status --json`

export const statusCommand: CommandSpec<Record<string, never>> = {
  define: () => new Command('status').description('how the node and its network are').addHelpText('after', HELP),

  read: () => ({}),

  async run(context) {
    const client = connect(context)
    const status = await client.status()
    if (context.json) context.out.write(`${JSON.stringify(status)}\n`)
    else if (status.partner.state === 'joining') context.out.write(joiningText(status, context.color))
    else {
      const awaited = await awaitedHere(client, status)
      context.out.write(statusText(status, await client.partners(), context.color, awaited))
    }
    return 0
  }
}

/** Of a node that is not admitted yet: it has nothing but its invitation. */
export function joiningText({ network, genesis, partner, stalled }: NodeStatus, color: boolean): string {
  const rows: [string, string][] = [
    ['network', `${styled(color, 'bold', plain(network))} (genesis ${shortHash(genesis)})`],
    ['partner', `${plain(partner.id)}, ${plain(partner.role)}, ${styled(color, 'yellow', partner.state)}`],
    ['joining', 'not admitted yet: the partners that the invitation names are asked until one admits this node']
  ]
  const ballot = stalled?.causes?.find(({ code }) => code === 'ballot')
  if (ballot !== undefined) {
    rows.push(['waiting', styled(color, 'yellow', plain(`${ballot.why}; ${ballot.todo}`))])
  } else if (stalled !== null) {
    rows.push(['STALLED', styled(color, 'red', `since ${timeText(stalled.since)}: ${plain(stalled.why)}`)])
  }
  return `${pairs(rows)}\n`
}

/** How many amendments wait for the word of this partner. */
async function awaitedHere(client: ApiClient, { amendments, partner }: NodeStatus): Promise<number> {
  let awaited = 0
  if (amendments === undefined || amendments.open === 0) return awaited
  for await (const { tally } of client.amendments({ state: 'open' })) {
    if (tally?.waiting.includes(partner.id)) awaited += 1
  }
  return awaited
}

/**
 * @param partners who votes is told by these
 * @param awaited amendments that wait for the word of this partner
 */
export function statusText(status: NodeStatus, partners: readonly PartnerView[], color: boolean, awaited = 0): string {
  const { partner, quorum, mempool, stalled } = status
  const voters = partners.filter(({ voter, state }) => voter && state === 'active').map(({ id }) => id)
  const lack = quorumLack(status, voters)
  const stateStyle = partner.state === 'active' ? 'green' : 'yellow'
  const rows: [string, string][] = [
    ['network', `${styled(color, 'bold', plain(status.network))} (genesis ${shortHash(status.genesis)})`],
    ['partner', `${plain(partner.id)}, ${plain(partner.role)}, ${styled(color, stateStyle, partner.state)}`],
    ['height', `${status.height} (head ${shortHash(status.head)}, state ${shortHash(status.stateHash)})`],
    ['quorum', `${plain(quorum.rule)}: ${quorum.needed} of ${voters.length} must agree, ${quorum.online} online`],
    ...status.recoveries.map(epochRow),
    ...versionRows(status),
    ['waiting', `${count(mempool.records, 'record')} in ${count(mempool.batches, 'batch', 'batches')}`]
  ]
  if (awaited > 0) {
    const todo = `${count(awaited, 'amendment')} for this partner to approve or not: ledger amendments --state open`
    rows.push(['approval', styled(color, 'yellow', todo)])
  }
  if (partner.state === 'pending')
    rows.push(['joining', 'admitted; fetching and checking the chain before it takes part'])
  if (status.syncing) rows.push(['syncing', 'this copy is behind and catching up'])
  if (lack !== null) rows.push(['NO QUORUM', styled(color, 'red', lack)])
  if (stalled !== null) {
    const causes = stalled.causes?.map(({ why, todo }) => `${why}; ${todo}`) ?? [stalled.why]
    for (const [index, cause] of causes.entries()) {
      const since = index === 0 ? `since ${timeText(stalled.since)}${placeOf(stalled)}: ` : 'and '
      rows.push([index === 0 ? 'STALLED' : '', styled(color, 'red', `${since}${plain(cause)}`)])
    }
  }
  const others = status.partners.map((one): [string, string] => {
    const connection = one.id === partner.id ? 'this node' : one.connected ? 'connected' : 'not connected'
    const part = voters.includes(one.id) ? '' : ', no vote'
    const lies = partners.find(({ id }) => id === one.id)?.evidence ?? 0
    const proven = lies === 0 ? '' : styled(color, 'red', `, evidence against it: ${lies}`)
    return [plain(one.id), `${one.state}, ${connection}, height ${one.height ?? 'unknown'}${part}${proven}`]
  })
  return `${pairs(rows)}\npartners\n${pairs(others, '  ')}\n\n${promiseOf(quorum.rule, voters.length)}\n`
}

/** `3, 4 is decided; this node: ledger-node 1.0.0, which knows up to 4` */
function versionRows({ version, software }: NodeStatus): [string, string][] {
  if (version === undefined) return []
  const { inForce, decided, known } = version
  const next = decided === inForce ? '' : `, ${decided} is decided`
  const own = software === undefined ? 'this node' : `this node: ${plain(software)}, which`
  return [['version', `${inForce}${next}; ${own} knows up to ${known}`]]
}

/** Which block is not decided, and in which round it is; empty where the node decides nothing. */
function placeOf({ height, round }: NonNullable<NodeStatus['stalled']>): string {
  return height === undefined || round === undefined ? '' : `, at block ${height}, round ${round}`
}

function epochRow({ epoch, height, lost, signers }: NodeStatus['recoveries'][number]): [string, string] {
  return [
    'epoch',
    `${epoch}, begun behind block ${height} by ${plain(signers.join(', '))}, without ${plain(lost.join(', '))}`
  ]
}

/** What the quorum lacks, in plain words; null when enough voters are online. */
export function quorumLack({ quorum, partner, partners }: NodeStatus, voters: readonly string[]): string | null {
  const { needed, online } = quorum
  if (online >= needed || voters.length === 0) return null
  const away = partners.filter((one) => voters.includes(one.id) && one.id !== partner.id && !one.connected)
  const names = away.map(({ id }) => plain(id)).join(', ')
  const missing = needed - online
  return (
    `no record can commit: ${needed} of ${voters.length} must be online, ${online} ${online === 1 ? 'is' : 'are'}. ` +
    `${missing === 1 ? 'One more is' : `${missing} more are`} needed of: ${names}. ` +
    'What is appended meanwhile is kept and commits then'
  )
}
