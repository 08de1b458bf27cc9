/** Milliseconds that one stream's messages or lines may be worked on before sockets and timers get their turn. */
const TURN_MS_MAX = 8

/**
 * Gives the event loop its turn in a loop whose awaits may all be answered at once: messages that are here already are
 * read without a pause, however many a partner has sent, or lines however many a user.
 */
export function createTurns() {
  let since = performance.now()
  return {
    /** Whether it is time for {@link pass}: asking costs less than to wait for nothing. */
    isOver: () => performance.now() - since >= TURN_MS_MAX,
    async pass(): Promise<void> {
      await new Promise<void>((resolve) => setImmediate(resolve))
      since = performance.now()
    }
  }
}
