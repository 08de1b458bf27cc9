import { type CreateEncrypter, eachSecured } from './secured-connections.js'

/** What is used of an encrypted connection beyond its interface. */
interface Decoding {
  readonly decoder?: { lengthDecoder?: (bytes: { readonly length: number }) => number }
}

const LENGTH_BYTES = 2

/** One for all: it is thrown behind the last message of all that has come at once, mostly behind each. */
const INCOMPLETE = new RangeError('the length is not complete')

/**
 * Noise that finds the end of what has come without making an error each time: that took as long as to decrypt a vote.
 * Where a later version reads lengths in another way nothing is changed.
 */
export function withQuietLengths(create: CreateEncrypter): CreateEncrypter {
  return eachSecured(create, ({ connection }) => {
    const { decoder } = connection as Decoding
    const decode = decoder?.lengthDecoder
    if (decoder === undefined || decode === undefined) return
    decoder.lengthDecoder = (bytes) => {
      if (bytes.length < LENGTH_BYTES) throw INCOMPLETE
      return decode(bytes)
    }
  })
}
