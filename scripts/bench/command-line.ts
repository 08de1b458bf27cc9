import { parseArgs } from 'node:util'
import type { BenchOptions } from './benchmark.js'

export interface CommandLine {
  /** Null: the standard set. */
  readonly name: string | null
  /** What stands behind the name. */
  readonly args: readonly string[]
  readonly options: BenchOptions
  /** Lines of JSON instead of a table. */
  readonly json: boolean
  /** Only tells what there is. */
  readonly list: boolean
}

const NUMBERS = ['records', 'runs', 'partners', 'load', 'small', 'large'] as const

/**
 * Reads `[NAME [ARG...]] [--records N] [--runs K] [--json] ...`.
 * @throws Error that says what is wrong
 */
export function readCommandLine(words: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      records: { type: 'string' },
      runs: { type: 'string' },
      partners: { type: 'string' },
      load: { type: 'string' },
      small: { type: 'string' },
      large: { type: 'string' },
      charts: { type: 'string' },
      install: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' }
    }
  })
  const numbers: Partial<Record<(typeof NUMBERS)[number], number>> = {}
  for (const name of NUMBERS) {
    const text = values[name]
    if (text === undefined) continue
    if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new Error(`--${name} takes a whole number, not '${text}'`)
    numbers[name] = Number(text)
  }
  const [name = null, ...args] = positionals
  const { charts, install = false, json = false, help = false } = values
  const options = { ...numbers, install, ...(charts === undefined ? {} : { charts }) }
  return { name, args, options, json, list: help || name === 'list' }
}
