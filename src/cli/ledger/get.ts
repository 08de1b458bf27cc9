import { Command } from 'commander'
import type { CommandSpec } from '../command.js'
import { parseKeyArguments, readableObjects } from '../key-arguments.js'
import { connect } from './connect.js'
import { recordText } from './record-text.js'

export interface GetArguments {
  readonly object: string
  readonly key: readonly string[]
}

const HELP = `
The key is the values of the key fields in their order, or field=value for each in any order. "ledger model" shows the key
of each object. Records of an object without key are looked up by id, with: ledger show.

Examples:
  ledger get inspection VH-001
  ledger get stay hotel=Adler room=12
  ledger get inspection VH-001 --json`

export const getCommand: CommandSpec<GetArguments> = {
  define: () =>
    new Command('get')
      .description('the newest accepted record under a key')
      .argument('<object>', 'kind of record')
      .argument('[key...]', 'values of the key fields, or field=value')
      .addHelpText('after', HELP),

  read: ([object, key]) => ({ object: object as string, key: key as string[] }),

  async run(context, { object, key }) {
    const client = connect(context)
    const objects = readableObjects(await client.model())
    const record = await client.get(object, parseKeyArguments(objects, object, key))
    context.out.write(context.json ? `${JSON.stringify(record)}\n` : recordText(record, context.color))
    return 0
  }
}
