import { canonicalText } from '../base/canonical.js'
import { accept, LedgerError, type Outcome, refuse } from '../base/errors.js'
import type { Json } from '../base/json.js'
import { genesisHash } from '../base/tagged.js'
import { compileModel, type Model, type ModelLimits } from './model.js'
import type { NetworkDefinition } from './network-definition.js'

/** Results that are kept: the models in force and decided, and those of proposals that are being looked at. */
const KEPT_MAX = 16

/** By what the result follows from alone, the one used last at the end. */
const kept = new Map<string, Outcome<Model>>()

/**
 * Compiles a definition, once while it is in use: the same one is judged, decided on, brought into force and verified.
 * @returns refusal NETWORK_FILE with the first mistake
 */
export function compiledModel(network: NetworkDefinition, limits: ModelLimits): Outcome<Model> {
  const name = `${genesisHash('model', canonicalText(network as unknown as Json))} ${limits.ruleCostMax}`
  const result = kept.get(name) ?? compile(network, limits)
  kept.delete(name)
  kept.set(name, result)
  const [oldest] = kept.keys()
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest)
  return result
}

function compile(network: NetworkDefinition, limits: ModelLimits): Outcome<Model> {
  try {
    return accept(compileModel(network, limits))
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'NETWORK_FILE') return refuse('NETWORK_FILE', error.message)
    throw error
  }
}
