/** Work of which a piece is done each time that it is asked for; at its end it gives what it came to. */
export type Steps<T> = Generator<undefined, T, undefined>

/** Does all of the work at once. */
export function allAtOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
