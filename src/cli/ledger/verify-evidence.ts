import { Command } from 'commander'
import { LedgerError, type Refusal } from '../../base/errors.js'
import type { EvidenceStatement } from '../../ledger/verify-evidence.js'
import type { CommandSpec } from '../command.js'
import { EXIT } from '../failure.js'
import { textOf } from '../file-text.js'
import { plain, styled, timeText } from '../text.js'
import { placeText } from './evidence.js'

export interface VerifyEvidenceArguments {
  readonly file: string
  readonly genesis: string
  readonly checkpoint?: string
}

const HELP = `
Needs no node and no home. For each line of the file it checks that the record stands on the chain of this genesis, whose key
it accuses, that this key signed both messages, that they differ, and that no honest partner signs both; and that nothing
beside was altered. Exit code 6 when any line does not hold.

Examples:
  ledger verify-evidence evidence.ndjson --genesis genesis.json
  ledger verify-evidence evidence.ndjson --genesis genesis.json --checkpoint checkpoint.json --json`

export const verifyEvidenceCommand: CommandSpec<VerifyEvidenceArguments> = {
  define: () =>
    new Command('verify-evidence')
      .description('check evidence, offline')
      .argument('<file>', 'items, one a line, as "ledger evidence --json" printed them')
      .requiredOption('--genesis <file>', 'the genesis, as "ledger genesis --json" printed it')
      .option('--checkpoint <file>', 'a checkpoint from a partner you trust')
      .addHelpText('after', HELP),

  read: ([file], { genesis, checkpoint }) => ({
    file: file as string,
    genesis: genesis as string,
    ...(checkpoint === undefined ? {} : { checkpoint: checkpoint as string })
  }),

  async run(context, { file, genesis, checkpoint }) {
    const items = (await textOf(file)).split('\n').map((text, at) => ({ text, line: at + 1 }))
    const genesisText = await textOf(genesis)
    const checkpointText = checkpoint === undefined ? undefined : await textOf(checkpoint)
    const { verifyEvidence } = await import('../../ledger/verify-evidence.js')
    let failure: LedgerError | null = null
    let held = 0
    for (const { text, line } of items) {
      if (text.trim() === '') continue
      const outcome = verifyEvidence(text, genesisText, checkpointText)
      if (outcome.ok) held += 1
      else failure ??= failed(line, outcome.refusal)
      if (context.json) {
        const { ok } = outcome
        const said = ok ? { line, ok, ...outcome.value } : { line, ok, ...outcome.refusal }
        if (!context.out.write(`${JSON.stringify(said)}\n`)) await context.out.room()
      } else if (outcome.ok) context.out.write(`${statementText(line, outcome.value, context.color)}\n`)
    }
    if (held === 0 && failure === null) failure = new LedgerError('VERIFICATION_FAILED', `${file} holds no evidence`)
    if (failure === null) return EXIT.done
    if (!context.json) throw failure
    return EXIT.verificationFailed
  }
}

function failed(line: number, { code, message }: Refusal): LedgerError {
  const why = code === 'VERIFICATION_FAILED' ? message : `${code}: ${message}`
  const remedy = 'accuse nobody on its strength; ask its sender for a new copy'
  return new LedgerError('VERIFICATION_FAILED', `line ${line}: ${why}`, { remedy })
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
