import { VEHICLES } from './input-files.js'
import { maintenanceLines, WORKS_OF_300_BYTES } from './records.js'

/** Lines of visits one after the other, each of a car of its own turn; a second call goes on where the first ended. */
export function visitSource() {
  let from = 0
  return {
    take(count: number): string[] {
      const lines = [...maintenanceLines(count, VEHICLES, { from, works: WORKS_OF_300_BYTES })]
      from += count
      return lines
    },
    /** Leaves out so many. @returns the number of the first of them */
    skip(count: number): number {
      from += count
      return from - count
    }
  }
}
