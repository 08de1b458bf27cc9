import type { LineWriter } from '../api/line-writer.js'

/** Rows that are looked at together to find the widths of their columns. */
const ROWS_TOGETHER = 100

/** Writes aligned rows as they come, in constant memory. The last column is not padded. */
export interface Table {
  row(cells: readonly string[]): Promise<void>
  /** Writes what is held back to be aligned. */
  flush(): Promise<void>
}

/**
 * @param headers names of the columns, written before the first row
 * @param options.together how many rows are aligned with one another; 1 writes each at once
 */
export function createTable(
  out: LineWriter,
  headers: readonly string[],
  options: { readonly together?: number } = {}
): Table {
  const together = options.together ?? ROWS_TOGETHER
  const widths = headers.map(() => 0)
  let held: (readonly string[])[] = [headers]
  let headed = false

  const flush = async (): Promise<void> => {
    const rows = held
    held = []
    if (!headed && rows.length === 1) return
    headed = true
    for (const row of rows) {
      for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
    }
    for (const row of rows) {
      const cells = row.map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      if (!out.write(`${cells.join('  ').trimEnd()}\n`)) await out.room()
    }
  }

  return {
    async row(cells) {
      held.push(cells)
      if (held.length > together) await flush()
    },
    flush
  }
}
