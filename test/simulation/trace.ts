import type { LogFields, Logger } from '../../src/node/log.js'

/** Lines kept for the report of a failure. */
const TAIL_LINES = 300

/** What happened in a run, one line each: a hash over all of it, and its end for whoever looks for a fault. */
export interface Trace {
  /** @param text without the time, which is put before it; a function where it costs something to make */
  note(text: string | (() => string)): void
  /** Eight hex digits over every line so far: two runs that differ anywhere differ here. */
  hash(): string
  readonly lines: number
  tail(): readonly string[]
}

/** Where nobody reads it: whatever is noted is never made. */
export const NO_TRACE: Trace = { note() {}, hash: () => '', lines: 0, tail: () => [] }

/**
 * @param now virtual time, milliseconds
 * @param print takes each line as it comes
 */
export function createTrace(now: () => number, print?: (line: string) => void): Trace {
  const tail: string[] = []
  let hash = 0x811c9dc5
  let lines = 0
  return {
    note(text) {
      const line = `${now().toFixed(1)} ${typeof text === 'string' ? text : text()}`
      // FNV-1a.
      for (let i = 0; i < line.length; i++) hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193)
      tail[lines % TAIL_LINES] = line
      lines++
      print?.(line)
    },
    hash: () => (hash >>> 0).toString(16).padStart(8, '0'),
    get lines() {
      return lines
    },
    tail: () => (lines <= TAIL_LINES ? tail : [...tail.slice(lines % TAIL_LINES), ...tail.slice(0, lines % TAIL_LINES)])
  }
}

/** What a node logs stands in the trace, without stacks: those differ between equal runs. */
export function traceLogger(id: string, trace: Trace): Logger {
  const plain = (_: string, value: unknown): unknown => (value instanceof Error ? value.message : value)
  const at = (level: string) => (message: string, fields?: LogFields) => {
    trace.note(() => `${id} log: ${level} ${message} ${JSON.stringify(fields ?? {}, plain)}`)
  }
  const logger: Logger = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: () => logger
  }
  return logger
}
