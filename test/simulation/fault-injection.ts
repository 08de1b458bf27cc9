import type { VoteKind } from '../../src/ledger/vote.js'
import type { PeerMessage } from '../../src/node/peers.js'
import type { Fault } from './faults.js'
import type { Trace } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import type { Link, VirtualNetwork } from './virtual-network.js'
import type { VirtualPartner } from './virtual-partner.js'

export interface InjectionOptions {
  readonly clock: VirtualClock
  readonly network: VirtualNetwork
  readonly partners: readonly VirtualPartner[]
  readonly trace: Trace
  readonly onCrash: () => void
  /** Called before a disk is lost. */
  readonly onWipe: (partner: VirtualPartner) => void
  readonly onError: (error: unknown) => void
}

/** Lets the planned faults happen, and ends each in its time. */
export function injectFaults({ clock, network, partners, trace, onCrash, onWipe, onError }: InjectionOptions) {
  const crashAfterSend = new Map<string, Fault>()
  const muteAfterVote = new Map<string, Fault>()
  const muteAfterDecision = new Map<string, Fault>()
  let healed = false
  let isSilent = (_: VirtualPartner): boolean => false

  function startAgain(partner: VirtualPartner): void {
    if (partner.isDown && (healed || !isSilent(partner))) partner.start()
  }

  function crash(partner: VirtualPartner, forMs: number): void {
    if (partner.isDown) return
    partner.crash()
    onCrash()
    clock.plan(forMs, () => startAgain(partner))
  }

  async function stop(partner: VirtualPartner, forMs: number): Promise<void> {
    if (partner.replica === null) return
    try {
      await partner.stop()
      clock.plan(forMs, () => startAgain(partner))
    } catch (error) {
      onError(error)
    }
  }

  /** Links on which `change` works until the fault is over. */
  function onLinks(
    fault: Fault,
    which: (from: number, to: number) => boolean,
    change: (link: Link, sign: 1 | -1) => void
  ) {
    const changed: Link[] = []
    for (const [from, a] of partners.entries()) {
      for (const [to, b] of partners.entries())
        if (from !== to && which(from, to)) changed.push(network.link(a.id, b.id))
    }
    for (const link of changed) change(link, 1)
    network.changed()
    clock.plan(fault.forMs, () => {
      if (healed) return
      for (const link of changed) change(link, -1)
      network.changed()
    })
  }

  const block = (link: Link, sign: 1 | -1): void => {
    link.blocked += sign
  }

  function mute(partner: VirtualPartner, fault: Fault): void {
    const index = partners.indexOf(partner)
    onLinks(fault, (from) => from === index, block)
  }

  function begin(fault: Fault): void {
    trace.note(`fault ${JSON.stringify(fault)}`)
    switch (fault.kind) {
      case 'crash': {
        const partner = partners[fault.partner]!
        if (fault.moment === 'after-send') crashAfterSend.set(partner.id, fault)
        else crash(partner, fault.forMs)
        return
      }
      case 'wipe': {
        const partner = partners[fault.partner]!
        onWipe(partner)
        partner.wipe()
        clock.plan(fault.forMs, () => startAgain(partner))
        return
      }
      case 'stop':
        void stop(partners[fault.partner]!, fault.forMs)
        return
      case 'all-crash':
        for (const partner of partners) crash(partner, fault.forMs)
        return
      case 'partition': {
        const inside = new Set(fault.group)
        onLinks(fault, (from, to) => inside.has(from) !== inside.has(to), block)
        return
      }
      case 'isolate': {
        const { partner, direction } = fault
        onLinks(fault, (a, b) => (direction !== 'in' && a === partner) || (direction !== 'out' && b === partner), block)
        return
      }
      case 'mute-after-vote':
        muteAfterVote.set(partners[fault.partner]!.id, fault)
        return
      case 'hidden-lock': {
        const { partner, ignorant } = fault
        muteAfterDecision.set(partners[partner]!.id, fault)
        onLinks(fault, (from, to) => from === partner && to === ignorant, block)
        onLinks(
          fault,
          (_, to) => to === ignorant,
          (link, sign) => {
            link.deaf.proposal += sign
            link.deaf.status += sign
          }
        )
        return
      }
      case 'deaf':
        onLinks(
          fault,
          (_, to) => to === fault.partner,
          (link, sign) => {
            link.deaf[fault.to] += sign * fault.share
          }
        )
        return
      case 'cut':
        onLinks(fault, (from, to) => from === fault.from && to === fault.to, block)
        return
      case 'loss':
        onLinks(
          fault,
          () => true,
          (link, sign) => {
            link.loss += sign * fault.share
          }
        )
        return
      case 'duplicates':
        onLinks(
          fault,
          () => true,
          (link, sign) => {
            link.duplicates += sign * fault.share
          }
        )
        return
      case 'slow-links':
        onLinks(
          fault,
          (from, to) => from === fault.partner || to === fault.partner,
          (link, sign) => {
            link.slowness *= fault.factor ** sign
          }
        )
        return
      case 'slow-disk': {
        const partner = partners[fault.partner]!
        partner.diskSlowness *= fault.factor
        clock.plan(fault.forMs, () => {
          if (!healed) partner.diskSlowness /= fault.factor
        })
        return
      }
      case 'pause':
        partners[fault.partner]!.pause(fault.forMs)
    }
  }

  return {
    /** @param silent who is down until all is over */
    plan(faults: readonly Fault[], silent: (partner: VirtualPartner) => boolean): void {
      isSilent = silent
      for (const fault of faults) {
        clock.plan(fault.atMs, () => {
          if (!healed) begin(fault)
        })
      }
    },
    /** A partner is about to say something: the worst moment to fall, or to fall silent. */
    sending(id: string, what: PeerMessage['type'] | VoteKind, isNil: boolean): void {
      if (healed || what === 'status') return
      const partner = partners.find((each) => each.id === id)!
      const crashing = take(crashAfterSend, id)
      if (crashing !== undefined) clock.plan(0, () => crash(partner, crashing.forMs))
      const muting = what === 'prevote' || what === 'precommit' ? take(muteAfterVote, id) : undefined
      if (muting !== undefined) clock.plan(0, () => mute(partner, muting))
      const deciding = what === 'precommit' && !isNil ? take(muteAfterDecision, id) : undefined
      if (deciding !== undefined) mute(partner, deciding)
    },
    /** All trouble is over: links and disks are good, and everybody runs. */
    heal(): void {
      trace.note('all trouble is over')
      healed = true
      network.heal()
      for (const partner of partners) {
        partner.diskSlowness = 1
        startAgain(partner)
      }
    }
  }
}

function take<T>(from: Map<string, T>, id: string): T | undefined {
  const found = from.get(id)
  from.delete(id)
  return found
}
