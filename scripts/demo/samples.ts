import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './build.js'

export const NETWORK_FILE = 'config/networks/car-service.yaml'

/** A line of the sample files with what must become of it (config/networks/car-service/README.md). */
export interface Sample {
  readonly object: string
  readonly line: number
  readonly text: string
  /** For people: which car, part or repair. */
  readonly what: string
  /** Code, and rule where one says no; null when it must be accepted. */
  readonly refusedWith: string | null
}

const REFUSED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  vehicle: { 5: 'RULE_BROKEN built-once', 6: 'SCHEMA' },
  part: {},
  repair: { 4: 'RULE_BROKEN band-is-a-band' },
  maintenance: {
    3: 'RULE_BROKEN odometer-never-lower',
    6: 'RULE_BROKEN price-within-band',
    7: 'RULE_BROKEN original-parts',
    8: 'RULE_BROKEN parts-fit-the-model',
    10: 'REFERENCE_MISSING',
    11: 'RULE_BROKEN not-before-it-was-built',
    12: 'SCHEMA',
    13: 'SCHEMA',
    14: 'SCHEMA'
  }
}

/** The sample records of an object, in their order. */
export async function samplesOf(object: string): Promise<readonly Sample[]> {
  const text = await readFile(join(ROOT, 'config/networks/car-service', `${object}.ndjson`), 'utf8')
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line, index) => ({
    object,
    line: index + 1,
    text: line,
    what: describe(object, JSON.parse(line) as Record<string, unknown>),
    refusedWith: REFUSED[object]?.[index + 1] ?? null
  }))
}

function describe(object: string, data: Record<string, unknown>): string {
  const car = `car …${String(data.vin).slice(-3)}`
  if (object === 'maintenance') return `${car} ${data.repair} ${String(data.odometer).replace(' km', '')} km`
  if (object === 'vehicle') return `${car} ${data.model}`
  return `${object} ${data.partNumber ?? data.repair}`
}
