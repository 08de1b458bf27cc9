import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describeMachine } from './machine.js'
import { onePartner } from './one-partner.js'
import { lateLines } from './records.js'

const NETWORK = fileURLToPath(new URL('network.yaml', import.meta.url))

/** As `one-partner`, with visits in the order of their date that come late seven times of eight, and with and without that order. */
export async function run(args: readonly string[]): Promise<unknown> {
  const [records = 1_000_000, vehicles = 10_000] = args.map(Number)
  const network = readFileSync(NETWORK, 'utf8')
  // Without an order a late visit has a lower odometer than the one before it.
  const unruled = network.replace('record.odometer >= previous.odometer', 'record.odometer >= 0')
  const ordered = network.replace(
    'key: [vin]\n    fields:\n      type: object\n      additionalProperties: false\n      required: [vin, odometer',
    (text) => text.replace('key: [vin]', 'key: [vin]\n    order: date')
  )
  if (ordered === network || unruled === network) throw new Error('the network file is another one')
  const byArrival = await onePartner(records, vehicles, { network: unruled, lines: lateLines })
  const byDate = await onePartner(records, vehicles, { network: ordered, lines: lateLines })
  return { machine: describeMachine(), byArrival, byDate }
}
