import { createWriteStream, renameSync, statSync, type WriteStream } from 'node:fs'
import type { Refusal } from '../base/errors.js'
import type { Logger } from './log.js'

/** Bytes at which the log is begun anew; the one before is kept as `NAME.1`. */
const FILE_BYTES_MAX = 16 * 1024 * 1024

/** Bytes that may wait for a slow disk; refusals beyond are counted and left out. */
const WAITING_BYTES_MAX = 1024 * 1024

/**
 * What was refused at intake, one JSON line each, so that it never silently disappears: such a record is on no chain.
 * For people; nothing depends on it, so a disk that takes no more of it is reported and does not stop the node.
 */
export function openRefusalLog(path: string, dependencies: { readonly log: Logger; readonly now: () => number }) {
  const { log, now } = dependencies
  let bytes = sizeOf(path)
  let stream = open()
  let leftOut = 0

  function open(): WriteStream {
    const opened = createWriteStream(path, { flags: 'a', mode: 0o600 })
    opened.on('error', (error) => log.warn('a refusal could not be written down', { path, error }))
    return opened
  }

  function rotate(): void {
    stream.end()
    try {
      renameSync(path, `${path}.1`)
    } catch (error) {
      log.warn('the log of refusals could not be begun anew', { path, error })
    }
    bytes = 0
    stream = open()
  }

  return {
    write(object: string, refusal: Refusal): void {
      if (stream.writableLength > WAITING_BYTES_MAX || stream.destroyed) {
        leftOut++
        return
      }
      const line = `${JSON.stringify({ time: new Date(now()).toISOString(), object, ...refusal, ...leftOutSince() })}\n`
      bytes += Buffer.byteLength(line)
      stream.write(line)
      if (bytes > FILE_BYTES_MAX) rotate()
    },
    close(): Promise<void> {
      return new Promise((resolve) => {
        if (stream.destroyed) resolve()
        else stream.end(resolve)
      })
    }
  }

  function leftOutSince(): { readonly leftOut?: number } {
    const count = leftOut
    leftOut = 0
    return count === 0 ? {} : { leftOut: count }
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}
