/** Counters of one node since its start; see PeersCounts. */
export interface Counts {
  dropped: number
  malformed: number
  refused: number
  held: number
}

export function newCounts(): Counts {
  return { dropped: 0, malformed: 0, refused: 0, held: 0 }
}
