import { existsSync } from 'node:fs'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncDirectory } from './durable-file.js'

/** Files of one name that are kept aside: older ones go. */
const ASIDE_MAX = 4

/**
 * Takes a file or directory out of use, durable when the promise resolves, and keeps it beside its place as
 * `NAME.lost-TIME`, for whoever wants to know what happened. Does nothing when there is none.
 */
export async function putAside(path: string): Promise<void> {
  if (!existsSync(path)) return
  const folder = dirname(path)
  const prefix = `${basename(path)}.lost-`
  const times = (await readdir(folder))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b)
  // Two within one millisecond must not meet.
  await rename(path, join(folder, `${prefix}${Math.max(Date.now(), (times.at(-1) ?? 0) + 1)}`))
  await syncDirectory(folder)
  for (const time of times.slice(0, Math.max(0, times.length - ASIDE_MAX + 1))) {
    await rm(join(folder, `${prefix}${time}`), { recursive: true, force: true })
  }
}
