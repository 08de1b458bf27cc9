import { execFileSync } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Small enough to be filled in a moment, and room enough for what a node writes in a scenario. */
const SIZE_MIB = 48

/** The file that takes all the room. */
const BALLAST = 'ballast'

/** Makes a directory that is a disk of its own. @returns its path, for {@link unmountSmallDisk} */
export async function mountSmallDisk(path: string): Promise<string> {
  await mkdir(path)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'tmpfs', path], { stdio: 'ignore' })
  return path
}

/** What is on it is gone. */
export function unmountSmallDisk(path: string): void {
  execFileSync('umount', ['-l', path])
}

/** Writes until nothing more fits. */
export async function fillDisk(path: string): Promise<void> {
  const piece = Buffer.alloc(64 * 1024)
  for (let size = piece.length; size >= 64; size >>= 1) {
    try {
      for (;;) await writeFile(join(path, BALLAST), piece.subarray(0, size), { flag: 'a' })
    } catch {
      // Full for pieces of this size.
    }
  }
}

/** Room again, if it was filled. */
export async function emptyDisk(path: string): Promise<void> {
  await rm(join(path, BALLAST), { force: true })
}
