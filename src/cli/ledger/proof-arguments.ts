import { Command } from 'commander'
import { LedgerError, type Refusal } from '../../base/errors.js'
import type { CommandSpec } from '../command.js'
import { textOf } from '../file-text.js'

/** What a command gets that checks a proof without a node: paths of files. */
export interface ProofArguments {
  /** The proof, or several of them. */
  readonly file: string
  readonly genesis: string
  readonly checkpoint?: string
}

/** How such a command is written, and what is read from its line. @param about `file` says what is in the file */
export function proofCommand(about: {
  readonly name: string
  readonly description: string
  readonly file: string
  readonly help: string
}): Pick<CommandSpec<ProofArguments>, 'define' | 'read'> {
  return {
    define: () =>
      new Command(about.name)
        .description(about.description)
        .argument('<file>', about.file)
        .requiredOption('--genesis <file>', 'the genesis, as "ledger genesis --json" printed it')
        .option('--checkpoint <file>', 'a checkpoint from a partner you trust')
        .addHelpText('after', about.help),

    read: ([file], { genesis, checkpoint }) => ({
      file: file as string,
      genesis: genesis as string,
      ...(checkpoint === undefined ? {} : { checkpoint: checkpoint as string })
    })
  }
}

/**
 * Texts of the files that are named, in the order in which the checks take them.
 * @throws LedgerError USAGE when one cannot be read
 */
export async function proofTexts({
  file,
  genesis,
  checkpoint
}: ProofArguments): Promise<[proof: string, genesis: string, checkpoint: string | undefined]> {
  return [await textOf(file), await textOf(genesis), checkpoint === undefined ? undefined : await textOf(checkpoint)]
}

/** The failure of a command whose proof does not hold. @param where such as `line 3: ` */
export function proofFailure({ code, message }: Refusal, remedy: string, where = ''): LedgerError {
  const why = code === 'VERIFICATION_FAILED' ? message : `${code}: ${message}`
  return new LedgerError('VERIFICATION_FAILED', `${where}${why}`, { remedy })
}
