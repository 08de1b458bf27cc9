import { areModelsSettling } from '../ledger/model-state.js'
import type { Chain } from './chain.js'
import type { KnownObjects } from './known-objects.js'
import type { ModelView } from './ledger-node.js'

/** The network file in force for the next block, and what comes next where that is another one. */
export function modelView({ rulebook }: Chain, objects: KnownObjects): ModelView {
  const { now, next } = rulebook.models
  const isSettling = areModelsSettling(rulebook.models)
  const removed = objects.removed()
  return {
    hash: now.model.hash,
    network: now.model.network,
    from: now.from,
    next: isSettling ? { hash: next.model.hash, from: next.from } : null,
    ...(Object.keys(removed).length === 0 ? {} : { removed })
  }
}
