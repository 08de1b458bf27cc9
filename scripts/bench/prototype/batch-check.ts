import * as crypto from 'node:crypto'
import { type KeyObject, sign, verify } from 'node:crypto'
import { Ajv2020 } from 'ajv/dist/2020.js'

/** What every node of the prototype does for the records of a batch: the least that rules, proof and state ask for. */
export interface Visit {
  readonly vin: string
  readonly odometer: number
}

/** A batch whose records were parsed and passed the schema. */
export interface CheckedBatch {
  readonly hash: string
  /** First line and records, as they came. */
  readonly text: string
  readonly lines: readonly string[]
  readonly visits: readonly Visit[]
}

const text = (maxLength: number): object => ({ type: 'string', maxLength })

/** The schema of network.yaml, as ajv compiles it. */
export const isVisit = new Ajv2020({ strict: true, formats: { date: /^\d{4}-\d{2}-\d{2}$/ } }).compile({
  type: 'object',
  additionalProperties: false,
  required: ['vin', 'odometer', 'date', 'dealer', 'repair', 'hours', 'invoice'],
  properties: {
    vin: text(17),
    odometer: { type: 'integer', minimum: 0 },
    date: { type: 'string', format: 'date' },
    dealer: text(40),
    repair: text(400),
    hours: { type: 'integer', minimum: 0, maximum: 1000 },
    invoice: text(40)
  }
})

/** Parses and checks the schema. @throws Error for a record of another one */
export function visitsOf(lines: readonly string[]): Visit[] {
  return lines.map((line) => {
    const visit = JSON.parse(line) as Visit
    if (!isVisit(visit)) throw new Error(`not a visit: ${line}`)
    return visit
  })
}

/** State of the prototype: the newest odometer of each car, and the register of cars. */
export interface PrototypeState {
  readonly odometers: Map<string, number>
  readonly vehicles: ReadonlySet<string>
}

/** The two rules of network.yaml as plain functions; how many records break one. What passes goes into the state. */
export function runRules({ odometers, vehicles }: PrototypeState, visits: readonly Visit[]): number {
  let broken = 0
  for (const { vin, odometer } of visits) {
    const previous = odometers.get(vin)
    if ((previous === undefined || odometer >= previous) && vehicles.has(vin)) odometers.set(vin, odometer)
    else broken += 1
  }
  return broken
}

/** SHA-256 as a string of bytes. (`crypto.hash` is in Node from 20.12 on.) */
const hash = crypto.hash

/** Merkle root over texts (RFC 9162), 64 hex digits. */
export function merkleRootOfLines(lines: readonly string[]): string {
  let level = lines.map((line) => hash('sha256', `\u0000${line}`, 'binary'))
  while (level.length > 1) {
    const above: string[] = []
    for (let i = 0; i + 1 < level.length; i += 2) {
      above.push(hash('sha256', Buffer.from(`\u0001${level[i]}${level[i + 1]}`, 'latin1'), 'binary'))
    }
    if (level.length % 2 === 1) above.push(level.at(-1)!)
    level = above
  }
  return Buffer.from(level[0]!, 'latin1').toString('hex')
}

/** An own batch: its first line has root and signature, its hash is the root. */
export function makeBatch(lines: readonly string[], key: KeyObject): CheckedBatch {
  const visits = visitsOf(lines)
  const root = merkleRootOfLines(lines)
  const signature = sign(null, Buffer.from(root), key).toString('hex')
  return { hash: root, text: `${root} ${signature}\n${lines.join('\n')}`, lines, visits }
}

/** The batch of another node, checked. @throws Error when anything of it is wrong */
export function readBatch(batchText: string, key: KeyObject): CheckedBatch {
  const [head, ...lines] = batchText.split('\n')
  const [root, signature] = head!.split(' ')
  if (merkleRootOfLines(lines) !== root) throw new Error('the root is another one')
  if (!verify(null, Buffer.from(root), key, Buffer.from(signature!, 'hex'))) throw new Error('it is not signed')
  return { hash: root, text: batchText, lines, visits: visitsOf(lines) }
}
