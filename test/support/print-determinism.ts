import { readFileSync } from 'node:fs'
import { compileModel } from '../../src/ledger/model.js'
import { readNetworkFile } from '../../src/ledger/network-file.js'
import { formatVectors } from './format-vectors.js'

/** Prints what every partner must compute alike, wherever it stands. Run as a process of its own, with its own locale. */
const files = ['car-service', 'organic-food', 'inspections', 'epcis', 'spare-parts']
const models = files.map((name) => {
  const read = readNetworkFile(
    readFileSync(new URL(`../../config/networks/${name}.yaml`, import.meta.url), 'utf8'),
    name
  )
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return compileModel(read.network, { ruleCostMax: 1e9 }).hash
})
process.stdout.write(
  `${JSON.stringify({ locale: new Intl.NumberFormat().resolvedOptions().locale, zone: new Date(0).getHours() })}\n`
)
process.stdout.write(`${JSON.stringify({ models, vectors: formatVectors() })}\n`)
