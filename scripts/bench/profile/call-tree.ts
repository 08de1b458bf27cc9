import { busySamples, type CpuProfile, type ProfileNode } from './cpu-profile.js'
import { type Part, partOf, placeOf } from './parts.js'

/** Name of what has none. */
export const ANONYMOUS = '(anonymous)'

/** A function as it was called from one chain of callers. Times are microseconds of the processor. */
export interface Call {
  readonly name: string
  readonly place: string
  /** Its own, or that of the nearest caller that has one. */
  readonly part: Part
  /** Without what it called. */
  self: number
  /** With all that it called. */
  total: number
  readonly calls: Map<string, Call>
}

/** A profile, and the microseconds of the processor that its thread used meanwhile. */
export interface Sampled {
  readonly profile: CpuProfile
  readonly processor: number
}

/**
 * Lays profiles on top of each other: the same chain of callers is one. The time of the processor is shared out evenly
 * among the samples that are not idle: the gap between two samples says less, as it holds waiting for a core.
 */
export function callTree(sampled: readonly Sampled[]): Call {
  const root: Call = { name: 'all', place: '', part: 'rest', self: 0, total: 0, calls: new Map() }
  for (const { profile, processor } of sampled) {
    const counts = busySamples(profile)
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0)
    const byId = new Map(profile.nodes.map((node) => [node.id, node]))
    const top = profile.nodes[0]
    if (top !== undefined && all > 0) add(root, top, byId, (id) => ((counts.get(id) ?? 0) / all) * processor)
  }
  return root
}

function add(
  call: Call,
  node: ProfileNode,
  byId: ReadonlyMap<number, ProfileNode>,
  timeOf: (id: number) => number
): number {
  const self = timeOf(node.id)
  let total = self
  for (const id of node.children ?? []) {
    const child = byId.get(id)
    if (child !== undefined) total += add(calledFrom(call, child), child, byId, timeOf)
  }
  call.self += self
  call.total += total
  return total
}

function calledFrom(caller: Call, { callFrame }: ProfileNode): Call {
  const { functionName, url, lineNumber } = callFrame
  const key = `${functionName} ${url}:${lineNumber}`
  const known = caller.calls.get(key)
  if (known !== undefined) return known
  const place = placeOf(callFrame)
  const part = partOf(place) ?? caller.part
  const call = { name: functionName || ANONYMOUS, place, part, self: 0, total: 0, calls: new Map() }
  caller.calls.set(key, call)
  return call
}

/** Microseconds of each part; together they are the whole. */
export function timesOfParts(root: Call): Map<Part, number> {
  const times = new Map<Part, number>()
  const waiting = [root]
  for (let call = waiting.pop(); call !== undefined; call = waiting.pop()) {
    times.set(call.part, (times.get(call.part) ?? 0) + call.self)
    waiting.push(...call.calls.values())
  }
  return times
}
