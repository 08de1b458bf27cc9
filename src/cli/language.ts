import { type Language, languageOfTag } from '../base/languages.js'
import type { Io } from './context.js'

/** What says in which language messages are read, the first that is set goes before the others (POSIX, 8.2). */
const VARIABLES = ['LC_ALL', 'LC_MESSAGES', 'LANG'] as const

/** The language of whoever reads, by the environment: `nl_BE.UTF-8` is nl. Null where it says none that messages have, such as C. */
export function languageOf(env: Io['env']): Language | null {
  const locale = VARIABLES.map((name) => env[name]).find((value) => value !== undefined && value !== '')
  return languageOfTag(locale ?? '')
}
