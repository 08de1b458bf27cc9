import { posix } from 'node:path'
import type { Breach, SourceFile } from '../../support/source.js'
import { codeOnly, importsOf, lineAt } from '../../support/source.js'

/** Most lines a file of code may have; one concern rarely needs more than 300. */
export const LINES_MAX = 400

/** The same for a test, where a table of cases is best read in one piece. */
export const TEST_LINES_MAX = 600

/** Names that say nothing about what is inside. */
const EMPTY_NAMES = /^(?:utils?|helpers?|common|shared|misc|lib|stuff|index)$/

/** Notes that stand for work not done; spelled so that this file does not find itself. */
const UNDONE = new RegExp(
  `\\b(?:${['TO', 'FIX', 'XX'].map((start, i) => start + ['DO', 'ME', 'X'][i]).join('|')})\\b`,
  'g'
)

/** Breaches a file of code shows by itself. */
export function tidyBreaches(files: readonly SourceFile[]): Breach[] {
  return files.flatMap((file) => {
    const code = codeOnly(file.text)
    return [
      ...lengthBreaches(file),
      ...nameBreaches(file),
      ...barrelBreaches(file, code),
      ...found(file, file.text, UNDONE, 'work not done'),
      ...found(file, file.text, /[ \t]+$/gm, 'white space at the end of a line'),
      ...(file.path.startsWith('src/') && !file.path.startsWith('src/cli/')
        ? found(
            file,
            code,
            /\bprocess\s*\??\.\s*env\b|\benv\b[^=;]*=\s*process\b/g,
            'only src/cli reads the environment'
          )
        : []),
      ...(file.path.endsWith('.test.ts') ? testBreaches(file, code) : [])
    ]
  })
}

function lengthBreaches({ path, text }: SourceFile): Breach[] {
  const lines = lineAt(text.trimEnd(), text.length)
  const most = path.endsWith('.test.ts') ? TEST_LINES_MAX : LINES_MAX
  return lines > most ? [`${path}: has ${lines} lines, more than ${most}`] : []
}

function nameBreaches({ path }: SourceFile): Breach[] {
  return path
    .split('/')
    .map((part) => part.replace(/\..*$/, ''))
    .filter((part) => EMPTY_NAMES.test(part))
    .map((part) => `${path}: the name '${part}' says nothing`)
}

/** A file that only hands on what several others export hides where things are. (One other: a face put before it.) */
function barrelBreaches({ path }: SourceFile, code: string): Breach[] {
  const handsOn = /\bexport\s+(?:type\s+)?(?:\*(?:\s*as\s+\w+)?|\{[^}]*\})\s*from\s*(['"])\s*\1;?/g
  const sources = Array.from(code.matchAll(handsOn)).length
  const rest = code.replace(handsOn, '')
  return sources > 1 && !/\w/.test(rest) ? [`${path}: only re-exports`] : []
}

function testBreaches(file: SourceFile, code: string): Breach[] {
  const imports = importsOf(file.text)
  const bare = imports.filter(({ specifier }) => specifier === 'uvu').map(({ line }) => line)
  return [
    ...bare.map((line) => `${file.path}:${line}: imports uvu itself; its traps are closed in test/support/suite.ts`),
    ...found(file, code, /\.\s*only\s*\(/g, 'keeps the other tests of the file from running')
  ]
}

function found(file: SourceFile, text: string, pattern: RegExp, why: string): Breach[] {
  return Array.from(text.matchAll(pattern), (match) => `${file.path}:${lineAt(text, match.index)}: ${why}`)
}

/**
 * Files that no program reaches.
 * @param files the files of src/
 * @param entries paths where programs and browsers begin
 */
export function unreachedBreaches(files: readonly SourceFile[], entries: readonly string[]): Breach[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const missing = entries
    .filter((entry) => !byPath.has(entry))
    .map((entry) => `${entry}: is an entry and does not exist`)
  // Without its beginning, whatever it would have reached is noise.
  if (missing.length > 0) return missing
  const reached = new Set<string>()
  const waiting = [...entries]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = byPath.get(path)
    if (file === undefined || reached.has(path)) continue
    reached.add(path)
    for (const { specifier } of importsOf(file.text)) {
      if (specifier?.startsWith('.')) waiting.push(sourcePath(posix.join(posix.dirname(path), specifier)))
    }
  }
  return files.filter((file) => !reached.has(file.path)).map((file) => `${file.path}: no program reaches it`)
}

/**
 * Where programs begin: what bin/ loads from dist/, and what package.json puts in its place for browsers.
 * @param bins the files of bin/
 * @param manifest the parsed package.json
 */
export function entriesOf(
  bins: readonly SourceFile[],
  manifest: { readonly browser?: Record<string, string> }
): string[] {
  const loaded = bins.flatMap((file) => Array.from(file.text.matchAll(/dist\/[\w./-]+\.js/g), (match) => match[0]))
  const replaced = Object.values(manifest.browser ?? {}).map((path) => posix.normalize(path))
  return [...new Set([...loaded, ...replaced].map((path) => sourcePath(path.replace(/^dist\//, 'src/'))))]
}

function sourcePath(path: string): string {
  return path.replace(/\.js$/, '.ts')
}
