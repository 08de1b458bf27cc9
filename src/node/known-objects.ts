import { assertInvariant } from '../base/errors.js'
import { compiledModel } from '../ledger/compiled-models.js'
import type { CompiledObject } from '../ledger/model.js'
import type { ObjectDefinition } from '../ledger/network-definition.js'
import type { Chain } from './chain.js'
import type { ModelHistory } from './model-history.js'

/** An object by its name; undefined when the network never had it. */
export type ObjectLookup = Pick<ReadonlyMap<string, CompiledObject>, 'get'>

interface Removed {
  readonly compiled: CompiledObject
  readonly definition: ObjectDefinition
}

/**
 * The objects whose records can be read: those of the model in force, and those that were removed, as the last model had them
 * that had them. What was removed never comes back, so it is looked up once.
 */
export function createKnownObjects(chain: Chain, models: ModelHistory) {
  const kept = new Map<string, Removed>()

  function removedObject(name: string): Removed | undefined {
    const found = kept.get(name)
    if (found !== undefined) return found
    const network = models.lastWith(name)
    // A network may be founded with names that it is never to have.
    if (network === undefined) return undefined
    const model = compiledModel(network, chain.rulebook.model.limits)
    assertInvariant(model.ok, 'a definition that was decided has no mistakes')
    const removed = { compiled: model.value.objects.get(name)!, definition: network.objects[name]! }
    kept.set(name, removed)
    return removed
  }

  return {
    get(name: string): CompiledObject | undefined {
      const { network, objects } = chain.rulebook.model
      const object = objects.get(name)
      if (object !== undefined || network.removed?.includes(name) !== true) return object
      return removedObject(name)?.compiled
    },
    /** Definitions of the objects that were removed, by name. */
    removed(): Record<string, ObjectDefinition> {
      const names = chain.rulebook.model.network.removed ?? []
      return Object.fromEntries(
        names.flatMap((name) => {
          const removed = removedObject(name)
          return removed === undefined ? [] : [[name, removed.definition]]
        })
      )
    }
  }
}

export type KnownObjects = ReturnType<typeof createKnownObjects>
