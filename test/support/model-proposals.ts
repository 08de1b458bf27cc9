import type { JsonObject } from '../../src/base/json.js'
import type { NetworkDefinition, ObjectDefinition } from '../../src/ledger/network-definition.js'
import { readNetworkFile } from '../../src/ledger/network-file.js'
import { type governanceChain, proposalOf, type Said } from './governance-chain.js'

/** A network definition whose parts may be changed. */
export interface Draft extends Omit<NetworkDefinition, 'objects'> {
  objects: Record<string, ObjectDefinition & { fields: FieldsDraft }>
}

type FieldsDraft = JsonObject & { properties: Record<string, JsonObject>; required: string[] }

/** A copy with changes, in full. */
export function edited(network: NetworkDefinition, edit: (draft: Draft) => void): NetworkDefinition {
  const draft = structuredClone(network) as unknown as Draft
  edit(draft)
  const read = readNetworkFile(JSON.stringify(draft), 'network')
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.network
}

/** A proposal of a network definition, whatever it is. */
export function modelProposal(network: unknown, more: JsonObject = {}): Said {
  return proposalOf({ kind: 'model', network: network as NetworkDefinition }, more)
}

/** The definition that is decided by now. */
export function decidedNetwork(chain: ReturnType<typeof governanceChain>): NetworkDefinition {
  return chain.rulebook().models.next.model.network
}

/** The definition in force for the next block. */
export function networkNow(chain: ReturnType<typeof governanceChain>): NetworkDefinition {
  return chain.rulebook().model.network
}
