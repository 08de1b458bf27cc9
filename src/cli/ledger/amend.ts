import { readFile } from 'node:fs/promises'
import { Command } from 'commander'
import type { Json, JsonObject } from '../../base/json.js'
import { readJson } from '../../base/strict-json.js'
import { formerNames } from '../../ledger/former-names.js'
import type { AppendOutcome } from '../../node/ledger-node.js'
import type { CommandSpec } from '../command.js'
import type { Context } from '../context.js'
import { EXIT, usage } from '../failure.js'
import { plain, styled, valueText } from '../text.js'
import { connect } from './connect.js'

export interface AmendArguments {
  readonly id: string
  readonly reason: string
  /** Path of the whole record as it should have been; null when fields are set. */
  readonly file: string | null
  readonly set: readonly (readonly [field: string, value: string])[]
}

const HELP = `
The record stays as it is; a new one takes its place, for rules, references and queries. Who may amend, and whether another
has to approve, says the network file (amend). ledger show tells of both how they hang together. The id of a record stands in
ledger history; --reason is always needed.

Examples:
  ledger amend north/3/0 --set odometer=46427 --reason "a digit too many"
  ledger amend north/3/0 corrected.json --reason "wrong car"

Exit codes: 0 accepted, 3 refused, 4 not permitted, 5 no quorum in time, 7 no such record.`

export const amendCommand: CommandSpec<AmendArguments> = {
  define: () =>
    new Command('amend')
      .description('amend a record: append another one that takes its place')
      .argument('<record>', 'its id, such as north/3/0')
      .argument('[file]', 'the whole record as it should have been, as JSON')
      .requiredOption('--reason <text>', 'why, for the others')
      .option('--set <field=value>', 'a field as it should have been; several times for several', collect, [])
      .addHelpText('after', HELP),

  read([id, file], { reason, set }) {
    const fields = set as [string, string][]
    if (file === undefined && fields.length === 0) {
      throw usage('nothing is amended', 'write --set FIELD=VALUE, or a file with the whole record')
    }
    if (file !== undefined && fields.length > 0) throw usage('both a file and --set are given', 'use one of them')
    return { id: id as string, reason: reason as string, file: (file as string | undefined) ?? null, set: fields }
  },

  async run(context, { id, reason, file, set }) {
    const client = connect(context)
    const record = await client.show(id)
    const { network } = await client.model()
    // By the names of today: what it was written under may be a former one.
    const object = network.objects[record.object]
    const before = object === undefined ? record.data : formerNames(object).present(record.data)
    const data = file === null ? withFields(before, set) : await readRecord(file)
    const changed = changes(before, data)
    if (changed === '') throw usage('nothing is amended: the record says so already', 'name a field that was wrong')
    const outcome = await client.amend(id, { data, reason })
    const { amendment } = outcome.status === 'accepted' ? await client.show(outcome.id) : {}
    if (context.json) context.out.write(`${JSON.stringify(outcome)}\n`)
    else context.out.write(`${changed}${outcomeText(outcome, amendment, context)}\n`)
    return outcome.status === 'pending' ? EXIT.noQuorum : EXIT.done
  }
}

function collect(text: string, fields: readonly [string, string][]): [string, string][] {
  const at = text.indexOf('=')
  if (at < 1) throw usage(`'${text}' sets no field`, 'write it as FIELD=VALUE')
  return [...fields, [text.slice(0, at), text.slice(at + 1)]]
}

/** What is text stays text; everything else is read as JSON where it is some. */
function withFields(data: JsonObject, fields: AmendArguments['set']): JsonObject {
  const amended: JsonObject = { ...data }
  for (const [field, value] of fields) {
    const json = typeof data[field] === 'string' ? null : readJson(value)
    amended[field] = json?.ok === true ? json.value : value
  }
  return amended
}

async function readRecord(file: string): Promise<JsonObject> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw usage(`${file} cannot be read: ${error.message}`, 'name a file with the record as JSON')
  })
  const json = readJson(text)
  const value: Json = json.ok ? json.value : null
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw usage(`${file} holds no JSON object`, 'write the whole record as it should have been')
}

function changes(before: JsonObject, after: JsonObject): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const shown = (value: Json | undefined): string => (value === undefined ? 'nothing' : valueText(value))
  return names
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .map((name) => `  ${plain(name)}: ${shown(before[name])} -> ${shown(after[name])}\n`)
    .join('')
}

function outcomeText(outcome: AppendOutcome, amendment: string | undefined, { color }: Context): string {
  if (outcome.status === 'refused') return styled(color, 'red', 'refused')
  const id = plain(outcome.id)
  if (outcome.status === 'pending') return styled(color, 'yellow', `pending ${id}: ask later with: ledger show ${id}`)
  if (amendment !== 'open') return `${styled(color, 'green', 'amended')} by ${id} in block ${outcome.height}`
  return `${styled(color, 'yellow', 'waits for approval')}: ${id}; who may say so writes: ledger approve ${id} yes`
}
