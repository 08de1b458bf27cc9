import { assertInvariant } from '../base/errors.js'
import { genesisHash } from '../base/tagged.js'
import { MODEL_PREFIX, modelKey } from '../ledger/model-state.js'
import type { NetworkDefinition } from '../ledger/network-definition.js'
import type { Chain, CommittedBlock } from './chain.js'

/** A definition that was decided: its hash, and the height from which it is in force. */
interface Decided {
  readonly from: number
  readonly hash: string
}

/** Every network definition there ever was, for people who look back at what was decided. */
export async function openModelHistory(chain: Chain) {
  const decided: Decided[] = [{ from: 0, hash: chain.foundingModel.hash }]

  function add(key: string, text: string): void {
    decided.push({ from: Number(key.slice(MODEL_PREFIX.length)), hash: genesisHash('model', text) })
  }

  for await (const { key, entry } of chain.store.states(MODEL_PREFIX)) add(key, entry.text)
  decided.sort((a, b) => a.from - b.from)

  /** Read when it is asked for: they are large, and old ones are rarely looked at. */
  function networkOf({ from }: Decided): NetworkDefinition {
    if (from === 0) return chain.foundingModel.network
    const entry = chain.store.state.get(modelKey(from))
    assertInvariant(entry !== undefined, 'a definition that was decided is kept')
    return JSON.parse(entry.text) as NetworkDefinition
  }

  function decidedAt(height: number): Decided {
    return decided.findLast(({ from }) => from <= height) ?? decided[0]!
  }

  return {
    /** Height from which on the definition was in force that is so at a height; 0 for that of the genesis. */
    fromAt(height: number): number {
      return decidedAt(height).from
    },
    /** The definition in force at a height that is decided, or the next one. */
    at(height: number): NetworkDefinition {
      return networkOf(decidedAt(height))
    },
    /** The definition of this hash; undefined when none was ever decided. */
    of(hash: string): NetworkDefinition | undefined {
      const found = decided.find((each) => each.hash === hash)
      return found === undefined ? undefined : networkOf(found)
    },
    /** The newest definition that has an object; undefined when none ever had it. */
    lastWith(object: string): NetworkDefinition | undefined {
      for (const each of [...decided].reverse()) {
        const network = networkOf(each)
        if (Object.hasOwn(network.objects, object)) return network
      }
      return undefined
    },
    committed(block: CommittedBlock): void {
      for (const { key, entry } of block.executed.execution.writes) {
        if (key.startsWith(MODEL_PREFIX)) add(key, entry.text)
      }
    }
  }
}

export type ModelHistory = Awaited<ReturnType<typeof openModelHistory>>
