import type { EventEmitter } from 'node:events'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { createLineWriter, type LineWriter } from '../api/line-writer.js'
import type { Language } from '../base/languages.js'
import { LOG_LEVELS, type LogLevel } from '../node/log.js'
import { languageOf } from './language.js'

/** What a program has around it; tests give their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown }
  readonly stdout: Terminal
  readonly stderr: Terminal
  /** Where SIGINT and SIGTERM are heard. */
  readonly signals: Pick<EventEmitter, 'on' | 'off'>
  /** Ends the process at once. */
  exit(code: number): never
}

export type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number }

/** The options that every command has, as commander gives them. */
export interface GlobalOptions {
  readonly home?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly color?: boolean
  readonly logLevel?: LogLevel
}

/** What a command works with. */
export interface Context {
  /** Absolute path of the home. */
  readonly home: string
  readonly json: boolean
  readonly quiet: boolean
  /** Undefined when no flag says it: then a configuration may. */
  readonly logLevel: LogLevel | undefined
  /** Whether data on stdout may be coloured. */
  readonly color: boolean
  /** In which messages are read; null when the environment says none of theirs. */
  readonly language: Language | null
  readonly io: Io
  /** Where data goes. */
  readonly out: LineWriter
  /** Says something to the person in front, on stderr, unless --quiet. */
  note(text: string): void
}

export function createContext(options: GlobalOptions, io: Io): Context {
  const quiet = options.quiet === true
  return {
    home: homeOf(options.home, io.env),
    json: options.json === true,
    quiet,
    logLevel: options.logLevel,
    color: io.stdout.isTTY === true && options.color !== false && (io.env.NO_COLOR ?? '') === '',
    language: languageOf(io.env),
    io,
    out: createLineWriter(io.stdout),
    note: (text) => {
      if (!quiet) io.stderr.write(`${text}\n`)
    }
  }
}

/** --home, else $LEDGER_HOME, else ~/.ledger. */
export function homeOf(flag: string | undefined, env: Io['env']): string {
  const variable = env.LEDGER_HOME === '' ? undefined : env.LEDGER_HOME
  return resolve(flag ?? variable ?? join(homedir(), '.ledger'))
}

export function isLogLevel(text: string): text is LogLevel {
  return (LOG_LEVELS as readonly string[]).includes(text)
}
