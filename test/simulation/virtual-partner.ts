import { sha256Hex } from '../../src/base/crypto.js'
import type { TimeoutSettings } from '../../src/consensus/timeouts.js'
import { authorSequence } from '../../src/ledger/author-sequence.js'
import { partnerOf } from '../../src/ledger/partner-set.js'
import type { CommittedBlock } from '../../src/node/chain.js'
import { marksOfRejoin } from '../../src/node/guard-marks.js'
import { epochError } from '../../src/node/recovery-learning.js'
import { barredBy, signerOutOfEpoch } from '../../src/node/recovery-standing.js'
import { createReplica } from '../../src/node/replica.js'
import type { Replica } from '../../src/node/replica-types.js'
import type { Timers } from '../../src/node/timers.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import { type Trace, traceLogger } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import { type VirtualDisk, virtualDisk } from './virtual-disk.js'
import type { Plug, VirtualNetwork } from './virtual-network.js'
import { chainAt, enterVirtually, isToEnter, learnVirtually, type VirtualRecoveries } from './virtual-recoveries.js'
import type { StoreContent } from './virtual-store.js'

export interface PartnerOptions {
  readonly id: string
  readonly founded: SimulatedGenesis
  readonly clock: VirtualClock
  readonly random: () => number
  readonly network: VirtualNetwork
  readonly trace: Trace
  readonly timeouts: TimeoutSettings
  /** 0: the network moves on between any two steps of executing a block; else it takes no time at all. */
  readonly sliceMs: number
  /** How far its clock is from the others', milliseconds. */
  readonly skewMs: number
  readonly versionMax: number | null
  /** Whether others have the chain, so that what is lost here can be fetched. */
  readonly hasPeers: boolean
  readonly onCommitted: (partner: VirtualPartner, block: CommittedBlock) => void
  /** Sees the bytes of everything that is signed, as it is signed. */
  readonly onSign: (partner: VirtualPartner, bytes: string) => void
  /** The node stopped by itself. */
  readonly onFail: (partner: VirtualPartner, error: unknown) => void
  /** A node runs, before it has said anything. */
  readonly onRunning: (partner: VirtualPartner) => void
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
  /** Which of its keys it signs with, counted from 0. */
  readonly generation: number
  /** Whether the chain gave it a key that it does not hold: it runs no more. */
  readonly isUsurped: boolean
  /** Puts a key beside the present one, to take its place when the chain names it. */
  holdNext(generation: number): void
  /** Another key in the place of one that is lost; while the node is down. */
  replaceKey(generation: number): void
  /** Starts again with the next key, as the others know this partner by that one only. */
  goAhead(): void
  readonly disk: VirtualDisk
  /** What its home holds of recoveries. */
  readonly recoveries: VirtualRecoveries
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
  /** Newest version of the network that its software knows, from the next start on; null: as it is. */
  versionMax: number | null
  /** Nothing happens in it for a while. */
  pause(ms: number): void
  /** Nothing happens in it until then, virtual milliseconds. */
  readonly pausedUntil: number
}

