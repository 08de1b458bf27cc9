import type { VoteKind } from '../../src/ledger/vote.js'
import type { PeerMessage } from '../../src/node/peers.js'
import type { Fault } from './faults.js'
import { createLinkFaults, take } from './link-faults.js'
import type { Trace } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import type { VirtualNetwork } from './virtual-network.js'
import type { VirtualPartner } from './virtual-partner.js'

export interface InjectionOptions {
  readonly clock: VirtualClock
  readonly network: VirtualNetwork
  readonly partners: readonly VirtualPartner[]
  readonly trace: Trace
  readonly onCrash: () => void
  /** A disk has lost something, and the node is down. */
  readonly onLoss: (partner: VirtualPartner) => void
  readonly onError: (error: unknown) => void
}

/** Lets the planned faults happen, and ends each in its time. */
export function injectFaults(options: InjectionOptions) {
  const { clock, network, partners, trace, onCrash, onLoss, onError } = options
  const crashAfterSend = new Map<string, Fault & { kind: 'crash' }>()
  const links = createLinkFaults({ clock, network, ids: partners.map(({ id }) => id), isHealed: () => healed })
  let healed = false
  let mayRun = (_: VirtualPartner): boolean => true

  function startAgain(partner: VirtualPartner): void {
    if (partner.isDown && mayRun(partner)) partner.start()
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

  /** Takes the disk of a partner that is down then; `change` says whether anything is lost. */
  function lose(partner: VirtualPartner, forMs: number, change: () => void): void {
    // Who has never run has nothing to lose.
    if (partner.life === 0) return
    partner.crash()
    change()
    onLoss(partner)
    clock.plan(forMs, () => startAgain(partner))
  }

  /** Something of a partner is different for a while. */
  function forAWhile(fault: Fault, begin: () => void, end: () => void): void {
    begin()
    clock.plan(fault.forMs, () => {
      if (!healed) end()
    })
  }

  function begin(fault: Fault) {
    trace.note(`fault ${JSON.stringify(fault)}`)
    switch (fault.kind) {
      case 'crash': {
        const partner = partners[fault.partner]!
        if (fault.moment !== 'now') crashAfterSend.set(partner.id, fault)
        else crash(partner, fault.forMs)
        return
      }
      case 'stop':
        void stop(partners[fault.partner]!, fault.forMs)
        return
      case 'all-crash':
        for (const partner of partners) crash(partner, fault.forMs)
        return
      case 'pause':
        return partners[fault.partner]!.pause(fault.forMs)
      case 'clock-jump': {
        const partner = partners[fault.partner]!
        const jump = (byMs: number): void => {
          partner.skewMs += byMs
        }
        return forAWhile(
          fault,
          () => jump(fault.byMs),
          () => jump(-fault.byMs)
        )
      }
      case 'slow-disk': {
        const { disk } = partners[fault.partner]!
        const slow = (factor: number): void => {
          disk.slowness *= factor
        }
        return forAWhile(
          fault,
          () => slow(fault.factor),
          () => slow(1 / fault.factor)
        )
      }
      case 'full-disk': {
        const partner = partners[fault.partner]!
        partner.disk.full++
        clock.plan(fault.forMs, () => {
          if (healed) return
          partner.disk.full--
          if (partner.life > 0) startAgain(partner)
        })
        return
      }
      case 'wipe': {
        const partner = partners[fault.partner]!
        return lose(partner, fault.forMs, () => partner.disk.wipe())
      }
      case 'flip': {
        const partner = partners[fault.partner]!
        return lose(partner, fault.forMs, () => {
          trace.note(`flipped: ${partner.disk.flip(fault.what, fault.share)}`)
        })
      }
      case 'old-disk':
        return
      default:
        return links.begin(fault)
    }
  }

  /** Copies a disk, to put the copy in its place later. */
  function planOldDisk(fault: Fault & { readonly kind: 'old-disk' }): void {
    const partner = partners[fault.partner]!
    clock.plan(Math.max(0, fault.atMs - fault.ageMs), () => {
      const restore = partner.disk.copy()
      clock.plan(Math.min(fault.ageMs, fault.atMs), () => {
        if (!healed) lose(partner, fault.forMs, restore)
      })
    })
  }

  return {
    /** @param runs who may run at present: some stay down until all is over, and some for good */
    plan(faults: readonly Fault[], runs: (partner: VirtualPartner) => boolean): void {
      mayRun = runs
      for (const fault of faults) {
        if (fault.kind === 'old-disk') planOldDisk(fault)
        clock.plan(fault.atMs, () => {
          if (!healed) begin(fault)
        })
      }
    },
    /** A partner is about to say something: the worst moment to fall, or to fall silent. */
    sending(id: string, what: PeerMessage['type'] | VoteKind, isNil: boolean): void {
      if (healed || what === 'status') return
      const partner = partners.find((each) => each.id === id)!
      const isMoment = what === 'batch' || crashAfterSend.get(id)?.moment === 'after-send'
      const crashing = isMoment ? take(crashAfterSend, id) : undefined
      if (crashing !== undefined) clock.plan(0, () => crash(partner, crashing.forMs))
      links.sending(id, what, isNil)
    },
    /** All trouble is over: links, clocks and disks are good, and everybody runs who will ever run again. */
    heal(): void {
      trace.note('all trouble is over')
      healed = true
      network.heal()
      for (const partner of partners) {
        partner.disk.slowness = 1
        partner.disk.full = 0
        partner.skewMs = partner.usualSkewMs
        startAgain(partner)
      }
    }
  }
}
