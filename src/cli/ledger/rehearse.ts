import { Command } from 'commander'
import type { JsonObject } from '../../base/json.js'
import type { RehearsalDifference, RehearsalReport, RehearsalRequest } from '../../node/rehearsal-types.js'
import { type CommandSpec, parsed } from '../command.js'
import { EXIT, usage } from '../failure.js'
import { createTable } from '../table.js'
import { count, plain, styled } from '../text.js'
import { createBlockProgress } from './block-progress.js'
import { connect } from './connect.js'
import { networkOf } from './network-argument.js'
import { refusalText } from './record-text.js'
import { rehearsalSummary } from './rehearsal-text.js'

/** Records that are listed for people unless said otherwise. */
const LISTED_DEFAULT = 20

/** What is rehearsed: a network file, or that of a proposal. */
export type RehearseArguments = { readonly limit: number } & ({ readonly file: string } | { readonly proposal: string })

const HELP = `
Judges every record on the chain again, as if this network file had been in force from the beginning, and tells which would have
been refused, and which that were refused would have been accepted: by partner, object and rule. It changes nothing. A record
that the file refuses is not there for those after it, as in a network that begins with this file and is given the same records.

With --json one line for each such record, {"difference":{...}}, and {"report":{...}} last. Exit code 3 when any record would
have been refused, or when the file could not be proposed as things stand: then it says why.

Examples:
  ledger rehearse inspections.yaml
  ledger rehearse inspections.yaml --limit 0
  ledger rehearse --proposal north/3/0 --json`

export const rehearseCommand: CommandSpec<RehearseArguments> = {
  define: () =>
    new Command('rehearse')
      .description('try a network file on the records of the chain')
      .argument('[file]', 'the network file')
      .option('--proposal <id>', 'the network file of this proposal instead')
      .option('--limit <n>', `records listed for people (default: ${LISTED_DEFAULT})`, parsed(parseLimit))
      .addHelpText('after', HELP),

  read([file], { proposal, limit }) {
    const shown = { limit: (limit as number | undefined) ?? LISTED_DEFAULT }
    if ((file === undefined) === (proposal === undefined)) {
      throw usage('rehearse takes a network file, or a proposal', 'name one of the two')
    }
    return file === undefined ? { ...shown, proposal: proposal as string } : { ...shown, file: file as string }
  },

  async run(context, { limit, ...what }) {
    const client = connect(context)
    const request: RehearsalRequest =
      'file' in what
        ? { network: (await networkOf(context, client, what.file)) as unknown as JsonObject }
        : { proposal: what.proposal }
    const progress = createBlockProgress(context, 'rehearsing')
    const { out, color } = context
    let listed = 0
    let report: RehearsalReport
    try {
      report = await client.rehearse(request, {
        onProgress: progress.show,
        async onDifference(difference) {
          if (!context.json && listed++ >= limit) return
          progress.clear()
          const line = context.json ? JSON.stringify({ difference }) : differenceText(difference, color)
          if (!out.write(`${line}\n`)) await out.room()
        }
      })
    } finally {
      progress.clear()
    }
    const { problem } = report
    if (context.json) out.write(`${JSON.stringify({ report })}\n`)
    else {
      if (listed > limit) out.write(`and ${count(listed - limit, 'record')} more; --limit shows more, --json all\n`)
      out.write(`${rehearsalSummary(report)}\n`)
      await groupTable(report, out)
      if (problem !== undefined)
        out.write(`${styled(color, 'red', 'it could not be proposed')}: ${refusalText(problem)}\n`)
    }
    return report.refused > 0 || problem !== undefined ? EXIT.refused : EXIT.done
  }
}

function differenceText({ id, height, verdict, refusal }: RehearsalDifference, color: boolean): string {
  const word = verdict === 'refused' ? styled(color, 'red', 'refused ') : styled(color, 'green', 'accepted')
  const why = `${refusal.rule === undefined ? refusal.code : plain(refusal.rule)}: ${plain(refusal.message)}`
  return `${word}  ${plain(id)}  block ${height}  ${verdict === 'refused' ? why : `was refused by ${why}`}`
}

async function groupTable({ groups }: RehearsalReport, out: Parameters<typeof createTable>[0]): Promise<void> {
  const table = createTable(out, ['RECORDS', 'WOULD BE', 'PARTNER', 'OBJECT', 'BY'])
  for (const { verdict, partner, object, code, rule, count } of groups) {
    await table.row([String(count), verdict, plain(partner), plain(object), rule === null ? code : plain(rule)])
  }
  await table.flush()
}

function parseLimit(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw usage(`'${text}' is no number of records`)
}
