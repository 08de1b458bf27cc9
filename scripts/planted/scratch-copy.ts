import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { countOf, type PlantedBug } from './planted-bug.js'

/** What the tests and the simulator need of the tree. */
const COPIED = ['src', 'test', 'scripts', 'bin', 'config', 'docs', 'package.json', 'tsconfig.json', 'biome.json']

/** Data beside the project that some tests read. */
const BESIDE = '../shared'

/** A copy of the tree that may be spoilt. */
export interface ScratchCopy {
  readonly path: string
  /**
   * Makes the edits of a bug.
   * @returns what puts the files back
   * @throws Error when a text is not there exactly once: the list has to be brought up to date
   */
  plant(bug: PlantedBug): () => void
}

/** Makes a folder for copies. Remove it at the end. */
export function scratchFolder(root: string) {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-planted-'))
  const beside = resolve(root, BESIDE)
  if (existsSync(beside)) symlinkSync(beside, join(folder, basename(beside)))
  return {
    copy: (name: string): ScratchCopy => copyTree(root, join(folder, name)),
    remove: (): void => rmSync(folder, { recursive: true, force: true })
  }
}

function copyTree(root: string, path: string): ScratchCopy {
  mkdirSync(path)
  for (const name of COPIED) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(path, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  return { path, plant: (bug) => plant(path, bug) }
}

function plant(path: string, { name, edits }: PlantedBug): () => void {
  const before = new Map<string, string>()
  for (const { file } of edits) before.set(file, readFileSync(join(path, file), 'utf8'))
  const after = new Map(before)
  for (const { file, find, replace } of edits) {
    const text = after.get(file) ?? ''
    const count = countOf(text, find)
    if (count !== 1) throw new Error(`${name}: ${file} holds this text ${count} times, and must hold it once:\n${find}`)
    after.set(
      file,
      text.replace(find, () => replace)
    )
  }
  write(path, after)
  return () => write(path, before)
}

function write(path: string, files: ReadonlyMap<string, string>): void {
  for (const [file, text] of files) {
    mkdirSync(dirname(join(path, file)), { recursive: true })
    writeFileSync(join(path, file), text)
  }
}
