/** A line of input as bytes, or the fact that it was too long to be kept. */
export type Line =
  | { readonly number: number; readonly bytes: Uint8Array }
  | { readonly number: number; readonly tooLong: true }

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Cuts a stream of chunks into lines, in memory bounded by one line. A line over `lineBytesMax` is skipped to its end
 * and reported, and the stream goes on. The last line needs no newline; a `\r` before the newline is dropped.
 */
export function createLineSplitter(lineBytesMax: number) {
  let kept: Uint8Array[] = []
  let keptBytes = 0
  let skipping = false
  let number = 0

  function finish(tail: Uint8Array): Line {
    number++
    const wasSkipping = skipping || keptBytes + tail.length > lineBytesMax
    const bytes = wasSkipping || kept.length === 0 ? tail : Buffer.concat([...kept, tail])
    kept = []
    keptBytes = 0
    skipping = false
    if (wasSkipping) return { number, tooLong: true }
    return { number, bytes: bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes }
  }

  return {
    /** The lines that this chunk completes. They may share memory with it. */
    push(chunk: Uint8Array): Line[] {
      const lines: Line[] = []
      let start = 0
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
        lines.push(finish(chunk.subarray(start, end)))
        start = end + 1
      }
      if (skipping || start === chunk.length) return lines
      // A copy: the caller may reuse the chunk, and a slice would keep all of it alive.
      kept.push(chunk.slice(start))
      keptBytes += chunk.length - start
      if (keptBytes > lineBytesMax) {
        kept = []
        keptBytes = 0
        skipping = true
      }
      return lines
    },
    /** The last line, when it had no newline. */
    end(): Line[] {
      return skipping || keptBytes > 0 ? [finish(new Uint8Array(0))] : []
    }
  }
}
