import { Command } from 'commander'
import { createClient } from '../../api/client.js'
import { homePaths } from '../../node/home.js'
import type { CommandSpec } from '../command.js'
import { EXIT, usage } from '../failure.js'
import { count, plain } from '../text.js'
import { chooseBackupLock } from './key-backup.js'
import { addPassphraseFileOption } from './passphrase.js'

export interface BackupArguments {
  readonly directory: string
  readonly withKey: boolean
  readonly passphraseFile?: string
  readonly inClear?: true
}

const HELP = `
Copies what makes the home this partner's into a new directory: the keys, the genesis, who the partner is, where the others are,
the configuration. The node may run. The chain is not copied: after a restore the node fetches it from the other partners, and
rejoins. What was appended and stands in no block yet is not in the backup.

A partner that votes alone has nobody to fetch from: its chain, and what it has signed, are copied too, and its node must be
stopped.

A key in clear is locked in the backup with a passphrase, asked for or from --passphrase-file, unless --no-passphrase says that
it may be in clear. --without-key leaves the keys out: back them up with ledger-node key backup.

Examples:
  ledger-node backup /media/safe/north-2025-03-01
  ledger-node backup /srv/backups/north --without-key`

export const backupCommand: CommandSpec<BackupArguments> = {
  define: () =>
    addPassphraseFileOption(
      new Command('backup').description('back this home up').argument('<dir>', 'a directory, empty or not there')
    )
      .option('--without-key', 'leave the keys out')
      .option('--no-passphrase', 'leave a key in clear that is in clear')
      .addHelpText('after', HELP),

  read([directory], { withoutKey, passphraseFile, passphrase }) {
    if (withoutKey === true && (passphraseFile !== undefined || passphrase === false)) {
      throw usage('--without-key leaves out what a passphrase is for')
    }
    return {
      directory: directory as string,
      withKey: withoutKey !== true,
      ...(passphraseFile === undefined ? {} : { passphraseFile: passphraseFile as string }),
      ...(passphrase === false ? { inClear: true } : {})
    }
  },

  async run(context, args) {
    const { backupHome } = await import('../../node/backup-home.js')
    const { home } = context
    const { directory, withKey } = args
    const askNode = async (): Promise<boolean> => {
      const client = createClient(homePaths(home).socket)
      const { partner } = await client.status()
      return (await client.partners()).some(({ id, voter }) => voter && id !== partner.id)
    }
    const chooseLock = chooseBackupLock(context, args)
    const backup = await backupHome({ home, directory, withKey, chooseLock, askNode, made: new Date().toISOString() })
    const { partner, genesis, whole } = backup
    const files = Object.keys(backup.files)
    if (context.json)
      context.out.write(`${JSON.stringify({ directory, partner, genesis, whole, files: files.length })}\n`)
    context.note(
      `${plain(directory)} holds ${count(files.length, 'file')} of ${partner}${withKey ? '' : ', without its key'}`
    )
    context.note(
      whole
        ? 'this partner votes alone, so its chain is in the backup: what is written from now on is not, make a new one then'
        : 'the chain is not in it: a restored node fetches it from the other partners'
    )
    return EXIT.done
  }
}
