/** One value of the state that all partners share. `memo` may hold the decoded form; it is never stored or hashed. */
export interface StateEntry {
  readonly text: string
  memo?: unknown
}

/** The state as it stands after a block. Keys are those of docs/formats.md: `r:`, `u:`, `s:`, `p:`. */
export interface StateReader {
  get(key: string): StateEntry | undefined
}

export interface StateWrite {
  readonly key: string
  readonly entry: StateEntry
}
