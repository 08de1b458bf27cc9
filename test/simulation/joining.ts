import { partnerOf } from '../../src/ledger/partner-set.js'
import { systemRecord } from '../../src/node/duties.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { Trace } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/** Milliseconds until a joiner who was not admitted tries again. */
const RETRY_MS = 2_000

export interface JoiningOptions {
  readonly clock: VirtualClock
  readonly random: () => number
  readonly trace: Trace
  readonly founded: SimulatedGenesis
  /** Whom the joiner may ask. */
  readonly hosts: readonly VirtualPartner[]
}

/** Lets somebody come in the middle: a partner admits it by a record, and then its node starts with nothing. */
export function createJoining({ clock, random, trace, founded, hosts }: JoiningOptions) {
  const admitted = new Set<string>()

  async function ask(joiner: VirtualPartner): Promise<void> {
    const able = hosts.filter(
      (host) => host.isActive && host.replica?.rejoining === false && host.replica.own.hasRoom()
    )
    const host = able[Math.floor(random() * able.length)]
    const replica = host?.replica
    if (host !== undefined && replica !== null && replica !== undefined) {
      // A former attempt may have come through without anybody hearing of it.
      if (partnerOf(replica.chain.rulebook.nextPartners, joiner.id) !== undefined) return welcome(joiner)
      const record = systemRecord(replica.chain, '_admit', founded.admission(host.id, joiner.id, host.generation))
      const outcome = await replica.appendSystem(record)
      trace.note(`${host.id} admits ${joiner.id}: ${outcome.ok ? 'accepted' : outcome.message}`)
      if (outcome.ok) return welcome(joiner)
    }
    clock.plan(RETRY_MS, () => attempt(joiner))
  }

  function welcome(joiner: VirtualPartner): void {
    if (admitted.has(joiner.id)) return
    admitted.add(joiner.id)
    joiner.start()
  }

  function attempt(joiner: VirtualPartner): void {
    if (admitted.has(joiner.id)) return
    let isAnswered = false
    // The host's node may end before it answers, and then never does.
    clock.plan(5 * RETRY_MS, () => {
      if (!isAnswered) attempt(joiner)
    })
    ask(joiner).then(
      () => {
        isAnswered = true
      },
      () => {}
    )
  }

  return {
    plan(joiner: VirtualPartner, atMs: number): void {
      clock.plan(atMs, () => attempt(joiner))
    },
    isAdmitted: (id: string): boolean => admitted.has(id)
  }
}
