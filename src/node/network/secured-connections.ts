import type { noise } from '@chainsafe/libp2p-noise'

export type CreateEncrypter = ReturnType<typeof noise>

/** What a handshake led to. */
export interface Secured {
  readonly connection: unknown
  readonly streamMuxer?: unknown
}

/**
 * The encrypter, with what each handshake led to looked at before anything comes or goes.
 * @param lookAt what it throws fails the handshake
 */
export function eachSecured(create: CreateEncrypter, lookAt: (secured: Secured) => void): CreateEncrypter {
  return (components) => {
    const encrypter = create(components)
    const { secureInbound, secureOutbound } = encrypter
    encrypter.secureInbound = async (connection, options) => {
      const secured = await secureInbound.call(encrypter, connection, options)
      lookAt(secured)
      return secured
    }
    encrypter.secureOutbound = async (connection, options) => {
      const secured = await secureOutbound.call(encrypter, connection, options)
      lookAt(secured)
      return secured
    }
    return encrypter
  }
}
