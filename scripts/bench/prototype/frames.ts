import type { Socket } from 'node:net'

/** Kinds of frames between the nodes of the prototype. */
export const KIND = { hello: 1, batch: 2, proposal: 3, vote: 4 } as const

/** Sends one frame: four bytes of length, one of the kind, the text. */
export function sendFrame(socket: Socket, kind: number, text: string): void {
  const body = Buffer.from(text)
  const head = Buffer.alloc(5)
  head.writeUInt32LE(body.length)
  head[4] = kind
  socket.cork()
  socket.write(head)
  socket.write(body)
  socket.uncork()
}

/** Calls `onFrame` with each frame that comes. */
export function readFrames(socket: Socket, onFrame: (kind: number, text: string) => void): void {
  let chunks: Buffer[] = []
  let bytes = 0
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    // Chunks are put together only when a frame is complete, not at each of them.
    while (bytes >= 5) {
      if (chunks[0]!.length < 5) chunks = [Buffer.concat(chunks)]
      const length = 5 + chunks[0]!.readUInt32LE()
      if (bytes < length) return
      const all = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      onFrame(all[4]!, all.toString('utf8', 5, length))
      bytes -= length
      chunks = bytes === 0 ? [] : [all.subarray(length)]
    }
  })
}
