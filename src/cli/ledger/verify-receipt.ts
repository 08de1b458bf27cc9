import type { ReceiptStatement } from '../../ledger/verify-receipt.js'
import type { CommandSpec } from '../command.js'
import { EXIT } from '../failure.js'
import { count, outline, plain, styled, timeText } from '../text.js'
import { type ProofArguments, proofCommand, proofFailure, proofTexts } from './proof-arguments.js'

const HELP = `
Needs no node and no home: the receipt and the genesis are enough, and a checkpoint makes the proof stronger. Says who wrote
what and when, who endorsed it, and whose honesty that rests on. Exit code 6 when the receipt does not hold.

Examples:
  ledger verify-receipt receipt.json --genesis genesis.json
  ledger verify-receipt receipt.json --genesis genesis.json --checkpoint checkpoint.json --json`

const REMEDY = 'do not rely on this receipt; ask its sender for a new one'

export const verifyReceiptCommand: CommandSpec<ProofArguments> = {
  ...proofCommand({
    name: 'verify-receipt',
    description: 'check a receipt, offline',
    file: 'the receipt, as "ledger receipt" printed it',
    help: HELP
  }),

  async run(context, args) {
    const [receipt, genesis, checkpoint] = await proofTexts(args)
    const { verifyReceipt } = await import('../../ledger/verify-receipt.js')
    const outcome = verifyReceipt(receipt, genesis, checkpoint)
    if (outcome.ok) {
      const statement = { ...outcome.value, time: new Date(outcome.value.time).toISOString() }
      const text = context.json
        ? JSON.stringify({ ok: true, ...statement })
        : statementText(outcome.value, context.color)
      context.out.write(`${text}\n`)
      return EXIT.done
    }
    if (!context.json) throw proofFailure(outcome.refusal, REMEDY)
    context.out.write(`${JSON.stringify({ ok: false, ...outcome.refusal })}\n`)
    return EXIT.verificationFailed
  }
}

function amendsText({ record, reason }: NonNullable<ReceiptStatement['amends']>): string {
  const doubt = `whether that needed approval, and has it, is not proven here: the receipt of ${plain(record)} tells`
  return `It amends ${plain(record)} (${plain(reason)}); ${doubt}.`
}

/** What a record amends, and what amended it since. */
function amendedLines({ amends, amendedBy = [] }: ReceiptStatement): string[] {
  const lines = amends === undefined ? [] : [amendsText(amends)]
  for (const { recordId, author, reason, data, height, approvedBy } of amendedBy) {
    const approved = approvedBy === undefined ? '' : `, approved by ${plain(approvedBy)}`
    lines.push(
      `It was AMENDED by ${plain(recordId)} of ${plain(author)} in block ${height}${approved} (${plain(reason)}):`
    )
    lines.push(outline(data, '    '))
  }
  return lines
}

function statementText(statement: ReceiptStatement, color: boolean): string {
  const { recordId, object, author, status, code, rule, height, time, endorsers, data, trust } = statement
  const when = timeText(new Date(time).toISOString())
  const reason = `${code ?? ''}${rule === undefined || rule === '' ? '' : ` (rule ${rule})`}`.trim()
  const verdict =
    status === 'accepted'
      ? styled(color, 'green', 'It was ACCEPTED: it kept every rule in force.')
      : styled(color, 'red', `It was REFUSED: ${plain(reason)}. It is not part of the state.`)
  return [
    styled(color, 'bold', 'The receipt holds.'),
    `${plain(author)} wrote this record of '${plain(object)}', ${plain(recordId)}, committed in block ${height} at ${when}:`,
    outline(data, '    '),
    verdict,
    ...amendedLines(statement),
    `Endorsed by ${count(endorsers.length, 'partner')}: ${endorsers.map(plain).join(', ')}.`,
    plain(trust)
  ].join('\n')
}
