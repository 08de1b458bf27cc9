import {
  applyChange,
  baseOf,
  type Change,
  changeProblem,
  type KeptChange,
  problemAfter,
  type VotedChange
} from './governance-change.js'
import { versionProblem } from './governance-version.js'
import type { Model } from './model.js'
import { hasRole, modelProblem, modelThreshold, setUnder } from './model-change.js'
import type { NetworkDefinition, Threshold } from './network-definition.js'
import type { PartnerSet } from './partner-set.js'
import { thresholdOf } from './threshold.js'

/** What every further change is made to: model, partners and version with every change decided so far. */
export interface Decided {
  readonly model: Model
  readonly partners: PartnerSet
  readonly version: number
}

/** Why a change cannot be made, or null. Of chain data only: whether partners are alive is not asked. */
export function decisionProblem({ model, partners, version }: Decided, change: Change): string | null {
  if (change.kind === 'version') return versionProblem(version, change)
  if (change.kind !== 'model') return changeProblem(model.network, partners, change)
  const { network } = change.model
  return modelProblem(model, change.model, partners, version) ?? problemAfter(network, setUnder(network, partners))
}

/** What is decided after a change that has no problem. */
export function decidedAfter(decided: Decided, change: Change): Decided {
  const { model, partners } = decided
  if (change.kind === 'version') return { ...decided, version: change.version }
  if (change.kind !== 'model') return { ...decided, partners: applyChange(model.network, partners, change) }
  return { ...decided, model: change.model, partners: setUnder(change.model.network, partners) }
}

/** What a change rests on: when that is another one meanwhile, the change is stale. Of a network file: the one before. */
export function baseOfChange({ model, partners, version }: Decided, change: KeptChange | Change): string {
  if (change.kind === 'version') return String(version)
  return change.kind === 'model' ? model.hash : baseOf(partners, change)
}

/** Whether what a change rests on is another one by now. */
export function isStale(decided: Decided, change: KeptChange | Change, base: string): boolean {
  if (baseOfChange(decided, change) !== base) return true
  // Nobody can be admitted to a role that is gone, however many would have him.
  if (change.kind === 'admit') return changeProblem(decided.model.network, decided.partners, change) !== null
  return change.kind === 'role' && !hasRole(decided.model.network, change.role)
}

/** How many must agree to a change, under a network definition. */
export function thresholdOfChange(network: NetworkDefinition, change: VotedChange): Threshold {
  return change.kind === 'model' ? modelThreshold(network, change.model.network) : thresholdOf(network, change.kind)
}
