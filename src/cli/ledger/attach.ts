import { Command } from 'commander'
import { type CommandSpec, parsed } from '../command.js'
import { parseMediaType, readLocalFile } from './attachment-file.js'
import { connect } from './connect.js'
import { putFile } from './put-file.js'

export interface AttachArguments {
  readonly file: string
  readonly type?: string
  readonly name?: string
}

const HELP = `
Puts a file in at this node and prints what a record says of it, to be pasted into the record:

  {"bytes":12345,"hash":"HASH","name":"report.pdf","type":"application/pdf"}

The record goes to all partners, the file only to those who ask for it, once the record is accepted. The type is guessed from
the extension: pdf, jpg, jpeg, png, txt, csv, json; others are application/octet-stream.

Examples:
  ledger attach report.pdf
  ledger attach scan.bin --type image/png --name scan.png
  echo "{\\"vin\\":\\"W1\\",\\"report\\":$(ledger attach report.pdf)}" | ledger append visit

A single record is written in one go with: ledger append OBJECT --attach FIELD=FILE`

export const attachCommand: CommandSpec<AttachArguments> = {
  define: () =>
    new Command('attach')
      .description('put a file in that a record will name')
      .argument('<file>', 'at most 100 MB')
      .option('--type <media-type>', 'such as application/pdf (default: by the extension)', parsed(parseMediaType))
      .option('--name <name>', "name in the record (default: the file's own)")
      .addHelpText('after', HELP),

  read([file], { type, name }) {
    return {
      file: file as string,
      ...(type === undefined ? {} : { type: type as string }),
      ...(name === undefined ? {} : { name: name as string })
    }
  },

  async run(context, { file, type, name }) {
    const local = await readLocalFile(file, { type, name })
    await putFile(connect(context), local)
    context.out.write(`${JSON.stringify(local.value)}\n`)
    return 0
  }
}
