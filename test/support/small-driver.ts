import type { Message } from '../../src/consensus/types.js'
import type { Chain } from '../../src/node/chain.js'
import { createConsensusDriver } from '../../src/node/consensus-driver.js'
import type { ConsensusDriverDependencies } from '../../src/node/consensus-driver-types.js'
import { EVERYTHING } from '../../src/node/disputes.js'
import { createMempool } from '../../src/node/mempool.js'
import type { LogEntry, LogStretch } from '../../src/node/store/write-ahead-log.js'
import { smallChain } from './small-chain.js'

export const SELF = 'p1'
export const VOTERS = [SELF, 'p2', 'p3', 'p4']

/** The signature of whatever this node signs: the driver checks none. */
export const SIGNATURE = 'ab'.repeat(64)

/** As much of a chain as a height looks at that is not committed. */
export function chainOf(small: ReturnType<typeof smallChain>): Chain {
  return {
    scope: small.scope,
    limits: small.genesis.genesis.limits,
    rulebook: small.rulebook(),
    versionMax: 3,
    tip: small.tip,
    store: { state: small.state, readBatch: () => undefined, hasBatch: () => false }
  } as unknown as Chain
}

interface SmallDriverOptions {
  /** What each write of the log and of the sign guard waits for. @default nothing */
  readonly writeLog?: () => Promise<void>
  readonly writeGuard?: () => Promise<void>
  /** @default true */
  readonly maySign?: () => boolean
  readonly remembers?: (height: number, isLogged: boolean) => boolean
}

/** A driver at height 1 of four voters, without partners: what it would send, log and wait for is kept. */
export function smallDriver(options: SmallDriverOptions = {}) {
  const {
    writeLog = async () => {},
    writeGuard = async () => {},
    maySign = () => true,
    remembers = () => true
  } = options
  const small = smallChain(VOTERS)
  const mempool = createMempool()
  const sent: Message[] = []
  const guarded: LogStretch[] = []
  const logged: LogEntry[] = []
  const timers: { readonly ms: number; readonly work: () => void }[] = []
  let owes = false
  const driver = createConsensusDriver({ self: SELF }, {
    chain: chainOf(small),
    mempool,
    wal: {
      append: (height, text) => void logged.push({ height, text }),
      async sync(): Promise<LogStretch> {
        const to = logged.length
        await writeLog()
        return { from: 0, to }
      },
      get stretch() {
        return { from: 0, to: logged.length }
      },
      committed: async () => {},
      close: async () => {}
    },
    signer: {
      maySign,
      remembers,
      firstRound: () => 0,
      sign() {
        owes = true
        return SIGNATURE
      },
      guardAgain() {},
      owes: () => owes,
      async sync(stretch: LogStretch) {
        owes = false
        guarded.push(stretch)
        await writeGuard()
      }
    },
    disputes: { offers: () => [EVERYTHING], admits: () => true },
    now: () => small.tip.time + 1_000,
    monotonic: () => performance.now(),
    proposeIn: () => 0,
    isGone: () => false,
    timers: { set: (ms, work) => ({ timer: timers.push({ ms, work }) }), clear() {} },
    publish: (message) => sent.push(message),
    fetch() {},
    onTimed() {},
    onEvidence() {},
    onCommitted() {},
    fail(error) {
      throw error
    }
  } satisfies ConsensusDriverDependencies)
  return { driver, mempool, sent, guarded, logged, timers }
}

/** Whatever is about to happen without the disk has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
