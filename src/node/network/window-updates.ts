import { type CreateMuxers, eachStream } from './muxer-streams.js'

/** What is used of a yamux stream beyond its interface. */
interface Windowed {
  readonly state: unknown
  /** Bytes that the other side may send, and how many of them are left. */
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  sendWindowUpdate?(): void
}

/** The state of a stream that both sides know, `StreamState.Established` of @chainsafe/libp2p-yamux 8. */
const ESTABLISHED = 3

/**
 * The muxer, with streams that give the other side new room once half of it is used. As it comes it answers every piece of
 * data with a window update: of the frames of a network that decides on single records more than half were such, each encrypted
 * and sent by itself (docs/decisions/0012-window-updates.md).
 */
export function fewWindowUpdates(create: CreateMuxers): CreateMuxers {
  return eachStream(create, () => (stream) => {
    const windowed = stream as Windowed
    const { sendWindowUpdate } = windowed
    if (sendWindowUpdate === undefined) return
    windowed.sendWindowUpdate = () => {
      const { state, recvWindow, recvWindowCapacity } = windowed
      // What has to be said for another reason than room is said as ever.
      if (state === ESTABLISHED && recvWindowCapacity > recvWindow / 2) return
      sendWindowUpdate.call(stream)
    }
  })
}
