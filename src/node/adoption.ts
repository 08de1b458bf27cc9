import type { Steps } from '../base/steps.js'
import type { Certificate } from '../ledger/certificate.js'
import type { CandidateBlock } from './block-content.js'
import type { Chain } from './chain.js'
import type { Slices } from './store/slices.js'

interface Waiting {
  readonly certificate: Certificate
  readonly execute: () => Steps<CandidateBlock>
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/** A block that its certificate proves, and that is to be committed whatever the consensus machine is at. */
export function createAdoption(chain: Pick<Chain, 'tip'>, inSlices: Slices) {
  let waiting: Waiting | null = null
  let stopped = false

  async function execute({ certificate, execute, failed }: Waiting): Promise<CandidateBlock | null> {
    if (certificate.height !== chain.tip.height + 1) return null
    try {
      const candidate = await inSlices(execute())
      return stopped ? null : candidate
    } catch (error) {
      failed(error)
      return null
    }
  }

  return {
    get isWaiting() {
      return waiting !== null
    },
    /**
     * Resolves once it is committed, or the height was decided without it, or the node stops.
     * @param execute on the tip of the moment when nothing else changes it; what it throws is what this rejects with
     */
    ask(certificate: Certificate, execute: Waiting['execute']): Promise<void> {
      return new Promise((done, failed) => {
        if (stopped) done()
        else waiting = { certificate, execute, done, failed }
      })
    },
    /** @throws what `commit` throws */
    async carryOut(commit: (candidate: CandidateBlock, certificate: Certificate) => Promise<void>): Promise<void> {
      const adopted = waiting
      waiting = null
      if (adopted === null) return
      try {
        const candidate = await execute(adopted)
        if (candidate !== null) await commit(candidate, adopted.certificate)
      } finally {
        adopted.done()
      }
    },
    stop(): void {
      stopped = true
      waiting?.done()
      waiting = null
    }
  }
}
