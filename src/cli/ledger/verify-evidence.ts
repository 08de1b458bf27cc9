import { LedgerError } from '../../base/errors.js'
import type { EvidenceStatement } from '../../ledger/verify-evidence.js'
import type { CommandSpec } from '../command.js'
import { EXIT } from '../failure.js'
import { plain, styled, timeText } from '../text.js'
import { placeText } from './evidence.js'
import { type ProofArguments, proofCommand, proofFailure, proofTexts } from './proof-arguments.js'

const HELP = `
Needs no node and no home. For each line of the file it checks that the record stands on the chain of this genesis, whose key
it accuses, that this key signed both messages, that they differ, and that no honest partner signs both; and that nothing
beside was altered. Exit code 6 when any line does not hold.

Examples:
  ledger verify-evidence evidence.ndjson --genesis genesis.json
  ledger verify-evidence evidence.ndjson --genesis genesis.json --checkpoint checkpoint.json --json`

const REMEDY = 'accuse nobody on its strength; ask its sender for a new copy'

export const verifyEvidenceCommand: CommandSpec<ProofArguments> = {
  ...proofCommand({
    name: 'verify-evidence',
    description: 'check evidence, offline',
    file: 'items, one a line, as "ledger evidence --json" printed them',
    help: HELP
  }),

  readerGone: EXIT.failed,

  async run(context, args) {
    const [evidence, genesis, checkpoint] = await proofTexts(args)
    const items = evidence.split('\n').map((text, at) => ({ text, line: at + 1 }))
    const { verifyEvidence } = await import('../../ledger/verify-evidence.js')
    let failure: LedgerError | null = null
    let held = 0
    for (const { text, line } of items) {
      if (text.trim() === '') continue
      const outcome = verifyEvidence(text, genesis, checkpoint)
      if (outcome.ok) held += 1
      else failure ??= proofFailure(outcome.refusal, REMEDY, `line ${line}: `)
      if (context.json) {
        const { ok } = outcome
        const said = ok ? { line, ok, ...outcome.value } : { line, ok, ...outcome.refusal }
        if (!context.out.write(`${JSON.stringify(said)}\n`)) await context.out.room()
      } else if (outcome.ok) context.out.write(`${statementText(line, outcome.value, context.color)}\n`)
    }
    if (held === 0 && failure === null)
      failure = new LedgerError('VERIFICATION_FAILED', `${args.file} holds no evidence`)
    if (failure === null) return EXIT.done
    if (!context.json) throw failure
    return EXIT.verificationFailed
  }
}

function statementText(line: number, statement: EvidenceStatement, color: boolean): string {
  const { partner, kind, incarnation, key, by, block, time, id, trust } = statement
  return [
    `${styled(color, 'bold', 'The evidence holds')} (line ${line}).`,
    `${plain(partner)} signed two different things as its ${placeText(kind, statement)} (incarnation ${incarnation}), with key ${key}.`,
    `${plain(by)} wrote it down: record ${plain(id)}, committed in block ${block} at ${timeText(time)}.`,
    plain(trust)
  ].join('\n')
}
