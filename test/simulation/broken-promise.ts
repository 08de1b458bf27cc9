/** A promise of the ledger that a run has broken. */
export class BrokenPromise extends Error {
  constructor(
    readonly promise: string,
    message: string
  ) {
    super(`${promise}: ${message}`)
    this.name = 'BrokenPromise'
  }
}
