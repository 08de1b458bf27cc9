import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface DelayingProxy {
  /** Bytes that went through so far, both ways. */
  bytes(): number
  close(): Promise<void>
}

/** Listens on one port of loopback and passes on to another, everything later by so many milliseconds, each way. */
export async function openDelayingProxy(listen: number, target: number, delayMs: number): Promise<DelayingProxy> {
  const sockets = new Set<Socket>()
  let bytes = 0
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (inbound) => {
    const outbound = connect({ host: '127.0.0.1', port: target, noDelay: true, allowHalfOpen: true })
    const count = (length: number): void => {
      bytes += length
    }
    for (const [from, to] of [
      [inbound, outbound],
      [outbound, inbound]
    ] as const) {
      sockets.add(from)
      passOn(from, to, delayMs, count)
      from.on('close', () => {
        sockets.delete(from)
        setTimeout(() => to.destroy(), delayMs)
      })
      from.on('error', () => from.destroy())
    }
  })
  server.listen(listen, '127.0.0.1')
  await once(server, 'listening')
  return {
    bytes: () => bytes,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    }
  }
}

/** In order, each chunk when its time has come; a timer alone could change the order of chunks of one millisecond. */
function passOn(from: Socket, to: Socket, delayMs: number, count: (bytes: number) => void): void {
  const waiting: { readonly at: number; readonly chunk: Buffer | null }[] = []
  let isSet = false
  const set = (ms: number): void => {
    if (!isSet) setTimeout(pass, ms)
    isSet = true
  }
  const pass = (): void => {
    isSet = false
    while (waiting.length > 0) {
      const wait = waiting[0]!.at - performance.now()
      if (wait > 0) {
        set(Math.ceil(wait))
        return
      }
      const { chunk } = waiting.shift()!
      if (to.destroyed) continue
      if (chunk === null) to.end()
      else to.write(chunk)
    }
  }
  const take = (chunk: Buffer | null): void => {
    count(chunk?.length ?? 0)
    waiting.push({ at: performance.now() + delayMs, chunk })
    set(delayMs)
  }
  from.on('data', take)
  from.on('end', () => take(null))
}
