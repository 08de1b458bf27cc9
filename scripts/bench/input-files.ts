import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { maintenanceLines, type VisitOptions, vehicleLines, WORKS_OF_300_BYTES } from './records.js'

/** Cars of the benchmarks. */
export const VEHICLES = 10_000

/** Writes a file of 300-byte visits. @returns its path */
export function visitsFile(
  folder: string,
  name: string,
  count: number,
  options: VisitOptions & { readonly vehicles?: number } = {}
): Promise<string> {
  const { vehicles = VEHICLES, ...more } = options
  return writeLines(join(folder, name), maintenanceLines(count, vehicles, { works: WORKS_OF_300_BYTES, ...more }))
}

/** Writes a file of all cars. @returns its path */
export function vehiclesFile(folder: string, vehicles = VEHICLES): Promise<string> {
  return writeLines(join(folder, 'vehicles.ndjson'), vehicleLines(vehicles))
}

async function writeLines(path: string, lines: Iterable<string>): Promise<string> {
  const file = createWriteStream(path)
  let chunk = ''
  for (const line of lines) {
    chunk += line
    if (chunk.length < 64 * 1024) continue
    if (!file.write(chunk)) await once(file, 'drain')
    chunk = ''
  }
  file.end(chunk)
  await once(file, 'finish')
  return path
}
