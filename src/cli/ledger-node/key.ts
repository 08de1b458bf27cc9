import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { usage } from '../failure.js'
import { backUpKey, restoreKeyFrom } from './key-backup.js'
import { changeKeyPassphrase } from './key-passphrase.js'
import { newKey, showKey } from './key-show.js'
import { addPassphraseFileOption } from './passphrase.js'

const ACTIONS = ['show', 'new', 'passphrase', 'backup', 'restore'] as const

export interface KeyArguments {
  readonly action: (typeof ACTIONS)[number]
  /** Of backup and restore. */
  readonly file?: string
  /** Where the present passphrase stands. */
  readonly passphraseFile?: string
  /** Where the one that is chosen stands. */
  readonly newPassphraseFile?: string
  readonly remove?: true
  /** The backup may be in clear. */
  readonly inClear?: true
}

const HELP = `
show prints the public key of this node: what the other partners know it by. The private one never leaves the home. With --json
also the partner, whether the key is locked with a passphrase, and the next key.

new makes the next key of this node, beside the one in use, and prints it. The node takes it up by itself once the chain names
it: propose that with ledger propose key, with the node running. Done again it prints the same one. Where the key in use is
locked the next one is locked with the same passphrase.

passphrase locks the keys of the home, changes their passphrase, or with --remove takes it away. Stop the node first. The
passphrase is asked for on the terminal, or is the first line of a file of mode 0600: --passphrase-file has the present one,
--new-passphrase-file the new one. It is never given on the line. Lost, it cannot be found out.

backup writes the keys to a new file; one that is in clear is locked there with a passphrase, unless --no-passphrase says that
the backup may be in clear. restore puts them into a home that has no key. A key must never run in two places.

Examples:
  ledger-node key show
  ledger propose key north "$(ledger-node key new)"
  ledger-node key passphrase
  ledger-node key backup /media/safe/north.key.json
  ledger-node key restore /media/safe/north.key.json`

export const keyCommand: CommandSpec<KeyArguments> = {
  define: () =>
    addPassphraseFileOption(
      new Command('key')
        .description("this node's key, its next one, their passphrase and their backup")
        .argument('<action>', ACTIONS.join(', '))
        .argument('[file]', 'of backup and restore')
    )
      .option('--new-passphrase-file <file>', 'passphrase: where the new one stands')
      .option('--remove', 'passphrase: take it away')
      .option('--no-passphrase', 'backup: leave a key in clear that is in clear')
      .addHelpText('after', HELP),

  read([action, file], options) {
    const { passphraseFile, newPassphraseFile, remove, passphrase } = options as Record<string, string | true | false>
    const known = ACTIONS.find((name) => name === action)
    if (known === undefined) throw usage(`key cannot '${action}'`, `write key and one of ${ACTIONS.join(', ')}`)
    const wantsFile = known === 'backup' || known === 'restore'
    if (wantsFile !== (file !== undefined)) {
      throw usage(`key ${known} takes ${wantsFile ? 'the name of a file' : 'no file'}`)
    }
    if (known !== 'passphrase' && (newPassphraseFile !== undefined || remove !== undefined)) {
      throw usage('--new-passphrase-file and --remove belong to key passphrase')
    }
    if (newPassphraseFile !== undefined && remove !== undefined) {
      throw usage('--new-passphrase-file sets a passphrase and --remove takes it away: give one of them')
    }
    if (known !== 'backup' && passphrase === false) throw usage('--no-passphrase belongs to key backup')
    return {
      action: known,
      ...(file === undefined ? {} : { file: file as string }),
      ...(passphraseFile === undefined ? {} : { passphraseFile: passphraseFile as string }),
      ...(newPassphraseFile === undefined ? {} : { newPassphraseFile: newPassphraseFile as string }),
      ...(remove === undefined ? {} : { remove: true }),
      ...(passphrase === false ? { inClear: true } : {})
    }
  },

  async run(context, args) {
    switch (args.action) {
      case 'show':
        return await showKey(context)
      case 'new':
        return await newKey(context, args.passphraseFile)
      case 'passphrase':
        return await changeKeyPassphrase(context, args)
      case 'backup':
        return await backUpKey(context, args)
      case 'restore':
        return await restoreKeyFrom(context, args.file ?? '')
    }
  }
}
