import type { yamux } from '@chainsafe/libp2p-yamux'

export type CreateMuxers = ReturnType<typeof yamux>
type Factory = ReturnType<CreateMuxers>
export type Muxer = ReturnType<Factory['createStreamMuxer']>
export type MuxedConnection = Parameters<Factory['createStreamMuxer']>[0]

/** Where new streams of a muxer come from. */
interface StreamSource {
  onRemoteStream(stream: unknown): void
  createStream: Muxer['createStream']
}

/**
 * The muxer, with every stream of it looked at before anything comes or goes on it.
 * @param lookAt is given the muxer and its connection, and gives what each stream is given to
 */
export function eachStream(
  create: CreateMuxers,
  lookAt: (muxer: Muxer, connection: MuxedConnection) => (stream: unknown) => void
): CreateMuxers {
  return () => {
    const factory = create()
    return {
      protocol: factory.protocol,
      createStreamMuxer(connection: MuxedConnection) {
        const muxer = factory.createStreamMuxer(connection)
        const source = muxer as unknown as StreamSource
        const look = lookAt(muxer, connection)
        const { onRemoteStream, createStream } = source
        source.onRemoteStream = (stream) => {
          look(stream)
          onRemoteStream.call(muxer, stream)
        }
        source.createStream = async (options) => {
          const stream = await createStream.call(muxer, options)
          look(stream)
          return stream
        }
        return muxer
      }
    }
  }
}
