import { Command } from 'commander'
import type { NodeStatus } from '../../node/ledger-node.js'
import type { CommandSpec } from '../command.js'
import { count, pairs, plain, shortHash, styled, timeText } from '../text.js'
import { connect } from './connect.js'
import { promiseOf } from './promise.js'

const HELP = `
Examples:
  ledger status
  ledger status --json`

export const statusCommand: CommandSpec<Record<string, never>> = {
  define: () => new Command('status').description('how the node and its network are').addHelpText('after', HELP),

  read: () => ({}),

  async run(context) {
    const client = connect(context)
    const status = await client.status()
    if (context.json) {
      context.out.write(`${JSON.stringify(status)}\n`)
      return 0
    }
    const voters = (await client.partners()).filter((partner) => partner.voter && partner.state === 'active').length
    context.out.write(statusText(status, voters, context.color))
    return 0
  }
}

/** @param voters how many partners vote on blocks */
export function statusText(status: NodeStatus, voters: number, color: boolean): string {
  const { partner, quorum, mempool, stalled } = status
  const stateStyle = partner.state === 'active' ? 'green' : 'yellow'
  const rows: [string, string][] = [
    ['network', `${styled(color, 'bold', plain(status.network))} (genesis ${shortHash(status.genesis)})`],
    ['partner', `${plain(partner.id)}, ${plain(partner.role)}, ${styled(color, stateStyle, partner.state)}`],
    ['height', `${status.height} (head ${shortHash(status.head)}, state ${shortHash(status.stateHash)})`],
    ['quorum', `${plain(quorum.rule)}: ${quorum.needed} of ${voters} must agree, ${quorum.online} online`],
    ['waiting', `${count(mempool.records, 'record')} in ${count(mempool.batches, 'batch', 'batches')}`],
    ...(status.syncing ? [['syncing', 'this copy is behind and catching up'] as [string, string]] : []),
    ...(stalled === null
      ? []
      : [
          ['STALLED', styled(color, 'red', `since ${timeText(stalled.since)}: ${plain(stalled.why)}`)] as [
            string,
            string
          ]
        ])
  ]
  const partners = status.partners.map((one): [string, string] => {
    const connection = one.id === partner.id ? 'this node' : one.connected ? 'connected' : 'not connected'
    return [plain(one.id), `${one.state}, ${connection}, height ${one.height ?? 'unknown'}`]
  })
  return `${pairs(rows)}\npartners\n${pairs(partners, '  ')}\n\n${promiseOf(quorum.rule, voters)}\n`
}
