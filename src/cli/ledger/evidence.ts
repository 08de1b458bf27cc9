import { Command } from 'commander'
import type { EvidencePlace } from '../../ledger/evidence.js'
import type { ListedEvidence } from '../../node/ledger-node.js'
import type { CommandSpec } from '../command.js'
import { createTable } from '../table.js'
import { plain, timeText } from '../text.js'
import { connect } from './connect.js'

const HELP = `
Who signed two different things where only one may be: both signatures are on the chain, written down by a partner that saw
them. Such a partner lies, or its key is in two places. RECORD is the record with the proof, as ledger show and ledger receipt
take it. With --json one line an item, with everything that ledger verify-evidence needs.

Examples:
  ledger evidence
  ledger evidence --json > evidence.ndjson
  ledger genesis --json > genesis.json
  ledger verify-evidence evidence.ndjson --genesis genesis.json`

const COLUMNS = ['PARTNER', 'SIGNED TWICE', 'INCARNATION', 'BLOCK', 'TIME', 'REPORTED BY', 'RECORD']

export const evidenceCommand: CommandSpec<Record<string, never>> = {
  define: () =>
    new Command('evidence').description('proofs that a partner signed two different things').addHelpText('after', HELP),

  read: () => ({}),

  async run(context) {
    const table = createTable(context.out, COLUMNS)
    let shown = 0
    for await (const { cursor: _, ...item } of connect(context).evidence({ proof: context.json })) {
      shown += 1
      if (!context.json) await table.row(cellsOf(item))
      else if (!context.out.write(`${JSON.stringify(item)}\n`)) await context.out.room()
    }
    if (context.json) return 0
    await table.flush()
    if (shown === 0) context.note('no partner was seen to sign two different things')
    return 0
  }
}

function cellsOf(item: Omit<ListedEvidence, 'cursor'>): string[] {
  const { partner, kind, incarnation, block, time, by, id } = item
  return [plain(partner), placeText(kind, item), `${incarnation}`, `${block}`, timeText(time), plain(by), plain(id)]
}

/** What was signed twice, such as `prevote, height 7, round 0`. */
export function placeText(kind: ListedEvidence['kind'], { height, round, step, sequence }: EvidencePlace): string {
  if (kind === 'batch') return `batch ${sequence}`
  return `${kind === 'vote' ? plain(step ?? 'vote') : 'proposal'}, height ${height}, round ${round}`
}
