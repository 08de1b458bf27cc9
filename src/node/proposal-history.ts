import type { HistoryCursor, Store } from './store/store-types.js'
import { SYSTEM_KEY } from './system-cursor.js'

/** Records read of each kind at a time. */
const PAGE = 256

/** Records that open proposals: an `_admit` does where the admission is voted on. */
const OPENERS = ['_proposal', '_admit'] as const

/**
 * The places of all accepted records that may have opened a proposal, in the order of the chain.
 * @param after place behind which to begin; undefined: at the beginning
 */
export async function* proposalPlaces(
  store: Pick<Store, 'history'>,
  after: HistoryCursor | undefined
): AsyncGenerator<HistoryCursor> {
  let from = after
  for (;;) {
    const options = from === undefined ? { limit: PAGE } : { limit: PAGE, after: from }
    const pages = await Promise.all(OPENERS.map((object) => store.history(object, SYSTEM_KEY, options)))
    // Behind the end of a full page of one kind nothing is known of it: what is further goes with the next pages.
    const ends = pages.flatMap((page) => (page.length === PAGE ? [page[PAGE - 1]!] : []))
    const end = ends.sort(byPlace)[0]
    for (const { height, batch, index } of pages.flat().sort(byPlace)) {
      const place: HistoryCursor = { key: SYSTEM_KEY, height, batch, index }
      if (end !== undefined && byPlace(place, end) > 0) break
      from = place
      yield place
    }
    if (end === undefined) return
  }
}

type Place = Pick<HistoryCursor, 'height' | 'batch' | 'index'>

function byPlace(a: Place, b: Place): number {
  return a.height - b.height || a.batch - b.batch || a.index - b.index
}
