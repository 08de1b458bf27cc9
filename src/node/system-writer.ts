import { LedgerError } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { partnerOf } from '../ledger/partner-set.js'
import { systemRecord } from './duties.js'
import type { PartnerState } from './ledger-node.js'
import type { Replica } from './replica-types.js'
import type { Timers } from './timers.js'

/** Milliseconds that a block is waited for. */
const PATIENCE_MS = 60_000

export interface SystemWriterDependencies {
  readonly replica: Pick<Replica, 'chain' | 'appendSystem'>
  readonly self: string
  /** What a quorum has told of this node that its own copy does not say; null when nothing. */
  readonly toldState: () => PartnerState | null
  readonly timers: Timers
  readonly patienceMs?: number
}

/** Writes what an operator says about the network. */
export interface SystemWriter {
  /** @throws LedgerError NOT_PERMITTED when this partner is suspended or removed: no block takes anything of it */
  assertHeard(): void
  /**
   * Appends a record of the network and waits for the block that decides it.
   * @returns the record's id
   * @throws LedgerError as assertHeard; NO_QUORUM when no block has it in time; else the code with which the chain refuses
   */
  write(object: string, data: JsonObject): Promise<string>
}

export function createSystemWriter(dependencies: SystemWriterDependencies): SystemWriter {
  const { replica, self, toldState, timers, patienceMs = PATIENCE_MS } = dependencies
  const { chain } = replica

  function assertHeard(): void {
    const state = toldState() ?? partnerOf(chain.rulebook.partners, self)?.state
    if (state === 'suspended' || state === 'removed') {
      throw new LedgerError('NOT_PERMITTED', `partner ${self} is ${state}: no block takes anything of it`)
    }
  }

  async function write(object: string, data: JsonObject): Promise<string> {
    assertHeard()
    let timer: ReturnType<Timers['set']> | null = null
    const late = new Promise<null>((resolve) => {
      timer = timers.set(patienceMs, () => resolve(null))
    })
    const outcome = await Promise.race([replica.appendSystem(systemRecord(chain, object, data)), late])
    if (timer !== null) timers.clear(timer)
    if (outcome === null) {
      throw new LedgerError(
        'NO_QUORUM',
        'it is stored here and counts once a quorum has it in a block: see ledger status'
      )
    }
    if (!outcome.ok) throw new LedgerError(outcome.code, outcome.message, {}, undefined, outcome.blame)
    return outcome.id
  }

  return { assertHeard, write }
}
