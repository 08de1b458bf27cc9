import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Closes connections whose reader has taken nothing for `stallMs` although there is something for it: each holds one of
 * few places and what is to be sent. A connection that waits for the node, not the node for it, stays open. To be called
 * before the server listens.
 */
export function dropStalledReaders(server: Server, stallMs: number): void {
  const answering = new WeakMap<Socket, number>()
  const count = (socket: Socket, change: number): void => {
    answering.set(socket, (answering.get(socket) ?? 0) + change)
  }
  server.timeout = stallMs
  server.on('request', ({ socket }, response) => {
    count(socket, 1)
    response.once('close', () => count(socket, -1))
  })
  // With a listener, closing is up to it; the time between two requests (keepAliveTimeout) ends here too.
  server.on('timeout', (socket: Socket) => {
    const waitsForNode = (answering.get(socket) ?? 0) > 0 && socket.writableLength === 0
    if (waitsForNode) socket.setTimeout(stallMs)
    else socket.destroy()
  })
}
