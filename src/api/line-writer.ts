import type { Writable } from 'node:stream'
import { LedgerError } from '../base/errors.js'

/** Characters that are gathered before they go out as one piece. */
const PIECE_LENGTH = 16 * 1024

/** Writes many small lines as few pieces, and no faster than the reader takes them. */
export interface LineWriter {
  /**
   * Takes text to write.
   * @returns whether the reader keeps up; if not, await {@link LineWriter.room} before writing more
   * @throws LedgerError CLOSED when the stream was closed, by the reader or because it failed
   */
  write(text: string): boolean
  /** Settles when the stream has room again, or was closed. */
  room(): Promise<void>
  /** Writes what is gathered; settles when the stream has room again. Throws CLOSED as write does. */
  flush(): Promise<void>
  /** Whether the stream was closed: nothing more can be written. */
  closed(): boolean
}

/** Makes a line writer over a stream; what is gathered goes out at the latest when the current events are dealt with. */
export function createLineWriter(stream: Writable): LineWriter {
  let gathered = ''
  let scheduled = false
  let gone = stream.destroyed
  let room: Promise<void> | undefined
  let wake: (() => void) | undefined

  // Not `destroyed` alone: process.stdout takes that back after a failed write.
  const close = (): void => {
    gone = true
    wake?.()
  }
  stream.on('close', close).on('error', close)
  stream.on('drain', () => wake?.())

  const send = (): void => {
    if (gathered === '' || gone) return
    const piece = gathered
    gathered = ''
    if (stream.write(piece) || room !== undefined) return
    room = new Promise((resolve) => {
      wake = () => {
        wake = undefined
        room = undefined
        resolve()
      }
    })
  }

  const assertOpen = (): void => {
    if (gone || stream.writableEnded) throw new LedgerError('CLOSED', 'the reader has gone')
  }

  return {
    write(text) {
      assertOpen()
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
      return room === undefined
    },
    room: async () => room,
    async flush() {
      assertOpen()
      send()
      await room
      assertOpen()
    },
    closed: () => gone
  }
}
