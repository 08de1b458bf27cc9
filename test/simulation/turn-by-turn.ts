/** Turns asked for at once. */
const TURNS_AT_ONCE = 64

/**
 * Calls `turn` until it gives false. Between two calls all promises settle that can: the engine sees to it after each
 * immediate. Many of these are asked for at once, as a pass of the event loop costs more than most turns do; nothing
 * that runs here puts itself off by immediates of its own, which would come late.
 */
export function turnByTurn(turn: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false
    const take = (): void => {
      if (isOver) return
      try {
        isOver = !turn()
        if (isOver) resolve()
      } catch (error) {
        isOver = true
        reject(error)
      }
    }
    const pass = (): void => {
      for (let n = 0; n < TURNS_AT_ONCE; n++) setImmediate(take)
      setImmediate(() => {
        if (!isOver) pass()
      })
    }
    pass()
  })
}
