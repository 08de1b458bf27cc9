import type { JsonObject } from '../../src/base/json.js'
import { partnerOf } from '../../src/ledger/partner-set.js'
import { systemRecord } from '../../src/node/duties.js'
import type { Replica } from '../../src/node/replica-types.js'
import type { Trace } from './trace.js'
import type { VirtualPartner } from './virtual-partner.js'

export interface Speaker {
  readonly partner: VirtualPartner
  readonly replica: Replica
}

/** Those who can say something now. */
export function speakersOf(honest: readonly VirtualPartner[]): Speaker[] {
  return honest.flatMap((partner) => {
    const { replica } = partner
    if (replica === null || replica.rejoining || !partner.isActive || !replica.own.hasRoom()) return []
    return [{ partner, replica }]
  })
}

/** The newest copy of those who can speak: what it says is decided counts. */
export function headOf(honest: readonly VirtualPartner[]): Replica | null {
  const replicas = speakersOf(honest).map(({ replica }) => replica)
  return replicas.sort((a, b) => b.chain.tip.height - a.chain.tip.height)[0] ?? null
}

export function isGoverning({ partner, replica }: Speaker): boolean {
  return partnerOf(replica.chain.rulebook.partners, partner.id)?.role === 'garage'
}

export function say(trace: Trace, { partner, replica }: Speaker, object: string, data: JsonObject): void {
  const { id } = partner
  trace.note(`${id} says ${object} ${JSON.stringify(data)}`)
  replica.appendSystem(systemRecord(replica.chain, object, data)).then(
    (outcome) => trace.note(`${id} hears of its ${object}: ${outcome.ok ? 'accepted' : outcome.message}`),
    // It ended first: whoever looks again sees what came of it.
    () => {}
  )
}
