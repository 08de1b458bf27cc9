import { sha256Hex } from '../../src/base/crypto.js'
import type { TimeoutSettings } from '../../src/consensus/timeouts.js'
import { partnerOf } from '../../src/ledger/partner-set.js'
import type { CommittedBlock } from '../../src/node/chain.js'
import { createReplica } from '../../src/node/replica.js'
import type { Replica } from '../../src/node/replica-types.js'
import type { Timers } from '../../src/node/timers.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import { type Trace, traceLogger } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import { type VirtualDisk, virtualDisk } from './virtual-disk.js'
import type { Plug, VirtualNetwork } from './virtual-network.js'
import type { StoreContent } from './virtual-store.js'

export interface PartnerOptions {
  readonly id: string
  readonly founded: SimulatedGenesis
  readonly clock: VirtualClock
  readonly random: () => number
  readonly network: VirtualNetwork
  readonly trace: Trace
  readonly timeouts: TimeoutSettings
  /** How far its clock is from the others', milliseconds. */
  readonly skewMs: number
  /** Whether others have the chain, so that what is lost here can be fetched. */
  readonly hasPeers: boolean
  readonly onCommitted: (partner: VirtualPartner, block: CommittedBlock) => void
  /** Sees the bytes of everything that is signed, as it is signed. */
  readonly onSign: (partner: VirtualPartner, bytes: string) => void
  /** The node stopped by itself. */
  readonly onFail: (partner: VirtualPartner, error: unknown) => void
}

/** A partner: a disk and a key that stay, and one node after the other that lives on them. */
export interface VirtualPartner {
  readonly id: string
  /** The node that runs; null while none does, or one is about to end. */
  readonly replica: Replica | null
  /** Whether it can be started. */
  readonly isDown: boolean
  /** Whether its node takes records, as that of a partner who may write and signs in the incarnation in force. */
  readonly isActive: boolean
  /** Counts its nodes, from 1; 0 before the first. */
  readonly life: number
  readonly disk: VirtualDisk
  /** What is durable. */
  readonly content: StoreContent
  /** How far its clock is from the others' at present, and usually, milliseconds. */
  skewMs: number
  readonly usualSkewMs: number
  /** Timers set and not run out. */
  readonly timers: number
  /** Ends without a farewell; what was not synced is lost. */
  crash(): void
  /** Ends in an orderly way. */
  stop(): Promise<void>
  start(): void
  /** Nothing happens in it for a while. */
  pause(ms: number): void
  /** Nothing happens in it until then, virtual milliseconds. */
  readonly pausedUntil: number
}

export function virtualPartner(options: PartnerOptions): VirtualPartner {
  const { id, founded, clock, random, network, trace } = options
  const disk = virtualDisk(clock, random)
  const sign = founded.signerOf(id)
  let replica: Replica | null = null
  let plug: Plug | null = null
  let life = 0
  let pausedUntil = 0
  let stopping = false
  let timersSet = 0

  function laterIn(ofLife: number, delayMs: number, run: () => void): void {
    clock.plan(delayMs, () => {
      if (life !== ofLife || replica === null) return
      const rest = pausedUntil - clock.now()
      if (rest > 0) return laterIn(ofLife, rest, run)
      try {
        run()
      } catch (error) {
        // What nobody catches ends the process.
        failed(error)
      }
    })
  }

  function timersOf(ofLife: number): Timers {
    return {
      set(ms, work) {
        const timer = { isSet: true }
        timersSet++
        laterIn(ofLife, ms, () => {
          if (!timer.isSet) return
          timer.isSet = false
          timersSet--
          work()
        })
        return { timer }
      },
      clear(handle) {
        const timer = handle.timer as { isSet: boolean }
        if (timer.isSet && life === ofLife) timersSet--
        timer.isSet = false
      }
    }
  }

  function over(): void {
    replica = null
    plug?.unplug()
    plug = null
    disk.crash()
  }

  function failed(error: unknown): void {
    trace.note(`${id} fails: ${String(error)}`)
    over()
    options.onFail(partner, error)
  }

  function run(ofLife: number, { peers }: Plug): void {
    const { genesis, model } = founded
    const { store, wal, entries, guard } = disk.open()
    replica = createReplica(
      { genesis, model, self: id, timeouts: options.timeouts, mayBeBehind: options.hasPeers },
      {
        store,
        wal,
        entries,
        guard,
        renewGuard: {
          guard: disk.renewGuard,
          lose: disk.loseGuard,
          nonce: () => sha256Hex(`nonce ${id} ${random()}`)
        },
        sign(bytes) {
          options.onSign(partner, bytes)
          return sign(bytes)
        },
        peers,
        addresses: () => [],
        now: () => founded.genesis.genesis.time + Math.floor(clock.now() + partner.skewMs),
        timers: timersOf(ofLife),
        log: traceLogger(id, trace),
        onCommitted: (block) => options.onCommitted(partner, block),
        fail(error) {
          if (life === ofLife && replica !== null && !stopping) failed(error)
        }
      }
    )
    replica.start()
  }

  const partner: VirtualPartner = {
    id,
    disk,
    content: disk.content,
    skewMs: options.skewMs,
    usualSkewMs: options.skewMs,
    get replica() {
      return stopping ? null : replica
    },
    get isDown() {
      return replica === null
    },
    get isActive() {
      const own = replica === null ? undefined : partnerOf(replica.chain.rulebook.partners, id)
      return own?.state === 'active' && disk.incarnation <= own.incarnation
    },
    get life() {
      return life
    },
    get timers() {
      return timersSet
    },
    get pausedUntil() {
      return pausedUntil
    },
    start() {
      life++
      stopping = false
      timersSet = 0
      const ofLife = life
      trace.note(`${id} starts at h${disk.content.blocks.length}`)
      const running = (): Replica => replica!
      plug = network.plug(id, running, (ms, run) => laterIn(ofLife, ms, run))
      try {
        run(ofLife, plug)
      } catch (error) {
        failed(error)
      }
    },
    crash() {
      if (replica === null) return
      trace.note(`${id} crashes`)
      over()
    },
    async stop() {
      trace.note(`${id} stops`)
      const ending = replica
      const ofLife = life
      if (ending === null) return
      stopping = true
      await ending.stop()
      // What it has handed to the disk is written before the process ends.
      await disk.settled()
      if (life === ofLife && replica === ending) over()
    },
    pause(ms) {
      trace.note(`${id} pauses for ${Math.round(ms)}`)
      pausedUntil = clock.now() + ms
    }
  }
  return partner
}
