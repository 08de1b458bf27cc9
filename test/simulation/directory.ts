import type { VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/** Milliseconds for which a key that counts no more is let in, so that whoever has it learns why. */
const LEAVE_MS = 30_000

/** How often it is looked whether it has learnt it, milliseconds. */
const LOOK_MS = 500

/** A key that counts no more, and the block that says so. */
interface Leaving {
  readonly partner: string
  readonly height: number
  readonly untilMs: number
}

/** Whom a node lets in. */
interface Known {
  readonly life: number
  height: number
  /** Partners by key. */
  keys: ReadonlyMap<string, string>
  readonly leaving: Map<string, Leaving>
}

export interface DirectoryOptions {
  readonly clock: VirtualClock
  readonly partner: (id: string) => VirtualPartner
  readonly keyOf: (id: string, generation: number) => string
  /** They let everybody in; and what they say comes in too, as if somebody passed it on. */
  readonly liars: ReadonlySet<string>
  /** Whom somebody lets in has changed. */
  readonly onChange: () => void
}

/**
 * Who lets whom in, as the real network does: by its key, as long as the own chain has it in force for the next two heights;
 * one that counts no more, until whoever has it knows. A node that is behind is told by others who the partners are.
 */
export function createDirectory({ clock, partner, keyOf, liars, onChange }: DirectoryOptions) {
  const known = new Map<string, Known>()
  let newest: { readonly height: number; readonly keys: ReadonlyMap<string, string> } = {
    height: -1,
    keys: new Map()
  }

  /** Whether somebody knows the block that ended its key, or has had the time to learn it. */
  function isOver({ leaving }: Known, key: string, by: VirtualPartner): boolean {
    const one = leaving.get(key)
    if (one === undefined) return true
    return clock.now() >= one.untilMs || (by.replica?.heightOf(one.partner) ?? 0) >= one.height
  }

  function review(id: string, of: Known): void {
    if (known.get(id) !== of || of.leaving.size === 0) return
    const before = of.leaving.size
    for (const key of of.leaving.keys()) if (isOver(of, key, partner(id))) of.leaving.delete(key)
    if (of.leaving.size < before) onChange()
    clock.plan(LOOK_MS, () => review(id, of))
  }

  function leave(id: string, of: Known, key: string, who: string): void {
    of.leaving.set(key, { partner: who, height: of.height, untilMs: clock.now() + LEAVE_MS })
    if (of.leaving.size === 1) clock.plan(LOOK_MS, () => review(id, of))
  }

  /** A node runs, or has committed a block. */
  function update(by: VirtualPartner): void {
    const { replica, id, life } = by
    if (replica === null) return
    const { rulebook, tip } = replica.chain
    const named = [...rulebook.partners.partners, ...rulebook.nextPartners.partners]
    const keys = new Map(
      named.filter(({ state }) => state === 'active' || state === 'pending').map((each) => [each.key, each.id])
    )
    const before = known.get(id)
    const isSame = before?.life === life
    const now: Known = isSame ? before : { life, height: 0, keys: new Map(), leaving: new Map() }
    const lost = [...now.keys].filter(([key]) => !keys.has(key))
    const isOther = !isSame || lost.length > 0 || keys.size !== now.keys.size
    now.height = tip.height
    for (const [key, who] of lost) leave(id, now, key, who)
    now.keys = keys
    known.set(id, now)
    if (!liars.has(id) && tip.height > newest.height) newest = { height: tip.height, keys }
    if (isOther) onChange()
  }

  return {
    update,
    /** Whether one lets the other in, as both are at present. */
    lets(by: string, other: string): boolean {
      const key = keyOf(other, partner(other).generation)
      if (liars.has(by) || liars.has(other)) return true
      const own = known.get(by)
      if (own === undefined) return false
      if (own.keys.has(key) || own.leaving.has(key)) return true
      return own.height < newest.height && newest.keys.has(key)
    },
    /** Whether the newest chain names a key. */
    isNamed: (key: string): boolean => newest.keys.has(key)
  }
}

export type Directory = ReturnType<typeof createDirectory>
