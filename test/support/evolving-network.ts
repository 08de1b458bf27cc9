import * as assert from 'uvu/assert'
import type { JsonObject } from '../../src/base/json.js'
import { governanceChain, type Said } from './governance-chain.js'
import { type Draft, edited, modelProposal, networkNow } from './model-proposals.js'

/** Cars and their visits, whose fields get other names. */
export const EVOLVING_NETWORK = `
format: 1
title: Cars
roles:
  garage: { append: [car, visit, part], govern: true }
objects:
  car:
    key: [vin]
    fields:
      type: object
      additionalProperties: false
      required: [vin]
      properties:
        vin: { type: string, maxLength: 20 }
        kilometres: { type: integer, minimum: 0 }
        colour: { type: string, maxLength: 20 }
        place: { type: object, additionalProperties: false, properties: { town: { type: string } } }
    rules:
      - id: rises
        expr: previous == null || !has(previous.kilometres) || !has(record.kilometres) || record.kilometres >= previous.kilometres
        message: "{record.kilometres} is less than {previous.kilometres}"
  visit:
    key: []
    fields:
      type: object
      additionalProperties: false
      required: [car, kilometres]
      properties:
        car: { type: string, maxLength: 20 }
        kilometres: { type: integer }
    references:
      of: { object: car, key: [car], required: true }
    rules:
      - { id: not-before, expr: '!has(refs.of.kilometres) || record.kilometres >= refs.of.kilometres', message: before }
  part:
    key: [id]
    fields:
      type: object
      required: [id]
      properties:
        id: { type: string, maxLength: 20 }
        weight: { type: integer }
`

export const car = (data: JsonObject): Said => ({ object: 'car', data })
export const visit = (data: JsonObject): Said => ({ object: 'visit', data })

export type Chain = ReturnType<typeof governanceChain>
export type Edit = (draft: Draft) => void

export const start = (): Chain => governanceChain({ p1: 'garage' }, { file: EVOLVING_NETWORK })

/** Proposes a change of the file in force; its verdict. */
export function propose(chain: Chain, edit: Edit): string {
  return chain.say('p1', modelProposal(edited(networkNow(chain), edit)))[0]!
}

/** Brings a change of the file into force. */
export function change(chain: Chain, edit: Edit): void {
  assert.is(propose(chain, edit), 'accepted')
  chain.commit()
}

/** A field of an object under another name, in its rules too. */
export function rename(object: string, from: string, to: string): Edit {
  return ({ objects }) => {
    const definition = objects[object]!
    const { properties, required } = definition.fields
    definition.fields.properties = Object.fromEntries(
      Object.entries(properties).map(([name, schema]) => [name === from ? to : name, schema])
    )
    definition.fields.required = required.map((name) => (name === from ? to : name))
    definition.key = definition.key.map((name) => (name === from ? to : name))
    for (const rule of definition.rules) {
      rule.expr = rule.expr.replaceAll(`.${from}`, `.${to}`)
      rule.message = String(rule.message).replaceAll(`.${from}`, `.${to}`)
    }
    const aliases = Object.entries(definition.aliases ?? {}).map(([name, now]) => [name, now === from ? to : now])
    definition.aliases = { ...Object.fromEntries(aliases), [from]: to }
  }
}

export const both =
  (...edits: readonly Edit[]): Edit =>
  (draft) => {
    for (const edit of edits) edit(draft)
  }

export const readOfCar: Edit = ({ objects }) => {
  for (const rule of objects.visit!.rules) rule.expr = rule.expr.replaceAll('refs.of.kilometres', 'refs.of.odometer')
}

/** A field of an object that is no more. */
export function remove(object: string, field: string): Edit {
  return ({ objects }) => {
    const definition = objects[object]!
    delete definition.fields.properties[field]
    definition.removed = [...(definition.removed ?? []), field]
  }
}
