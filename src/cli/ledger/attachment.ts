import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { lstat, open, rename, rm } from 'node:fs/promises'
import { Command } from 'commander'
import { LedgerError } from '../../base/errors.js'
import type { AttachmentView } from '../../node/attachment-types.js'
import type { CommandSpec } from '../command.js'
import type { Context } from '../context.js'
import { usage } from '../failure.js'
import { count, pairs } from '../text.js'
import { connect } from './connect.js'

export interface AttachmentArguments {
  readonly hash: string
  /** Path, `-` for stdout. */
  readonly output?: string
  readonly again: boolean
  /** Whether a file of this name may be overwritten. */
  readonly force: boolean
  readonly remove: boolean
}

const HELP = `
HASH is the one that the record has; ledger show RECORD_ID lists the files of a record. Without -o or --remove it is told what
this node knows of the file, and nobody is asked for it.

-o FILE writes it. When it is not held here it is fetched: from the record's author first, then from the other partners that
are connected. What comes is checked by its hash; nothing is written under that name before all of it is good. A file that
is there already is overwritten only with --force; one that was removed here is fetched only with --again.

--remove deletes the file at this node and remembers that, also where everything is kept. The record and its hash stay on the
chain, and other partners keep their copies: ask them.

Examples:
  ledger attachment 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 -o report.pdf
  ledger attachment 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 --remove

Exit codes: 0 done, 7 nobody has it.`

export const attachmentCommand: CommandSpec<AttachmentArguments> = {
  define: () =>
    new Command('attachment')
      .description('fetch a file of a record, or remove it here')
      .argument('<hash>', '64 hex digits')
      .option('-o, --output <file>', 'write it to this file; - is stdout')
      .option('--force', 'overwrite the file of this name')
      .option('--again', 'fetch it although it was removed here')
      .option('--remove', 'delete it at this node')
      .addHelpText('after', HELP),

  read([hash], { output, again, force, remove }) {
    if (remove === true && (output !== undefined || again === true || force === true))
      throw usage('--remove stands alone')
    if (again === true && output === undefined) throw usage('--again needs -o FILE')
    if (force === true && output === undefined) throw usage('--force needs -o FILE')
    return {
      hash: hash as string,
      again: again === true,
      force: force === true,
      remove: remove === true,
      ...(output === undefined ? {} : { output: output as string })
    }
  },

  async run(context, { hash, output, again, force, remove }) {
    const client = connect(context)
    if (remove) {
      await client.removeAttachment(hash)
      if (context.json) context.out.write(`${JSON.stringify({ removed: hash })}\n`)
      else context.note('removed here; the record stays, and other partners may have the file')
    } else if (output === undefined) {
      const view = await client.aboutAttachment(hash)
      context.out.write(context.json ? `${JSON.stringify(view)}\n` : viewText(view))
    } else if (output === '-') {
      await toStdout(checked(client.attachment(hash, { again }), hash), context)
    } else {
      if (!force) await assertFree(output)
      const bytes = await toFile(checked(client.attachment(hash, { again }), hash), output)
      if (context.json) context.out.write(`${JSON.stringify({ hash, bytes, file: output })}\n`)
      else context.note(`${count(bytes, 'byte')} written to ${output}`)
    }
    return 0
  }
}

function viewText({ hash, held, bytes, removed, record, author }: AttachmentView): string {
  const rows: [string, string][] = [
    ['hash', hash],
    ['bytes', bytes === null ? '-' : bytes.toLocaleString('en-US')],
    ['here', held ? 'yes' : removed ? 'no, it was removed here' : 'no'],
    ['record', record ?? 'none'],
    ['written by', author ?? '-']
  ]
  return `${pairs(rows)}\n`
}

/** The same chunks, which end with an error when together they are not what the hash says. */
async function* checked(chunks: AsyncIterable<Uint8Array>, hash: string): AsyncGenerator<Uint8Array> {
  const digest = createHash('sha256')
  for await (const chunk of chunks) {
    digest.update(chunk)
    yield chunk
  }
  if (digest.digest('hex') !== hash) throw new LedgerError('VERIFICATION_FAILED', `what came is not attachment ${hash}`)
}

async function toStdout(chunks: AsyncIterable<Uint8Array>, { io, out }: Context): Promise<void> {
  for await (const chunk of chunks) {
    if (out.closed()) throw new LedgerError('CLOSED', 'the reader has gone')
    if (!io.stdout.write(chunk)) await Promise.race([once(io.stdout, 'drain'), once(io.stdout, 'close')])
  }
}

/** Asked before anything is fetched. */
async function assertFree(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null)
  if (found !== null) throw usage(`${path} is there already`, 'name another file, or overwrite it with --force')
}

/** Under its name only when all of it is there. @returns bytes written */
async function toFile(chunks: AsyncGenerator<Uint8Array>, path: string): Promise<number> {
  // What the node says comes first: there is nothing to write when nobody has it.
  const first = await chunks.next()
  const unfinished = `${path}.${process.pid}.part`
  const file = await open(unfinished, 'wx').catch((error: Error) => {
    throw usage(`cannot write ${path}: ${error.message}`)
  })
  let bytes = 0
  try {
    for (let next = first; next.done !== true; next = await chunks.next()) {
      await file.writeFile(next.value)
      bytes += next.value.length
    }
    await file.sync()
    await rename(unfinished, path)
    return bytes
  } finally {
    await file.close()
    await rm(unfinished, { force: true })
  }
}
