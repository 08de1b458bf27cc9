import { Command } from 'commander'
import { parseJson } from '../../base/json-names.js'
import type { Genesis } from '../../ledger/genesis.js'
import type { CommandSpec } from '../command.js'
import { pairs, plain, timeText } from '../text.js'
import { connect } from './connect.js'

const HELP = `
With --json the document itself, as verify-receipt takes it. Its hash names the network: compare it with your partners'.

Examples:
  ledger genesis
  ledger genesis --json > genesis.json`

export const genesisCommand: CommandSpec<Record<string, never>> = {
  define: () => new Command('genesis').description('the document the network was born from').addHelpText('after', HELP),

  read: () => ({}),

  async run(context) {
    const client = connect(context)
    const text = await client.genesis()
    if (context.json) context.out.write(text)
    else context.out.write(genesisText(parseJson(text) as Genesis, (await client.status()).genesis))
    return 0
  }
}

export function genesisText({ network, partners, time, engine }: Genesis, hash: string): string {
  const rows: [string, string][] = [
    ['network', plain(network.title)],
    ['genesis', hash],
    ['founded', timeText(new Date(time).toISOString())],
    ...partners.map(({ id, name, role, key }): [string, string] => [
      'founder',
      plain(`${id} (${name}), ${role}, ${key}`)
    ]),
    ['quorum', plain(network.quorum)],
    [
      'engine',
      Object.entries(engine)
        .map(([name, version]) => plain(`${name} ${version}`))
        .join(', ')
    ]
  ]
  return `${pairs(rows)}\n`
}
