import type { VoteKind } from '../../src/ledger/vote.js'
import type { PeerMessage } from '../../src/node/peers.js'
import type { LinkFault, Span } from './faults.js'
import type { VirtualClock } from './virtual-clock.js'
import type { Link } from './virtual-link.js'
import type { VirtualNetwork } from './virtual-network.js'

export interface LinkFaultOptions {
  readonly clock: VirtualClock
  readonly network: VirtualNetwork
  /** By index. */
  readonly ids: readonly string[]
  readonly isHealed: () => boolean
}

type Change = (link: Link, sign: 1 | -1) => void

type Which = (from: number, to: number) => boolean

const block: Change = (link, sign) => {
  link.blocked += sign
}

const clog: Change = (link, sign) => {
  link.clogged += sign
}

/** Faults between partners, each undone in its time unless all was healed before. */
export function createLinkFaults({ clock, network, ids, isHealed }: LinkFaultOptions) {
  const muteAfterVote = new Map<string, Span>()
  const muteAfterDecision = new Map<string, Span>()

  function linksWhere(which: Which): Link[] {
    return ids.flatMap((a, from) =>
      ids.flatMap((b, to) => (from !== to && which(from, to) ? [network.link(a, b)] : []))
    )
  }

  function apply(links: readonly Link[], change: Change, sign: 1 | -1): void {
    for (const link of links) change(link, sign)
    network.changed()
  }

  function onLinks(fault: Span, which: Which, change: Change): void {
    const changed = linksWhere(which)
    apply(changed, change, 1)
    clock.plan(fault.forMs, () => {
      if (!isHealed()) apply(changed, change, -1)
    })
  }

  /** Blocks links, or lets them be blocked and open in turns. */
  function blockOn(fault: Span, which: Which, flapMs: number | null) {
    if (flapMs === null) return onLinks(fault, which, block)
    const changed = linksWhere(which)
    const endMs = clock.now() + fault.forMs
    let isBlocked = false
    const turn = (): void => {
      if (isHealed()) return
      const isOver = clock.now() >= endMs
      if (isBlocked || !isOver) apply(changed, block, isBlocked ? -1 : 1)
      isBlocked = !isBlocked
      if (!isOver) clock.plan(Math.min(flapMs, endMs - clock.now()), turn)
    }
    turn()
  }

  function towards(partner: number, direction: 'in' | 'out' | 'both'): Which {
    return (from, to) => (direction !== 'in' && from === partner) || (direction !== 'out' && to === partner)
  }

  function mute(id: string, fault: Span): void {
    const index = ids.indexOf(id)
    onLinks(fault, (from) => from === index, block)
  }

  return {
    begin(fault: Span & LinkFault) {
      switch (fault.kind) {
        case 'partition': {
          const inside = new Set(fault.group)
          return blockOn(fault, (from, to) => inside.has(from) !== inside.has(to), fault.flapMs)
        }
        case 'isolate':
          return blockOn(fault, towards(fault.partner, fault.direction), fault.flapMs)
        case 'cut':
          return onLinks(fault, (from, to) => from === fault.from && to === fault.to, block)
        case 'clog':
          return onLinks(fault, towards(fault.partner, fault.direction), clog)
        case 'mute-after-vote':
          muteAfterVote.set(ids[fault.partner]!, fault)
          return
        case 'hidden-lock': {
          const { partner, ignorant } = fault
          muteAfterDecision.set(ids[partner]!, fault)
          onLinks(fault, (from, to) => from === partner && to === ignorant, block)
          return onLinks(
            fault,
            (_, to) => to === ignorant,
            ({ deaf }, sign) => {
              deaf.proposal += sign
              deaf.status += sign
            }
          )
        }
        case 'no-proposals':
          onLinks(fault, (from, to) => from === fault.isolated || to === fault.isolated, block)
          return onLinks(
            fault,
            () => true,
            ({ deaf }, sign) => {
              deaf.proposal += sign
              deaf.status += sign
            }
          )
        case 'deaf': {
          const { to: type, share, partner } = fault
          return onLinks(
            fault,
            (_, to) => to === partner,
            ({ deaf }, sign) => {
              deaf[type] += sign * share
            }
          )
        }
        case 'slow-links': {
          const { factor, partner } = fault
          return onLinks(fault, towards(partner, 'both'), (link, sign) => {
            link.slowness *= factor ** sign
          })
        }
        case 'loss':
        case 'duplicates':
        case 'disorder': {
          const { kind, share } = fault
          return onLinks(
            fault,
            () => true,
            (link, sign) => {
              link[kind] += sign * share
            }
          )
        }
      }
    },
    /** A partner is about to say something: the worst moment to fall silent. */
    sending(id: string, what: PeerMessage['type'] | VoteKind, isNil: boolean): void {
      if (isHealed()) return
      const muting = what === 'prevote' || what === 'precommit' ? take(muteAfterVote, id) : undefined
      if (muting !== undefined) clock.plan(0, () => mute(id, muting))
      const deciding = what === 'precommit' && !isNil ? take(muteAfterDecision, id) : undefined
      if (deciding !== undefined) mute(id, deciding)
    }
  }
}

/** Takes something out of a map. */
export function take<T>(from: Map<string, T>, id: string): T | undefined {
  const found = from.get(id)
  from.delete(id)
  return found
}
