import { type BugResult, nameOf } from './hunt.js'
import type { PlantedBug } from './planted-bug.js'

const NAME_CHARS = 34
const BY_CHARS = 38

/** Characters of what a check said. */
const MESSAGE_CHARS = 150

export function headLine(): string {
  return `\n${'bug'.padEnd(NAME_CHARS)} ${'caught by'.padEnd(BY_CHARS)} seeds seconds`
}

/** One row of the table, and what the check said below it. */
export function resultLine({ bug, by, message, tried, seeds, seconds }: BugResult): string {
  const caught = by ?? (tried ? 'MISSED' : 'NOT TRIED')
  const seedsText = seeds === 0 ? '-' : String(seeds)
  const row = `${bug.padEnd(NAME_CHARS)} ${caught.padEnd(BY_CHARS)} ${seedsText.padStart(5)} ${String(seconds).padStart(7)}`
  const said = by === null ? message : message.slice(0, MESSAGE_CHARS)
  return said === '' ? row : `${row}\n    ${said}`
}

export function listLine({ name, what, checks, onlySimulator, unseen }: PlantedBug): string {
  const only = onlySimulator ? '; no unit or network test notices it' : ''
  const why = unseen === undefined ? '' : `; no seed shows it: ${unseen}`
  return `${name}\n    ${what}\n    looked for by ${checks.map(nameOf).join(', ')}${only}${why}`
}

/** The last line: `24 planted, 24 caught, 0 missed`. */
export function summaryLine({
  problems,
  results,
  planned,
  seconds
}: {
  readonly problems: readonly string[]
  readonly results: readonly BugResult[]
  readonly planned: number
  readonly seconds: number
}): string {
  if (problems.length > 0) return `0 of ${planned} planted: the tree fails without them (${seconds} s)`
  const caught = results.filter(({ by }) => by !== null)
  const simulated = caught.filter(({ bySimulator }) => bySimulator).length
  const untried = results.filter(({ tried }) => !tried).length
  const missed = planned - caught.length - untried
  const rest = untried > 0 ? `, ${untried} not tried` : ''
  return `${planned} planted, ${caught.length} caught, ${missed} missed${rest} (${simulated} by the simulator; ${seconds} s)`
}
