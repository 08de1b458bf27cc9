/** Whom the connected partners say that they can send to, and who has to pass on what somebody signed. */
export interface Neighbours {
  /** A connected partner tells whom it can send to; undefined: its build does not tell. */
  told(partner: string, connected: readonly string[] | undefined): void
  /** A partner is not connected any more. */
  gone(partner: string): void
  /**
   * Connected partners that this node passes on to what `signer` signed and `from` brought here: those that the signer
   * does not reach itself.
   */
  unreached(signer: string, from: string): readonly string[]
  /** Connected partners that say they can send to this one. */
  waysTo(partner: string): readonly string[]
  /** Everybody who is connected, or whom somebody connected can send to. */
  reached(): ReadonlySet<string>
}

export interface NeighboursDependencies {
  readonly self: string
  readonly connected: () => readonly string[]
  /** How many partners may lie: so many, and one more, pass on the same to the same partner. */
  readonly faults: () => number
}

/**
 * The rule by which votes, proposals and announcements reach those whom their signer does not (design: consensus, point 20).
 * Nothing rests on it: what partners tell may be old or a lie, and whoever still lacks something pulls it.
 */
export function createNeighbours({ self, connected, faults }: NeighboursDependencies): Neighbours {
  const lists = new Map<string, ReadonlySet<string>>()

  /** Whether a partner can send to another; undefined when neither has told. */
  function reaches(partner: string, other: string): boolean | undefined {
    // Connections are almost always so both ways, so the other one's word is the next best.
    return lists.get(partner)?.has(other) ?? lists.get(other)?.has(partner)
  }

  /** Whether it falls to this node: to the first of those who stand between the two, beginning after the signer. */
  function isInTurn(signer: string, to: string): boolean {
    const between = [...lists.keys()].filter((id) => reaches(signer, id) === true && lists.get(id)?.has(to) === true)
    const circle = [...between, self].sort((a, b) => Number(a < signer) - Number(b < signer) || (a < b ? -1 : 1))
    return circle.indexOf(self) <= faults()
  }

  return {
    told(partner, ids) {
      if (ids === undefined) lists.delete(partner)
      else lists.set(partner, new Set(ids))
    },
    gone(partner) {
      lists.delete(partner)
    },
    unreached(signer, from) {
      return connected().filter((to) => {
        if (to === signer || to === from || reaches(signer, to) !== false) return false
        // Whoever passed it on here has done so there too.
        if (from !== signer) return lists.get(from)?.has(to) !== true
        return isInTurn(signer, to)
      })
    },
    waysTo: (partner) => connected().filter((id) => lists.get(id)?.has(partner) === true),
    reached: () => new Set([...connected(), ...[...lists.values()].flatMap((ids) => [...ids])])
  }
}
