/** Encoded messages that wait for one partner. When it is full the oldest go: what is lost is asked for again. */
export interface MessageQueue {
  readonly length: number
  /** @returns how many were dropped for it */
  push(frame: Uint8Array): number
  /** Takes the oldest ones, at least one if there is any, together at most `bytesMax` unless the first is larger. */
  take(bytesMax: number): Uint8Array[]
  clear(): void
}

export function createMessageQueue(messagesMax: number, bytesMax: number): MessageQueue {
  let frames: Uint8Array[] = []
  let bytes = 0
  const shift = (): Uint8Array => {
    const frame = frames.shift()!
    bytes -= frame.length
    return frame
  }
  return {
    get length() {
      return frames.length
    },
    push(frame) {
      let dropped = 0
      while (frames.length > 0 && (frames.length >= messagesMax || bytes + frame.length > bytesMax)) {
        shift()
        dropped += 1
      }
      frames.push(frame)
      bytes += frame.length
      return dropped
    },
    take(takenMax) {
      const taken: Uint8Array[] = []
      for (let size = 0; frames.length > 0; ) {
        size += frames[0]!.length
        if (taken.length > 0 && size > takenMax) break
        taken.push(shift())
      }
      return taken
    },
    clear() {
      frames = []
      bytes = 0
    }
  }
}
