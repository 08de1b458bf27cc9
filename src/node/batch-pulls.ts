import type { Logger } from './log.js'
import { type GossipVerdict, type Peers, RESPONSE_BYTES_MAX } from './peers.js'
import type { TimerHandle, Timers } from './timers.js'

/** Batches asked for in one request. */
export const PULL_BATCHES_MAX = 8

/** Requests for batches to one partner at a time; what else it is to be asked for waits. */
const ASKING_MAX = 2

/** Announced batches that are waited for or being fetched at a time, for each partner that announces. */
const ANNOUNCED_MAX = 128

/**
 * Milliseconds of silence after which the next holder is asked as well. The first is not given up: a large batch over a
 * slow line takes longer, and who announces and keeps silent delays it by no more than this.
 */
const PATIENCE_MS = 2_000

/** Bytes that a text may take in JSON for each of its own: a control character takes most. */
const JSON_BYTES_OF_ONE = 6

/** A batch in stored form that was taken, or not. */
export interface TakenBatch {
  readonly verdict: GossipVerdict
  /** Null when it is no batch. */
  readonly hash: string | null
  /** Resolves when it is here, as far as it was wanted. */
  readonly stored: Promise<void>
}

export interface BatchPullsDependencies {
  readonly peers: Pick<Peers, 'connected' | 'request' | 'blame'>
  readonly timers: Timers
  readonly log: Logger
  /** Takes a batch in stored form. */
  readonly take: (text: string) => TakenBatch
  /** Bytes that the largest batch has in stored form. */
  readonly batchBytesMax: number
  /** A partner has not got so many batches that it had announced. */
  readonly onVain: (partner: string, batches: number) => void
}

/** A batch that is to be fetched. */
interface Want {
  readonly hash: string
  /** Whether it is still wanted because it was announced, or because a block names it; null when that is no reason. */
  announced: (() => boolean) | null
  needed: (() => boolean) | null
  /** Partners that should have it and were not asked yet, in this order. */
  holders: string[]
  /** Partners that are being asked. */
  readonly asked: Set<string>
  readonly announcers: Set<string>
  /** Until it is asked for the first time. */
  timer: TimerHandle | null
  /** Counts the holders turned to, so that only the newest is waited for. */
  turn: number
  newest: string | null
  /** The newest holder has been silent for too long or has nothing, and there was no other to turn to. */
  late: boolean
}

interface Lane {
  readonly queue: Want[]
  running: number
}

