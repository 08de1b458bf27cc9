import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

/** A text file of the project. `path` is relative to the project's root, with forward slashes. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** One breach of a house rule, as a line for people. */
export type Breach = string

/** An `import`, `export ... from`, `import()` or `require()`; the specifier is null when it is computed. */
export interface Import {
  readonly specifier: string | null
  readonly line: number
}

export const projectRoot = resolve(import.meta.dirname, '../..')

/**
 * Reads the files with these endings below a directory of the project; none when there is no such directory.
 * @param directory relative to the project's root
 */
export function readSources(directory: string, endings: readonly string[]): SourceFile[] {
  let names: string[]
  try {
    names = readdirSync(join(projectRoot, directory), { recursive: true, encoding: 'utf8' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return names
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .sort()
    .map((name) => ({
      path: `${directory}/${name.split(sep).join('/')}`,
      text: readFileSync(join(projectRoot, directory, name), 'utf8')
    }))
}

/** Number of the line, from 1, that holds the character at `index`. */
export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

/** Characters after which a slash begins a regular expression and does not divide. */
const BEFORE_REGEXP = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|delete|void|throw|new|else|do))\s*$/

/**
 * The text with the insides of comments, strings and regular expressions blanked, character for character, so that an
 * index means the same in both. Quotes stay; code inside `${}` of a template stays.
 */
export function codeOnly(text: string): string {
  const kept = text.split('')
  const blank = (from: number, to: number) => {
    for (let index = from; index < to; index++) if (kept[index] !== '\n') kept[index] = ' '
  }
  /** Depth of braces inside each template expression that is open. */
  const templates: number[] = []
  let index = 0
  while (index < text.length) {
    const two = text.slice(index, index + 2)
    const character = text[index]!
    if (two === '//' || two === '/*') {
      const end = text.indexOf(two === '//' ? '\n' : '*/', index + 2)
      const after = end < 0 ? text.length : two === '//' ? end : end + 2
      blank(index, after)
      index = after
    } else if (character === "'" || character === '"') {
      const after = endOfQuoted(text, index + 1, character)
      blank(index + 1, after - 1)
      index = after
    } else if (character === '`' || (character === '}' && templates.at(-1) === 0)) {
      if (character === '}') templates.pop()
      const after = endOfTemplatePart(text, index + 1)
      blank(index + 1, after - (text[after - 1] === '`' ? 1 : 2))
      if (text[after - 1] !== '`') templates.push(0)
      index = after
    } else if (character === '/' && BEFORE_REGEXP.test(kept.slice(Math.max(0, index - 40), index).join(''))) {
      const after = endOfRegExp(text, index + 1)
      blank(index + 1, after - 1)
      index = after
    } else {
      const open = templates.length - 1
      if (open >= 0 && character === '{') templates[open]! += 1
      if (open >= 0 && character === '}') templates[open]! -= 1
      index += 1
    }
  }
  return kept.join('')
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let index = from; index < text.length; index++) {
    if (text[index] === '\\') index += 1
    else if (text[index] === quote || text[index] === '\n') return index + 1
  }
  return text.length
}

/** Just after the closing backtick or after the `${` that opens an expression. */
function endOfTemplatePart(text: string, from: number): number {
  for (let index = from; index < text.length; index++) {
    if (text[index] === '\\') index += 1
    else if (text[index] === '`') return index + 1
    else if (text.startsWith('${', index)) return index + 2
  }
  return text.length
}

function endOfRegExp(text: string, from: number): number {
  let inClass = false
  for (let index = from; index < text.length; index++) {
    const character = text[index]
    if (character === '\\') index += 1
    else if (character === '\n') return index
    else if (character === '[') inClass = true
    else if (character === ']') inClass = false
    else if (character === '/' && !inClass) return index + 1
  }
  return text.length
}

const IMPORTS = /(?<![.\w$])(?:(?:from|import)\s*(['"])|(?:import|require)\s*\(\s*(['"`]?))/g

/** Every import of a file, type imports and re-exports included. */
export function importsOf(text: string): Import[] {
  const code = codeOnly(text)
  return Array.from(code.matchAll(IMPORTS), (match) => {
    const quote = match[1] ?? match[2]
    const start = match.index + match[0].length
    const end = quote === undefined || quote === '' || quote === '`' ? -1 : code.indexOf(quote, start)
    return { specifier: end < 0 ? null : text.slice(start, end), line: lineAt(text, match.index) }
  })
}
