/** What V8 says of one function; an empty url is native or generated code. */
export interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

/** A `.cpuprofile`, as the inspector gives it. Times are microseconds. */
export interface CpuProfile {
  /** The first is the root. */
  readonly nodes: readonly ProfileNode[]
  /** Ids of nodes. */
  readonly samples: readonly number[]
  /** Before each sample, since the one before it or the start. */
  readonly timeDeltas: readonly number[]
  readonly startTime: number
  readonly endTime: number
}

export interface ProfileNode {
  readonly id: number
  readonly callFrame: CallFrame
  readonly children?: readonly number[]
}

/** Function of a node that waits for something to do. */
const IDLE = '(idle)'

function idleIds({ nodes }: CpuProfile): Set<number> {
  return new Set(nodes.filter(({ callFrame }) => callFrame.functionName === IDLE).map(({ id }) => id))
}

/** How often each node itself was seen at work. @returns by id; a node that never was has none */
export function busySamples(profile: CpuProfile): Map<number, number> {
  const idle = idleIds(profile)
  const counts = new Map<number, number>()
  for (const id of profile.samples) if (!idle.has(id)) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

/** Microseconds that were not idle, by the clock: a sample holds until the next one, also while the thread waits for a core. */
export function busyTime(profile: CpuProfile): number {
  const { samples, timeDeltas, startTime, endTime } = profile
  const idle = idleIds(profile)
  let busy = 0
  let at = startTime
  for (const [index, id] of samples.entries()) {
    at += timeDeltas[index] ?? 0
    if (!idle.has(id)) busy += timeDeltas[index + 1] ?? endTime - at
  }
  return busy
}
