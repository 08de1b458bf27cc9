import * as assert from 'uvu/assert'
import type { JsonObject } from '../../src/base/json.js'
import { readNetworkFile } from '../../src/ledger/network-file.js'
import { newestData } from '../../src/ledger/record-state.js'
import { ballotOf, governanceChain, proposalOf, type Said } from './governance-chain.js'

/** Visits of cars in the order of their day; `keeping` says how they are amended. */
export function network(keeping: string, note = keeping === '' ? '' : 'amend: { by: own }'): string {
  return `
format: 1
title: Visits
roles:
  dealer: { append: [visit, note, total], govern: true }
  brand: { append: [], govern: true }
  insurer: { append: [], govern: false }
objects:
  visit:
    key: [car]
    ${keeping}
    fields:
      type: object
      additionalProperties: false
      required: [car, day, odometer]
      properties:
        car: { type: string, maxLength: 20 }
        day: { type: string, format: date }
        odometer: { type: integer, minimum: 0 }
    rules:
      - id: never-lower
        expr: previous == null || record.odometer >= previous.odometer
        message: "odometer {record.odometer} is lower than {previous.odometer}"
  note:
    key: []
    ${note}
    fields: { type: object, additionalProperties: false, required: [text], properties: { text: { type: string, maxLength: 20 } } }
  total:
    key: [car]
    fields:
      type: object
      additionalProperties: false
      required: [car, odometer]
      properties: { car: { type: string, maxLength: 20 }, odometer: { type: integer } }
    references:
      visit: { object: visit, key: [car], required: true }
    rules:
      - { id: as-the-last-visit, expr: record.odometer == refs.visit.odometer, message: "the last visit says {refs.visit.odometer}" }
`
}

export const PARTNERS = { d1: 'dealer', d2: 'dealer', b1: 'brand', b2: 'brand', i1: 'insurer' }

export type KeptChain = ReturnType<typeof governanceChain>

export const chainOf = (keeping: string): KeptChain => governanceChain(PARTNERS, { file: network(keeping) })

export const day = (number: number): string => `2024-01-${String(number).padStart(2, '0')}`

export function visit(number: number, odometer: number, car = 'A'): Said {
  return { object: 'visit', data: { car, day: day(number), odometer } }
}

export function amended(record: string, said: Said, reason = 'mistyped'): Said {
  return { ...said, amends: { record, reason } }
}

export function approval(amendment: string, yes = true): Said {
  return { object: '_approve', data: { amendment, reason: '', yes } }
}

export const stateOf = ({ entries }: KeptChain) => ({ get: (key: string) => entries.get(key) })

export const newest = (chain: KeptChain, car = 'A'): JsonObject | null =>
  newestData(stateOf(chain), 'visit', `["${car}"]`, (data) => data)

/** A chain whose file is voted in, two blocks ago. */
export function changeFile(chain: KeptChain, keeping: string): void {
  enact(chain, network(keeping))
}

export function enact(chain: KeptChain, file: string): void {
  const read = readNetworkFile(file, 'network.yaml')
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const id = chain.nextId('d1')
  chain.say('d1', proposalOf({ kind: 'model', network: read.network }))
  for (const other of ['d2', 'b1']) chain.say(other, ballotOf(id, true))
  assert.is(chain.proposal(id).state, 'passed')
  chain.commit()
}
