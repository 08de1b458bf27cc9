import { RE2JS } from 're2js'

/**
 * Patterns of schemas and rules. They run in RE2's syntax and in time linear in the text, with the Unicode tables that
 * come with the engine, so that neither the host's regular expressions nor its Unicode version is ever reached.
 */

/** Characters of a pattern's source. */
export const PATTERN_CHARS_MAX = 1000

/** Instructions of a compiled pattern. */
export const PATTERN_SIZE_MAX = 2000

export interface Pattern {
  readonly source: string
  /** Instructions of the compiled program: the work for each character is at most proportional to it. */
  readonly size: number
  /** Whether the pattern is found anywhere in the text. */
  test(text: string): boolean
}

/** Compiles a pattern of RE2's syntax. */
export function compilePattern(source: string): { pattern: Pattern } | { problem: string; remedy: string } {
  if (source.length > PATTERN_CHARS_MAX) {
    return { problem: `the pattern is longer than ${PATTERN_CHARS_MAX} characters`, remedy: 'shorten it' }
  }
  try {
    const compiled = RE2JS.compile(source)
    const size = compiled.programSize()
    if (size > PATTERN_SIZE_MAX) {
      return { problem: 'the pattern is too large when its repetitions are written out', remedy: 'repeat less' }
    }
    return { pattern: { source, size, test: (text) => compiled.test(text) } }
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'not a pattern'
    return {
      problem: `the pattern cannot be used: ${reason}`,
      remedy: 'write it in RE2 syntax, which has no look-ahead, look-behind or back-references'
    }
  }
}