/** Fetches batches by hash: each from one partner at a time, from the next one upon failure or silence. */
export function createBatchPulls(dependencies: BatchPullsDependencies) {
  const { peers, timers, log, take, batchBytesMax, onVain } = dependencies
  const wants = new Map<string, Want>()
  const lanes = new Map<string, Lane>()
  /** How many wants each partner has announced. */
  const announcedBy = new Map<string, number>()
  const patience = new Set<TimerHandle>()
  let stopped = false

  const isWanted = (want: Want): boolean => want.announced?.() === true || want.needed?.() === true

  function wantOf(hash: string): Want {
    const known = wants.get(hash)
    if (known !== undefined) return known
    const want: Want = {
      hash,
      announced: null,
      needed: null,
      holders: [],
      asked: new Set(),
      announcers: new Set(),
      timer: null,
      turn: 0,
      newest: null,
      late: false
    }
    wants.set(hash, want)
    return want
  }

  function forget(want: Want): void {
    if (wants.get(want.hash) !== want) return
    wants.delete(want.hash)
    if (want.timer !== null) timers.clear(want.timer)
    for (const partner of want.announcers) {
      const left = (announcedBy.get(partner) ?? 1) - 1
      if (left > 0) announcedBy.set(partner, left)
      else announcedBy.delete(partner)
    }
  }

  /** Turns to the next holder of each; forgets what nobody is left to be asked for. */
  function ask(list: readonly Want[]): void {
    if (stopped) return
    const connected = new Set(peers.connected())
    const turned: { readonly want: Want; readonly turn: number }[] = []
    const partners = new Set<string>()
    for (const want of list) {
      if (wants.get(want.hash) !== want) continue
      if (!isWanted(want)) {
        forget(want)
        continue
      }
      want.holders = want.holders.filter((partner) => connected.has(partner) && !want.asked.has(partner))
      const partner = want.holders.shift()
      if (partner === undefined) {
        want.late = true
        if (want.asked.size === 0) forget(want)
        continue
      }
      want.asked.add(partner)
      want.newest = partner
      want.late = false
      turned.push({ want, turn: ++want.turn })
      laneOf(partner).queue.push(want)
      partners.add(partner)
    }
    if (turned.length > 0) {
      const timer = timers.set(PATIENCE_MS, () => {
        patience.delete(timer)
        ask(turned.filter(({ want, turn }) => want.turn === turn).map(({ want }) => want))
      })
      patience.add(timer)
    }
    for (const partner of partners) pump(partner)
  }

  function laneOf(partner: string): Lane {
    const lane = lanes.get(partner) ?? { queue: [], running: 0 }
    lanes.set(partner, lane)
    return lane
  }

  function pump(partner: string): void {
    const lane = laneOf(partner)
    while (!stopped && lane.running < ASKING_MAX && lane.queue.length > 0) {
      const some = lane.queue.splice(0, PULL_BATCHES_MAX)
      const wanted = some.filter((want) => wants.get(want.hash) === want && isWanted(want))
      for (const want of some) {
        if (wanted.includes(want)) continue
        want.asked.delete(partner)
        forget(want)
      }
      if (wanted.length > 0) void request(partner, lane, wanted)
    }
    if (lane.running === 0 && lane.queue.length === 0) lanes.delete(partner)
  }

  async function request(partner: string, lane: Lane, list: readonly Want[]): Promise<void> {
    lane.running++
    try {
      const answer = await peers.request(partner, { type: 'batches', hashes: list.map(({ hash }) => hash) }, {})
      const given = new Set<string>()
      let isWrong = false
      for (const text of answer.batches) {
        const { verdict, hash, stored } = take(text)
        if (hash !== null) given.add(hash)
        // Of no hash and not refused: it is of another epoch, and whoever gave it cannot know better.
        const isAsked = list.some((want) => want.hash === hash)
        if (verdict === 'reject' || (hash !== null && !isAsked)) isWrong = true
        await stored
      }
      if (isWrong) peers.blame?.(partner, 'it answers with what is no batch, or none that it was asked for')
      const vain = lacking(list, given, answer.batches).filter(({ announcers }) => announcers.has(partner))
      if (vain.length > 0) onVain(partner, vain.length)
    } catch (error) {
      log.debug('batches could not be pulled', { partner, error })
    }
    lane.running--
    for (const want of list) want.asked.delete(partner)
    // Where another partner was turned to since, its answer is waited for.
    ask(list.filter((want) => want.newest === partner || want.asked.size === 0 || !isWanted(want)))
    pump(partner)
  }

  /** What an answer shows that the partner has not got: it gives in order, and leaves out what does not fit at the end. */
  function lacking(list: readonly Want[], given: ReadonlySet<string>, texts: readonly string[]): Want[] {
    if (list.every(({ hash }) => given.has(hash))) return []
    const bytes = texts.reduce((sum, text) => sum + JSON.stringify(text).length, 0)
    const hadRoom = bytes + JSON_BYTES_OF_ONE * batchBytesMax < RESPONSE_BYTES_MAX
    const last = texts.length === 0 || hadRoom ? list.length : list.findLastIndex(({ hash }) => given.has(hash))
    return list.filter(({ hash }, at) => at < last && !given.has(hash))
  }

  return {
    /** Batches that are waited for or being fetched. */
    waiting: (): number => wants.size,
    /** A partner says that it holds a batch: it is asked once this turn is over, unless somebody else is and answers. */
    announced(from: string, hash: string, wanted: () => boolean): void {
      const known = wants.get(hash)
      if (stopped || known?.asked.has(from) || known?.holders.includes(from)) return
      if (known?.announcers.has(from) !== true) {
        const count = announcedBy.get(from) ?? 0
        if (count >= ANNOUNCED_MAX) return
        announcedBy.set(from, count + 1)
      }
      const want = wantOf(hash)
      want.announcers.add(from)
      want.announced = wanted
      want.holders.push(from)
      if (known !== undefined) {
        if (want.late) ask([want])
        return
      }
      want.timer = timers.set(0, () => {
        want.timer = null
        ask([want])
      })
    },
    /** Batches that are needed at once. @param holders partners to be asked, in this order */
    need(hashes: readonly string[], holders: readonly string[], wanted: (hash: string) => boolean): void {
      const due: Want[] = []
      for (const hash of hashes) {
        if (stopped || !wanted(hash)) continue
        const want = wantOf(hash)
        want.needed = () => wanted(hash)
        want.holders = [...new Set([...holders, ...want.holders])]
        if (want.timer !== null) timers.clear(want.timer)
        want.timer = null
        if (want.asked.size === 0 || want.late) due.push(want)
      }
      ask(due)
    },
    stop(): void {
      stopped = true
      for (const want of [...wants.values()]) forget(want)
      for (const timer of patience) timers.clear(timer)
      patience.clear()
    }
  }
}

export type BatchPulls = ReturnType<typeof createBatchPulls>
