/** Levels from most to least urgent; a logger writes those up to its own. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** What stands beside the message: plain values; an Error is written as its code and message, its stack at debug only. */
export type LogFields = Readonly<Record<string, unknown>>

/** Where a node says what it does. Never on stdout; keeping and rotating it is the supervisor's business. */
export interface Logger {
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger
}

export interface LoggerOptions {
  readonly level: LogLevel
  /** `json`: one object a line for machines; `pretty`: one short line for people. */
  readonly format: 'json' | 'pretty'
  /** Takes one line, newline included. */
  readonly write: (line: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLogger
}

/** Makes a logger; it never throws and never waits. */
export function createLogger(options: LoggerOptions): Logger {
  return loggerWith(options, {})
}

function loggerWith(options: LoggerOptions, bound: LogFields): Logger {
  const threshold = LOG_LEVELS.indexOf(options.level)
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    if (LOG_LEVELS.indexOf(level) > threshold) return
    const all = plainFields({ ...bound, ...fields }, options.level === 'debug')
    const line = options.format === 'json' ? jsonLine : prettyLine
    options.write(line(options.now(), level, message, all))
  }
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => loggerWith(options, { ...bound, ...fields })
  }
}

function jsonLine(now: number, level: LogLevel, message: string, fields: LogFields): string {
  const head = { time: new Date(now).toISOString(), level, message }
  // Twice: first for the order, then because a field must not overwrite what every line has.
  return `${toJson({ ...head, ...fields, ...head })}\n`
}

function prettyLine(now: number, level: LogLevel, message: string, fields: LogFields): string {
  const time = new Date(now).toISOString().slice(11, 23)
  const tail = Object.entries(fields).map(([name, value]) => ` ${name}=${shortValue(value)}`)
  return `${oneLine(`${time} ${level.padEnd(5)} ${message}${tail.join('')}`)}\n`
}

function shortValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : toJson(value)
}

/** A peer's text must not forge a second line or move the cursor. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function plainFields(fields: LogFields, withStack: boolean): LogFields {
  const plain: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(fields)) {
    plain[name] = value instanceof Error ? plainError(value, withStack) : value
  }
  return plain
}

function plainError(error: Error, withStack: boolean): LogFields {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  const cause = error.cause instanceof Error ? { cause: plainError(error.cause, withStack) } : {}
  return { code, message: error.message, ...cause, ...(withStack ? { stack: error.stack } : {}) }
}

/** JSON that does not throw: a log line is worth having even when a value in it cannot be written. */
function toJson(value: unknown): string {
  try {
    const text = JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? member.toString() : member))
    return text ?? 'undefined'
  } catch {
    return '"(not JSON)"'
  }
}
