import { Command } from 'commander'
import type { ApiClient } from '../../api/client.js'
import { ERROR_CODES } from '../../base/errors.js'
import type { AppendOutcome } from '../../node/ledger-node.js'
import { type CommandSpec, parsed } from '../command.js'
import type { Context } from '../context.js'
import { parseDuration } from '../duration.js'
import { EXIT, exitCodeOfAll } from '../failure.js'
import { count, plain, styled } from '../text.js'
import { type FieldFile, fillIn, gatherFieldFile } from './append-attach.js'
import { type Input, openInput } from './append-input.js'
import { createProgress } from './append-progress.js'
import { connect } from './connect.js'
import { refusalText } from './record-text.js'

export interface AppendArguments {
  readonly object: string
  /** Paths, `-` for stdin; never empty. */
  readonly files: readonly string[]
  readonly timeoutMs: number
  readonly keyField?: string
  /** Files to fill in; then there is one record. */
  readonly attach?: readonly FieldFile[]
}

/** How many of each. */
interface Tally {
  accepted: number
  refused: number
  pending: number
}

const HELP = `
Reads one JSON object a line (NDJSON). Records are judged in their order and streamed: any number in constant memory. With
--json each input record gets one line on stdout, in input order, as soon as it is decided:

  {"line":1,"status":"accepted","id":"dealer-a/3/0","height":12}
  {"line":2,"status":"refused","code":"RULE_BROKEN","rule":"...","message":"...","details":{...}}
  {"line":3,"status":"pending","id":"dealer-a/3/1","code":"NO_QUORUM"}

Several files are one pipe: "line" counts on from file to file, and counts blank lines too. A pending record is stored and
commits when the quorum is back; ask for it with: ledger show ID.

What a rule says comes in the language of LC_ALL, LC_MESSAGES or LANG where the rule has it; "messages" then has all of them.

With --key-field the same file can be sent again after a failure: each record then gets its first outcome instead of a
second entry. The field must be in every record and its value must be different in each.

With --attach FIELD=FILE there is one record: the file is put in at this node, and the field says its hash, size, name and type.
FIELD[]=FILE is an item of a list, and may be repeated. Files of several records: ledger attach.

Examples:
  ledger append inspection visits.ndjson
  echo '{"vin":"W1"}' | ledger append visit --attach report=report.pdf --attach photos[]=front.jpg --attach photos[]=rear.jpg
  ledger append inspection january.ndjson february.ndjson --key-field visit
  export-visits | ledger append inspection --json --timeout 5m > outcomes.ndjson

Exit codes: 0 all accepted, 3 some refused, 4 not permitted, 5 no quorum in time, 7 no such object; the first of
2, 1, 4, 5, 3 that applies.`

const TIMEOUT_MS_DEFAULT = 60_000

export const appendCommand: CommandSpec<AppendArguments> = {
  define: () =>
    new Command('append')
      .description('append records from files or stdin')
      .argument('<object>', 'kind of record, as the model names it')
      .argument('[files...]', 'NDJSON files; - or none is stdin')
      .option(
        '--timeout <duration>',
        'how long to wait without progress for a quorum (default: 60s)',
        parsed(parseDuration)
      )
      .option('--key-field <field>', 'field that makes each record unique for this partner')
      .option('--attach <field=file>', 'put a file in and name it in this field; may be repeated', gatherFieldFiles)
      .addHelpText('after', HELP),

  read([object, files], { timeout, keyField, attach }) {
    const paths = files as string[]
    return {
      object: object as string,
      files: paths.length === 0 ? ['-'] : paths,
      timeoutMs: (timeout as number | undefined) ?? TIMEOUT_MS_DEFAULT,
      ...(keyField === undefined ? {} : { keyField: keyField as string }),
      ...(attach === undefined ? {} : { attach: attach as readonly FieldFile[] })
    }
  },

  async run(context, { object, files, timeoutMs, keyField, attach = [] }) {
    const client = connect(context)
    const input = await inputOf(context, client, { object, files, attach })
    const tally: Tally = { accepted: 0, refused: 0, pending: 0 }
    const codes = new Set<number>()
    const progress = createProgress(context, input)
    const options = { timeoutMs, ...(keyField === undefined ? {} : { keyField }) }
    try {
      for await (const outcome of client.append(object, input.chunks, options)) {
        tally[outcome.status] += 1
        codes.add(codeOf(outcome))
        const text = context.json ? `${JSON.stringify(outcome)}\n` : outcomeText(outcome, input, context)
        if (text !== '') {
          progress.clear()
          if (!context.out.write(text)) await context.out.room()
        }
        progress.show(tally)
      }
    } finally {
      progress.clear()
      await input.close()
    }
    if (!context.json && !context.quiet && !context.out.closed()) context.out.write(summary(tally, context))
    return exitCodeOfAll(codes)
  },

  readerGone: EXIT.failed
}

async function inputOf(
  context: Context,
  client: ApiClient,
  { object, files, attach }: Required<Pick<AppendArguments, 'object' | 'files' | 'attach'>>
): Promise<Input> {
  const input = await openInput(files, context)
  if (attach.length === 0) return input
  try {
    return await fillIn(client, object, input, attach)
  } catch (error) {
    await input.close()
    throw error
  }
}

function gatherFieldFiles(text: string, before: readonly FieldFile[] = []): readonly FieldFile[] {
  return parsed((given) => gatherFieldFile(given, before))(text)
}

/** Refusals that say more than that a record was refused. */
const OWN_CODES: readonly number[] = [EXIT.notPermitted, EXIT.failed, EXIT.noQuorum]

function codeOf(outcome: AppendOutcome): number {
  if (outcome.status === 'accepted') return EXIT.done
  if (outcome.status === 'pending') return EXIT.noQuorum
  const { exit } = ERROR_CODES[outcome.code]
  return OWN_CODES.includes(exit) ? exit : EXIT.refused
}

/** For people only what needs their attention. */
function outcomeText(outcome: AppendOutcome, input: Input, context: Context): string {
  if (outcome.status === 'accepted') return ''
  const place = input.placeOf(outcome.line)
  if (outcome.status === 'pending') {
    const text = `pending ${plain(outcome.id)}: no quorum in time; ask later with: ledger show ${plain(outcome.id)}`
    return `${place}: ${styled(context.color, 'yellow', text)}\n`
  }
  return `${place}: ${styled(context.color, 'red', 'refused')} ${refusalText(outcome)}\n`
}

function summary({ accepted, refused, pending }: Tally, context: Context): string {
  const parts = [
    `${accepted.toLocaleString('en-US')} accepted`,
    ...(refused === 0 ? [] : [`${refused.toLocaleString('en-US')} refused`]),
    ...(pending === 0 ? [] : [`${pending.toLocaleString('en-US')} pending`])
  ]
  const text = `${count(accepted + refused + pending, 'record')}: ${parts.join(', ')}`
  return `${styled(context.color, refused + pending === 0 ? 'green' : 'yellow', text)}\n`
}
