import { sha256Hex } from '../../src/base/crypto.js'
import type { TimeoutSettings } from '../../src/consensus/timeouts.js'
import type { CommittedBlock } from '../../src/node/chain.js'
import type { LogFields, Logger } from '../../src/node/log.js'
import { createReplica } from '../../src/node/replica.js'
import type { Replica } from '../../src/node/replica-types.js'
import type { Timers } from '../../src/node/timers.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { Trace } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import { createDevice, createFile } from './virtual-device.js'
import { entriesFrom, lostSignGuard, virtualSignGuard, virtualWriteAheadLog } from './virtual-log.js'
import type { Plug, VirtualNetwork } from './virtual-network.js'
import { emptyContent, type StoreContent, virtualStore, wipe } from './virtual-store.js'

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
  readonly onCommitted: (partner: string, block: CommittedBlock) => void
  /** The node stopped by itself. */
  readonly onFail: (partner: string, error: unknown) => void
}

/** A partner: a disk and a key that stay, and one node after the other that lives on them. */
export interface VirtualPartner {
  readonly id: string
  /** The node that runs; null while none does, or one is about to end. */
  readonly replica: Replica | null
  /** Whether it can be started. */
  readonly isDown: boolean
  /** Counts its nodes, from 1; 0 before the first. */
  readonly life: number
  /** What is durable. */
  readonly content: StoreContent
  /** Factor on what its disk takes. */
  diskSlowness: number
  /** Ends without a farewell; what was not synced is lost. */
  crash(): void
  /** Ends in an orderly way. */
  stop(): Promise<void>
  start(): void
  /** Crashes, and nothing but the key is left. */
  wipe(): void
  /** How often it was wiped. */
  readonly wiped: number
  /** Nothing happens in it for a while. */
  pause(ms: number): void
  /** Plans work of the present node: not done when it is over by then. */
  later(delayMs: number, run: () => void): void
}

export function virtualPartner(options: PartnerOptions): VirtualPartner {
  const { id, founded, clock, random, network, trace, skewMs } = options
  const slowness = (): number => partner.diskSlowness
  const device = (): ReturnType<typeof createDevice> => createDevice({ clock, random, slowness })
  const [storeDevice, logDevice, guardDevice] = [device(), device(), device()]
  const log = createFile(logDevice, random)
  const guard = createFile(guardDevice, random)
  const content = emptyContent()
  const sign = founded.signerOf(id)
  let replica: Replica | null = null
  let plug: Plug | null = null
  let life = 0
  let pausedUntil = 0
  let stopping = false
  let guardIsLost = false
  let wiped = 0

  function laterIn(ofLife: number, delayMs: number, run: () => void): void {
    clock.plan(delayMs, () => {
      if (life !== ofLife || replica === null) return
      const rest = pausedUntil - clock.now()
      if (rest > 0) laterIn(ofLife, rest, run)
      else run()
    })
  }

  function timersOf(ofLife: number): Timers {
    return {
      set(ms, work) {
        const handle = { timer: { cleared: false } }
        laterIn(ofLife, ms, () => {
          if (!handle.timer.cleared) work()
        })
        return handle
      },
      clear({ timer }) {
        ;(timer as { cleared: boolean }).cleared = true
      }
    }
  }

  function over(): void {
    replica = null
    plug?.unplug()
    plug = null
  }

  function failed(error: unknown): void {
    trace.note(`${id} fails: ${String(error)}`)
    over()
    options.onFail(id, error)
  }

  function run(ofLife: number, { peers }: Plug): void {
    const height = content.blocks.length
    replica = createReplica(
      {
        genesis: founded.genesis,
        model: founded.model,
        self: id,
        timeouts: options.timeouts
      },
      {
        store: virtualStore(content, storeDevice),
        wal: virtualWriteAheadLog(log),
        entries: entriesFrom(log, height + 1),
        guard: guardIsLost ? lostSignGuard() : virtualSignGuard(guard),
        renewGuard: {
          async guard() {
            guardIsLost = false
            return virtualSignGuard(guard)
          },
          nonce: () => sha256Hex(`nonce ${id} ${random()}`)
        },
        sign,
        peers,
        addresses: () => [],
        now: () => founded.genesis.genesis.time + Math.floor(clock.now() + skewMs),
        timers: timersOf(ofLife),
        log: traceLogger(id, trace),
        onCommitted: (block) => options.onCommitted(id, block),
        fail(error) {
          if (life === ofLife && !stopping) failed(error)
        }
      }
    )
    replica.start()
  }

  const partner: VirtualPartner = {
    id,
    content,
    diskSlowness: 1,
    get replica() {
      return stopping ? null : replica
    },
    get isDown() {
      return replica === null
    },
    get life() {
      return life
    },
    start() {
      life++
      stopping = false
      const ofLife = life
      trace.note(`${id} starts at h${content.blocks.length}`)
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
      for (const each of [storeDevice, logDevice, guardDevice]) each.crash()
      for (const file of [log, guard]) file.crash()
    },
    wipe() {
      partner.crash()
      trace.note(`${id} is wiped`)
      wiped++
      guardIsLost = true
      wipe(content)
      for (const file of [log, guard]) file.forget(file.lines.length)
    },
    get wiped() {
      return wiped
    },
    async stop() {
      trace.note(`${id} stops`)
      const ending = replica
      if (ending === null) return
      stopping = true
      await ending.stop()
      // What it has handed to the disk is written before the process ends.
      await Promise.all([storeDevice, logDevice, guardDevice].map((each) => each.write(() => {})))
      if (replica === ending) over()
    },
    pause(ms) {
      trace.note(`${id} pauses for ${Math.round(ms)}`)
      pausedUntil = clock.now() + ms
    },
    later: (delayMs, run) => laterIn(life, delayMs, run)
  }
  return partner
}

/** What a node logs stands in the trace, without stacks: those differ between equal runs. */
function traceLogger(id: string, trace: Trace): Logger {
  const plain = (_: string, value: unknown): unknown => (value instanceof Error ? value.message : value)
  const at = (level: string) => (message: string, fields?: LogFields) => {
    trace.note(`${id} log: ${level} ${message} ${JSON.stringify(fields ?? {}, plain)}`)
  }
  const logger: Logger = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: () => logger
  }
  return logger
}
