import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { LedgerError } from '../../base/errors.js'
import { homePaths } from '../../node/home.js'
import type { CommandSpec } from '../command.js'
import { usage } from '../failure.js'

export interface KeyArguments {
  readonly action: 'show' | 'new'
}

const HELP = `
show prints the public key of this node: what the other partners know it by. The private one never leaves the home.

new makes the next key of this node, beside the one in use, and prints it. The node takes it up by itself once the chain names
it: propose that with ledger propose key, with the node running. Done again it prints the same one.

Examples:
  ledger-node key show
  ledger propose key north "$(ledger-node key new)"`

export const keyCommand: CommandSpec<KeyArguments> = {
  define: () =>
    new Command('key')
      .description("this node's key, and its next one")
      .argument('<action>', 'show or new')
      .addHelpText('after', HELP),

  read([action]) {
    if (action !== 'show' && action !== 'new') throw usage(`key cannot '${action}'`, 'write key show or key new')
    return { action }
  },

  async run(context, { action }) {
    const { readKeyFile } = await import('../../node/store/key-file.js')
    const paths = homePaths(context.home)
    if (!existsSync(paths.partner)) throw new LedgerError('NOT_FOUNDED', `${paths.home} holds no network yet`)
    const key = action === 'show' ? (await readKeyFile(paths.key)).publicKey : await nextKeyOf(paths.nextKey)
    context.out.write(context.json ? `${JSON.stringify({ key })}\n` : `${key}\n`)
    if (action === 'new') context.note('it is taken up once the chain names it: ledger propose key PARTNER KEY')
    return 0
  }
}

async function nextKeyOf(path: string): Promise<string> {
  const { createKeyFile, readKeyFile } = await import('../../node/store/key-file.js')
  try {
    return (await readKeyFile(path)).publicKey
  } catch (error) {
    if (!(error instanceof LedgerError) || error.details.missing !== true) throw error
  }
  const { generateSeed } = await import('../../base/crypto.js')
  return (await createKeyFile(path, generateSeed())).publicKey
}
