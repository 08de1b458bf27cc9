import { constants } from 'node:fs'
import { type FileHandle, link, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** Makes the names in a directory durable: a file that was created or renamed is there after a power failure. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/**
 * Makes a directory, and those above it that are missing, for its owner only. Their names are durable when the promise
 * resolves, also where a start before this one made the directory and was ended before it could sync its name.
 */
export async function makeDirectoryDurably(path: string): Promise<void> {
  const target = resolve(path)
  const first = (await mkdir(target, { recursive: true, mode: 0o700 })) ?? target
  for (let made = target; made.length >= first.length; made = dirname(made)) {
    await syncDirectory(dirname(made)).catch((error: NodeJS.ErrnoException) => {
      // One that may be written and not read cannot be synced; nor can one of others that was there before.
      if (error.code !== 'EACCES') throw error
    })
  }
}

/** Renames a file over another, durable when the promise resolves. The content must be synced already. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncDirectory(dirname(to))
}

/**
 * Creates a file with all its content at once, durable when the promise resolves: after a crash it is there whole or not
 * at all.
 * @param mode permissions, such as 0o600
 * @throws Error with code EEXIST when the file is there already
 */
export async function createFileDurably(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const unfinished = `${path}.new`
  // Left over from a crash: nobody has ever read it.
  await rm(unfinished, { force: true })
  const file = await open(unfinished, 'wx', mode)
  try {
    await writeAndSync(file, content)
    // Unlike a rename, a link never replaces a file that is there.
    await link(unfinished, path)
  } finally {
    await file.close()
    await rm(unfinished, { force: true })
  }
  await syncDirectory(dirname(path))
}

async function writeAndSync(file: FileHandle, content: string | Uint8Array): Promise<void> {
  await file.writeFile(content)
  await file.sync()
}

/** Puts a file with this content in the place of another, durable when the promise resolves. */
export async function replaceFileDurably(path: string, content: string, mode: number): Promise<void> {
  const unfinished = `${path}.new`
  await rm(unfinished, { force: true })
  const file = await open(unfinished, 'wx', mode)
  try {
    await writeAndSync(file, content)
  } finally {
    await file.close()
  }
  await renameDurably(unfinished, path)
}
