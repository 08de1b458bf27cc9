import type { Connection } from './frames.js'

/**
 * Milliseconds without a byte after which a connection counts as dead. libp2p's monitor asks the other side every 10
 * seconds, and any answer is bytes; so is a long transfer over a narrow link.
 */
export const SILENT_MS_MAX = 22_000

/** A look that comes so many milliseconds after the one before: this process stood still, and may have bytes to read. */
const LATE_MS = 3_000

/**
 * Finds connections whose other side is gone without a word: a machine that lost its power or its cable, a process that
 * is stopped. TCP would wait for a quarter of an hour, and after a cut of a minute tries again only a minute later.
 * @param now monotonic milliseconds
 */
export function createSilenceWatch(now: () => number): {
  /** Those of the open connections that are silent. To be called several times a second: it watches whatever is new. */
  silent(connections: readonly Connection[]): Connection[]
} {
  const heardAt = new WeakMap<Connection, number>()
  let notBefore = now()
  let lookedAt = now()

  function watch(connection: Connection): number {
    heardAt.set(connection, now())
    socketOf(connection).addEventListener('message', () => void heardAt.set(connection, now()))
    return now()
  }

  return {
    silent(connections) {
      if (now() - lookedAt > LATE_MS) notBefore = now()
      lookedAt = now()
      return connections.filter((connection) => {
        const heard = heardAt.get(connection) ?? watch(connection)
        return now() - Math.max(heard, notBefore) > SILENT_MS_MAX
      })
    }
  }
}

/** What carries a connection. An open one is read already, so one more listener takes nothing away. */
function socketOf(connection: Connection): Pick<EventTarget, 'addEventListener'> {
  const { maConn } = connection as Connection & { readonly maConn?: EventTarget }
  if (maConn === undefined) throw new Error('this libp2p hides what carries a connection')
  return maConn
}
