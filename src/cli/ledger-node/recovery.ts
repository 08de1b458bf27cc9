import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import { LedgerError } from '../../base/errors.js'
import { type Recovery, readRecovery, recoveryHash, recoveryText } from '../../ledger/recovery.js'
import { homePaths } from '../../node/home.js'
import type { OrphanedRecord } from '../../node/recovery-orphans.js'
import type { CommandSpec } from '../command.js'
import type { Context } from '../context.js'
import { EXIT, usage } from '../failure.js'
import { textOf } from '../file-text.js'
import { recoveryInWords } from './recovery-text.js'

const ACTIONS = ['propose', 'show', 'sign', 'merge', 'apply', 'orphans'] as const

export interface RecoveryArguments {
  readonly action: (typeof ACTIONS)[number]
  readonly files: readonly string[]
  readonly lost: readonly string[]
  readonly hash: string
  /** Object whose own orphaned records are printed as `ledger append` takes them. */
  readonly data: string | null
}

const HELP = `
For a network whose quorum is lost for good: so many voters are gone that no block can be made again, and they will not come
back. All survivors sign one document and go on without them in a new epoch. Read docs/recovery.md first; it cannot be undone.

propose writes the document that suspends the partners of --lost behind the last block of this copy.
show    says what a document does, who must sign, and its hash.
sign    signs it with the key of this home, once --hash is the hash that all signers have agreed on. From then on this home
        signs nothing in the old epoch, whatever becomes of the document. Prints the document with the signature.
merge   makes one file of several that were signed apart.
apply   takes a document with all signatures into this home; ledger-node start then goes on in the new epoch.
orphans lists records that the old epoch left behind: in blocks above the recovery, and own ones that no block has. With
        --data OBJECT only the data of own records of one object, as ledger append takes it.

All but show and merge want the node of the home stopped.

Examples:
  ledger-node recovery propose --lost south,west > recovery.json
  ledger-node recovery show recovery.json
  ledger-node recovery sign recovery.json --hash 3f6c...e1 > signed-by-north.json
  ledger-node recovery merge signed-by-*.json > complete.json
  ledger-node recovery apply complete.json
  ledger-node recovery orphans --json
  ledger-node recovery orphans --data inspection | ledger append inspection`

export const recoveryCommand: CommandSpec<RecoveryArguments> = {
  define: () =>
    new Command('recovery')
      .description('go on when the quorum is lost for good')
      .argument('<action>', ACTIONS.join(', '))
      .argument('[file...]', 'recovery documents')
      .option('--lost <partners>', 'propose: partners that will not come back, separated by commas')
      .option('--hash <hex>', 'sign: the hash that all signers agreed on')
      .option('--data <object>', 'orphans: only the data of own records of this object')
      .addHelpText('after', HELP),

  read([action, files], options) {
    const known = ACTIONS.find((name) => name === action)
    if (known === undefined) throw usage(`recovery cannot '${action}'`, `write one of ${ACTIONS.join(', ')}`)
    const { lost, hash, data } = options as { lost?: string; hash?: string; data?: string }
    const names = (files ?? []) as readonly string[]
    if (known === 'propose' && lost === undefined) throw usage('propose needs --lost', 'name them: --lost south,west')
    if (known === 'sign' && hash === undefined) {
      throw usage('sign needs --hash', 'ledger-node recovery show FILE prints it: compare it with every other signer')
    }
    const wanted = { propose: 0, show: 1, sign: 1, merge: -1, apply: 1, orphans: 0 }[known]
    if (wanted >= 0 ? names.length !== wanted : names.length === 0) {
      throw usage(`recovery ${known} takes ${wanted < 0 ? 'files' : wanted === 0 ? 'no file' : 'one file'}`)
    }
    return {
      action: known,
      files: names,
      lost: (lost ?? '').split(',').filter((id) => id !== ''),
      hash: (hash ?? '').toLowerCase(),
      data: data ?? null
    }
  },

  async run(context, args) {
    const recoveries: Recovery[] = []
    for (const file of args.files) recoveries.push(await readFrom(file))
    const [first] = recoveries
    const node = await import('../../node/recovery-home.js')
    switch (args.action) {
      case 'propose': {
        const recovery = await node.withStoppedHome(context.home, async (home) => node.proposeRecovery(home, args.lost))
        print(context, recovery)
        context.note(recoveryInWords(recovery))
        break
      }
      case 'show':
        if (context.json) context.out.write(`${JSON.stringify({ hash: recoveryHash(first!.document), ...first })}\n`)
        else context.out.write(recoveryInWords(first!))
        break
      case 'sign': {
        const signed = await node.withStoppedHome(context.home, (home) => node.signRecovery(home, first!, args.hash))
        print(context, signed)
        context.note(`signed: this home signs nothing more in epoch ${signed.document.epoch - 1}`)
        break
      }
      case 'merge':
        print(context, node.mergeRecoveries(recoveries))
        break
      case 'apply':
        await node.withStoppedHome(context.home, (home) => node.applyRecovery(home, first!))
        context.note(`applied: ledger-node start goes on in epoch ${first!.document.epoch}`)
        break
      case 'orphans':
        await printOrphans(context, args.data)
    }
    return EXIT.done
  }
}

function print(context: Context, recovery: Recovery): void {
  context.out.write(`${recoveryText(recovery)}\n`)
}

async function readFrom(file: string): Promise<Recovery> {
  const read = readRecovery(await textOf(file))
  if (!read.ok) throw new LedgerError('MALFORMED', `${file}: ${read.refusal.message}`)
  return read.value
}

/** Of a copy that is to be fetched again, or kept from one that was. */
async function printOrphans(context: Context, object: string | null): Promise<void> {
  const { withStoppedHome } = await import('../../node/recovery-home.js')
  const { orphansHere } = await import('../../node/recovery-orphans.js')
  const { orphansPath } = await import('../../node/recovery-files.js')
  await withStoppedHome(context.home, async (home) => {
    const write = (line: string): void => {
      const record = JSON.parse(line) as OrphanedRecord
      if (object === null) context.out.write(context.json ? `${line}\n` : `${lineOf(record)}\n`)
      else if (record.object === object && record.author === home.self)
        context.out.write(`${JSON.stringify(record.data)}\n`)
    }
    for (let epoch = 0; epoch <= home.chain.scope.epoch; epoch++) {
      const path = orphansPath(homePaths(context.home).recovery, epoch)
      if (!existsSync(path)) continue
      for (const line of (await readFile(path, 'utf8')).split('\n')) if (line !== '') write(line)
    }
    for (const record of orphansHere(home)) write(JSON.stringify(record))
  })
}

function lineOf({ id, object, height, data }: OrphanedRecord): string {
  return `${id}  ${object}  ${height === undefined ? 'in no block' : `block ${height}`}  ${JSON.stringify(data)}`
}
