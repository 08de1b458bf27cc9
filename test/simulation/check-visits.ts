import { BrokenPromise } from './broken-promise.js'
import type { StoreContent } from './virtual-store.js'

export interface VisitData {
  readonly marker: string
  readonly vehicle: string
  readonly day: string
  readonly odometer: number
}

interface Origin {
  readonly id: string
  readonly author: string
  readonly amends: string | null
  readonly isActive: boolean
}

interface Standing extends VisitData {
  readonly id: string
  readonly author: string
  /** Visits before it on the chain; of one that amends another that of the other. */
  readonly came: number
}

/**
 * Says whether a visit must be accepted: in the order of days, and of arrival within a day, no odometer of a vehicle is lower than
 * the one before it. Looks at all visits that stand every time.
 */
export function createVisitCheck() {
  let standing: Standing[] = []
  const markers = new Set<string>()
  let count = 0

  function ofVehicle(visits: readonly Standing[], vehicle: string): Standing[] {
    const own = visits.filter((each) => each.vehicle === vehicle)
    return own.sort((a, b) => (a.day === b.day ? a.came - b.came : a.day < b.day ? -1 : 1))
  }

  function rises(visits: readonly Standing[], vehicle: string): boolean {
    const sorted = ofVehicle(visits, vehicle)
    return sorted.every(({ odometer }, at) => odometer >= (sorted[at - 1]?.odometer ?? 0))
  }

  return {
    judge({ id, author, amends, isActive }: Origin, data: VisitData): boolean {
      count += 1
      const marker = `${author} ${data.marker}`
      const isNew = !markers.has(marker)
      markers.add(marker)
      const original = standing.find((each) => each.id === amends)
      if (!isNew || !isActive || (amends !== null && original?.author !== author)) return false
      const after = [
        ...standing.filter((each) => each !== original),
        { ...data, id, author, came: original?.came ?? count }
      ]
      if (!rises(after, data.vehicle)) return false
      standing = after
      return true
    },
    /** The last of each vehicle is what the state has as its newest. */
    checkState(state: StoreContent['state'], damaged: StoreContent['damaged']): void {
      for (const vehicle of new Set(standing.map((each) => each.vehicle))) {
        const key = `r:visit["${vehicle}"]`
        if (damaged.has(`state ${key}`)) continue
        const id = state.get(key)?.text.split(' ')[0]
        const last = ofVehicle(standing, vehicle).at(-1)?.id
        if (id !== last)
          throw new BrokenPromise('the newest is the last by date', `${vehicle} has ${id}, and must have ${last}`)
      }
    }
  }
}

export type VisitCheck = ReturnType<typeof createVisitCheck>
