import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'

/** Processes and folders of a benchmark that are still there: none may outlive it, also when it is interrupted. */
const children = new Set<ChildProcess>()
const folders = new Set<string>()
let watching = false

/** Ends with us at the latest. */
export function endsWithUs(child: ChildProcess): void {
  watch()
  children.add(child)
  child.once('exit', () => children.delete(child))
}

/** Is removed with us at the latest. @returns call it when the folder is gone */
export function removedWithUs(folder: string): () => void {
  watch()
  folders.add(folder)
  return () => folders.delete(folder)
}

function watch(): void {
  if (watching) return
  watching = true
  process.once('exit', () => {
    for (const child of children) child.kill('SIGKILL')
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143]
  ] as const) {
    process.once(signal, () => process.exit(code))
  }
}
