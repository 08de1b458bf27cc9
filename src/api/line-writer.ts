import type { Writable } from 'node:stream'
import { LedgerError } from '../base/errors.js'

/** Characters that are gathered before they go out as one piece. */
const PIECE_LENGTH = 16 * 1024

/** Writes many small lines as few pieces, and no faster than the reader takes them. */
export interface LineWriter {
  /**
   * Takes text to write. Await what it returns, when it returns something, before writing more: then the reader is behind.
   * @throws LedgerError CLOSED when the stream was closed, by the reader or because it failed
   */
  write(text: string): Promise<void> | undefined
  /** Writes what is gathered; settles when the stream has room again. */
  flush(): Promise<void>
}

/** Makes a line writer over a stream; what is gathered goes out at the latest when the current events are dealt with. */
export function createLineWriter(stream: Writable): LineWriter {
  let gathered = ''
  let scheduled = false
  let room: Promise<void> | undefined

  const send = (): void => {
    if (gathered === '' || stream.destroyed) return
    const piece = gathered
    gathered = ''
    if (!stream.write(piece)) room ??= waitForRoom(stream).finally(() => (room = undefined))
    // Whoever writes next sees the failure; when nobody does, it is not an unhandled one.
    room?.catch(() => {})
  }

  return {
    write(text) {
      if (stream.destroyed || stream.writableEnded) throw closed()
      gathered += text
      if (gathered.length >= PIECE_LENGTH) {
        send()
      } else if (!scheduled) {
        scheduled = true
        setImmediate(() => {
          scheduled = false
          send()
        })
      }
      return room
    },
    async flush() {
      if (stream.destroyed) throw closed()
      send()
      await room
    }
  }
}

function waitForRoom(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      stream.off('drain', settle).off('close', settle).off('error', settle)
      if (stream.destroyed) reject(closed())
      else resolve()
    }
    stream.on('drain', settle).on('close', settle).on('error', settle)
  })
}

function closed(): LedgerError {
  return new LedgerError('CLOSED', 'the reader has gone')
}
