/** Parts of the time after each of which is looked whether a proposal can come at all. */
const LOOKS = 8

/**
 * Waits for the proposal of a round. Where neither this node nor anybody it is connected to reaches the proposer there is no use in
 * waiting to the end: what came all the same is judged as ever, so this costs at most a round (arXiv 1807.04938: timeouts are
 * for liveness alone).
 * @param ms the longest wait, in milliseconds
 */
export function waitForProposal(
  timers: { set(ms: number, work: () => void): unknown },
  ms: number,
  isGone: () => boolean,
  end: () => void
): void {
  let looks = 0
  const look = (): void => {
    if (++looks === LOOKS || isGone()) end()
    else timers.set(ms / LOOKS, look)
  }
  timers.set(ms / LOOKS, look)
}
