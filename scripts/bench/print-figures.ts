import type { BenchResult } from './benchmark.js'
import { type Figure, reachesGoal } from './figure.js'

const HEADS = ['figure', 'unit', 'median', 'min', 'max', 'runs', 'must', 'aim', 'bare', 'of bare', ''] as const

/** The figures as a table for people, with what they depend on below. */
export function figureTable(title: string, result: BenchResult, machine: object): string {
  const rows = [[...HEADS], ...result.figures.map(cellsOf)]
  const widths = HEADS.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)))
  const lines = rows.map((cells) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd()
  )
  const below = [
    `conditions: ${result.conditions}`,
    ...(result.verified === undefined ? [] : [`copies: ${result.verified}`]),
    ...(result.skipped === undefined ? [] : [`skipped: ${result.skipped}`]),
    `machine: ${Object.entries(machine)
      .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join('/') : value}`)
      .join(', ')}`
  ]
  return `${title}\n${[...lines, ...below].map((line) => `  ${line}`).join('\n')}\n`
}

function cellsOf(figure: Figure): string[] {
  const { name, unit, median, min, max, runs, must, aim, bare } = figure
  const reaches = reachesGoal(figure)
  return [
    name,
    unit,
    ...[median, min, max, runs].map(String),
    ...[must, aim, bare].map((value) => (value === undefined ? '' : String(value))),
    bare === undefined || bare === 0 ? '' : (median / bare).toFixed(2),
    reaches === null ? '' : reaches ? 'reached' : 'MISSED'
  ]
}

/** One line of JSON for each figure, for programs; a benchmark that was left out has one with `skipped`. */
export function figureLines(benchmark: string, result: BenchResult, machine: object): string {
  const { figures, conditions, verified, skipped } = result
  const beside = { machine, conditions, ...(verified && { verified }) }
  const lines: object[] = figures.map((figure) => ({ ...figure, benchmark, ...beside }))
  if (skipped !== undefined) lines.push({ benchmark, skipped, machine })
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('')
}