export function virtualPartner(options: PartnerOptions): VirtualPartner {
  const { id, founded, clock, random, network, trace } = options
  const disk = virtualDisk(clock, random)
  let replica: Replica | null = null
  let plug: Plug | null = null
  let life = 0
  let pausedUntil = 0
  let stopping = false
  let timersSet = 0
  let generation = 0
  let next: number | null = null
  /** Runs with the next key although its own chain does not name that yet: so it signs nothing. */
  let isAhead = false
  let isUsurped = false
  const recoveries: VirtualRecoveries = { known: [], signed: [], entered: 0 }
  /** Whether the home is made ready for a new epoch, before a node runs on it. */
  let isEntering = false

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
    isEntering = false
    plug?.unplug()
    plug = null
    disk.crash()
  }

  function failed(error: unknown): void {
    trace.note(`${id} fails: ${String(error)}`)
    over()
    options.onFail(partner, error)
  }

  /** The key in force as this node's chain has it. */
  function keyNamed({ chain }: Replica): string | undefined {
    return partnerOf(chain.rulebook.partners, id)?.key
  }

  /** Looks after a key that the chain has replaced; cheap when it has not. */
  function attendKey(ofLife: number): boolean {
    if (life !== ofLife || replica === null || stopping) return false
    const named = keyNamed(replica)
    if (named === undefined || named === founded.keyOf(id, generation)) return false
    if (next !== null && named === founded.keyOf(id, next)) {
      turnKey(replica, next).catch((error: unknown) => {
        if (life === ofLife && replica !== null) failed(error)
      })
      return true
    }
    // A copy that is behind names a former one.
    for (let former = 0; former < generation; former++) if (named === founded.keyOf(id, former)) return false
    trace.note(`${id} ends: the chain gave it a key that it does not hold`)
    isUsurped = true
    over()
    return true
  }

  /** The next key takes the place of the present one, behind a sign guard that begins at the tip; then the node starts anew. */
  async function turnKey(ending: Replica, to: number): Promise<void> {
    trace.note(`${id} takes up key ${to}`)
    const ofLife = life
    const isOver = (): boolean => life !== ofLife || replica !== ending
    stopping = true
    await ending.stop()
    await disk.settled()
    if (isOver()) return
    const { scope, rulebook, tip, store } = ending.chain
    const { incarnation } = partnerOf(rulebook.partners, id)!
    await disk.renewGuard(marksOfRejoin(scope, incarnation, tip.height, authorSequence(store.state, id).next))
    if (isOver()) return
    generation = to
    next = null
    isAhead = false
    over()
    partner.start()
  }

  function run(ofLife: number, { peers }: Plug): void {
    const { genesis, model } = founded
    const present = isAhead && next !== null ? next : generation
    const key = founded.signerOf(id, present)
    const { store, wal, entries, guard } = disk.open()
    const barred = isUntouched() ? null : barredBy(chainAt(founded, store, recoveries), recoveries)
    if (barred !== null) trace.note(`${id} signs nothing: ${barred.kind}`)
    const sign = barred === null ? key : signerOutOfEpoch(key)
    replica = createReplica(
      {
        genesis,
        model,
        self: id,
        key: founded.keyOf(id, present),
        timeouts: options.timeouts,
        sliceMs: options.sliceMs,
        ...(partner.versionMax === null ? {} : { versionMax: partner.versionMax, software: `s${partner.versionMax}` }),
        mayBeBehind: options.hasPeers,
        recoveries: recoveries.known,
        barred
      },
      {
        store,
        wal,
        // What is logged behind the end of an epoch is of the next one.
        entries: entries.filter(({ height }) => height <= (barred?.document.height ?? height)),
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
        monotonic: () => clock.now(),
        timers: timersOf(ofLife),
        log: traceLogger(id, trace),
        onCommitted(block) {
          options.onCommitted(partner, block)
          const due = replica?.chain.due() ?? null
          if (due !== null && life === ofLife && !stopping) failed(epochError(due.document))
          if (replica !== null && keyNamed(replica) !== founded.keyOf(id, generation))
            clock.plan(0, () => attendKey(ofLife))
        },
        onRecoveries(told) {
          if (replica === null || life !== ofLife) return Promise.resolve(false)
          const log = traceLogger(id, trace)
          return learnVirtually(recoveries, replica.chain, log, told, (error) => {
            if (life === ofLife && replica !== null && !stopping) failed(error)
          })
        },
        fail(error) {
          if (life === ofLife && replica !== null && !stopping) failed(error)
        }
      }
    )
    options.onRunning(partner)
    if (!attendKey(ofLife)) replica.start()
  }

  const isUntouched = (): boolean => recoveries.known.length + recoveries.signed.length === 0

  function launch(ofLife: number): void {
    const running = (): Replica => replica!
    plug = network.plug(id, running, (ms, run) => laterIn(ofLife, ms, run))
    try {
      run(ofLife, plug)
    } catch (error) {
      failed(error)
    }
  }

  /** The home is made ready for an epoch that begins, then its node runs. */
  async function enter(ofLife: number): Promise<void> {
    isEntering = true
    const isOver = (): boolean => life !== ofLife || !isEntering
    try {
      const key = { publicKey: founded.keyOf(id, generation), sign: founded.signerOf(id, generation) }
      await enterVirtually(recoveries, { disk, founded, self: id, key })
      if (isOver()) return
      trace.note(`${id} enters epoch ${recoveries.entered}`)
      isEntering = false
      launch(ofLife)
    } catch (error) {
      if (!isOver()) failed(error)
    }
  }

  const partner: VirtualPartner = {
    id,
    disk,
    recoveries,
    content: disk.content,
    versionMax: options.versionMax,
    skewMs: options.skewMs,
    usualSkewMs: options.skewMs,
    get replica() {
      return stopping ? null : replica
    },
    get isDown() {
      return replica === null && !isEntering
    },
    get isActive() {
      const own = replica === null ? undefined : partnerOf(replica.chain.rulebook.partners, id)
      return own?.state === 'active' && replica?.barred === null && disk.incarnation <= own.incarnation
    },
    get life() {
      return life
    },
    get generation() {
      return isAhead && next !== null ? next : generation
    },
    get isUsurped() {
      return isUsurped
    },
    holdNext(to) {
      next = to
    },
    replaceKey(to) {
      generation = to
      next = null
    },
    goAhead() {
      if (next === null || isAhead) return
      trace.note(`${id} is known by its next key only`)
      isAhead = true
      if (replica === null) return
      partner.crash()
      partner.start()
    },
    get timers() {
      return timersSet
    },
    get pausedUntil() {
      return pausedUntil
    },
    start() {
      if (isUsurped) return
      life++
      stopping = false
      timersSet = 0
      const ofLife = life
      trace.note(`${id} starts at h${disk.content.blocks.length}`)
      if (!isUntouched() && isToEnter(recoveries, founded, disk)) void enter(ofLife)
      else launch(ofLife)
    },
    crash() {
      if (partner.isDown) return
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
