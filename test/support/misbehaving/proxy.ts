import { once } from 'node:events'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'

/** What a link does to the bytes that pass it. */
export interface Weather {
  /** Milliseconds each way. @default 0 */
  readonly delayMs?: number
  /** Milliseconds at most that come on top by chance, each way; bytes keep their order. @default 0 */
  readonly jitterMs?: number
  /** Each way, all connections together. @default as many as come */
  readonly bytesPerSecond?: number
  /** Nothing arrives on this way; what was sent is kept and comes when the link is mended, as with TCP. @default none */
  readonly silent?: 'in' | 'out'
}

/** Stands before one node: whoever connects to it reaches the node through the weather. */
export interface LinkProxy {
  readonly port: number
  set(weather: Weather): void
  /** The node's side of every connection goes, and the callers are not told: theirs stay open, and nobody reads them. */
  abandon(): void
  close(): Promise<void>
}

/** Bytes that wait in one direction of a connection before its sender is made to wait. */
const WAITING_BYTES_MAX = 256 * 1024
const LOOK_MS = 10

/** @param random from 0 to 1, for the jitter */
export async function startProxy(nodePort: number, random: () => number): Promise<LinkProxy> {
  let weather: Weather = {}
  const pairs = new Set<{ readonly caller: Socket; readonly node: Socket }>()
  const orphans = new Set<Socket>()
  /** When the narrow link has carried all that was put on it, for each way. */
  const busyUntil = { in: 0, out: 0 }

  function carry(from: Socket, to: Socket, way: 'in' | 'out'): void {
    const waiting: { readonly bytes: Buffer; readonly at: number }[] = []
    let waitingBytes = 0
    let ended = false
    let timer: NodeJS.Timeout | undefined
    let last = 0

    function deliver(): void {
      timer = undefined
      while (weather.silent !== way && (waiting[0]?.at ?? Number.POSITIVE_INFINITY) <= performance.now()) {
        const { bytes } = waiting.shift()!
        waitingBytes -= bytes.length
        if (!to.destroyed) to.write(bytes)
      }
      if (waitingBytes < WAITING_BYTES_MAX) from.resume()
      if (waiting.length > 0) timer = setTimeout(deliver, weather.silent === way ? LOOK_MS : waitMs())
      else if (ended) to.end()
    }
    const waitMs = (): number => Math.max(1, (waiting[0]?.at ?? 0) - performance.now())

    from.on('data', (bytes: Buffer) => {
      const { delayMs = 0, jitterMs = 0, bytesPerSecond } = weather
      const now = performance.now()
      let at = now + delayMs + random() * jitterMs
      if (bytesPerSecond !== undefined) {
        busyUntil[way] = Math.max(busyUntil[way], now) + (bytes.length / bytesPerSecond) * 1000
        at += busyUntil[way] - now
      }
      last = Math.max(last, at)
      waiting.push({ bytes, at: last })
      waitingBytes += bytes.length
      if (waitingBytes >= WAITING_BYTES_MAX) from.pause()
      if (timer === undefined) deliver()
    })
    from.on('end', () => {
      ended = true
      if (timer === undefined) deliver()
    })
    from.on('close', () => {
      clearTimeout(timer)
      // What is under way is lost with a connection that breaks.
      if (!ended && !orphans.has(to)) to.destroy()
    })
  }

  const server = createServer({ allowHalfOpen: true }, (caller) => {
    const node = dial({ host: '127.0.0.1', port: nodePort, allowHalfOpen: true })
    const pair = { caller, node }
    pairs.add(pair)
    for (const socket of [caller, node]) {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        orphans.delete(socket)
        if (caller.destroyed && node.destroyed) pairs.delete(pair)
      })
    }
    carry(caller, node, 'in')
    carry(node, caller, 'out')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      weather = next
      busyUntil.in = busyUntil.out = 0
    },
    abandon() {
      for (const { caller, node } of pairs) {
        orphans.add(caller)
        node.destroy()
        caller.pause()
      }
    },
    async close() {
      server.close()
      for (const { caller, node } of pairs) {
        caller.destroy()
        node.destroy()
      }
      for (const socket of orphans) socket.destroy()
    }
  }
}
