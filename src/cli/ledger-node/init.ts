import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { pairs, plain } from '../text.js'
import { addFoundingOptions, type Founding, found } from './founding.js'
import { addPassphraseFileOption, choosePassphrase, passphraseFileOf } from './passphrase.js'

export interface InitArguments extends Founding {
  readonly passphraseFile?: string
}

const HELP = `
Makes a home with a new key, the genesis and a configuration. The key never leaves the home: back it up with
ledger-node key backup. Found a network once,
at its first partner; the others join it. With --passphrase-file the key is locked with the first line of the file.

Examples:
  ledger-node init --network inspections.yaml --partner north --role garage --name "Garage North"
  ledger-node init --home /var/lib/ledger --network inspections.yaml --partner north --role garage --json`

export const initCommand: CommandSpec<InitArguments> = {
  define: () =>
    addPassphraseFileOption(
      addFoundingOptions(new Command('init').description('found a network in an empty home'), true)
    ).addHelpText('after', HELP),

  read: (_, { network, partner, role, name, passphraseFile }) => ({
    network: network as string,
    partner: partner as string,
    role: role as string,
    ...(name === undefined ? {} : { name: name as string }),
    ...(passphraseFile === undefined ? {} : { passphraseFile: passphraseFile as string })
  }),

  async run(context, { passphraseFile, ...founding }) {
    const file = await passphraseFileOf(context.home, passphraseFile)
    const lockWith = async () => (file === null ? null : await choosePassphrase({ io: context.io, file }, 'Passphrase'))
    const { warnings, ...founded } = await found(context.home, founding, lockWith)
    if (warnings !== '') context.note(warnings)
    if (context.json) {
      context.out.write(`${JSON.stringify(founded)}\n`)
      return 0
    }
    const { home, partner, role, key, genesis } = founded
    const rows: [string, string][] = [
      ['home', plain(home)],
      ['partner', `${partner}, ${plain(role)}`],
      ['key', key],
      ['genesis', genesis]
    ]
    context.out.write(`${pairs(rows)}\n`)
    context.note('founded; start the node with: ledger-node start')
    return 0
  }
}
