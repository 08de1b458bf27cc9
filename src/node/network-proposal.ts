import { canonicalText } from '../base/canonical.js'
import { LedgerError, type Refusal } from '../base/errors.js'
import type { JsonObject } from '../base/json.js'
import { utf8Length } from '../base/utf8.js'
import { compiledModel } from '../ledger/compiled-models.js'
import { judgeChange } from '../ledger/governance-judge.js'
import type { Model, ModelLimits } from '../ledger/model.js'
import type { NetworkDefinition } from '../ledger/network-definition.js'
import { describeProblems, readNetworkFile } from '../ledger/network-file.js'
import { encodeRecord } from '../ledger/record.js'
import type { Chain } from './chain.js'
import { NO_PROPOSALS } from './version-agreement.js'

/** A network definition written in full, and compiled. @throws LedgerError NETWORK_FILE with every mistake in it */
export function readDefinition(
  network: JsonObject,
  limits: ModelLimits
): { readonly network: NetworkDefinition; readonly model: Model } {
  const read = readNetworkFile(JSON.stringify(network), 'network', limits.ruleCostMax)
  if (!read.ok) throw new LedgerError('NETWORK_FILE', describeProblems(read.problems), { problems: read.problems })
  const compiled = compiledModel(read.network, limits)
  if (!compiled.ok) throw new LedgerError(compiled.refusal.code, compiled.refusal.message)
  return { network: read.network, model: compiled.value }
}

/**
 * Why a network file could not be proposed as things stand, whoever proposes it; null when it could, or when it is what is in force
 * anyway.
 */
export function fileProblem(chain: Chain, network: NetworkDefinition): Refusal | null {
  const { models, nextPartners: latest, nextVersion: latestVersion, version } = chain.rulebook
  const isInForce = textOf(network) === textOf(models.next.model.network)
  if (isInForce) return null
  if (version === 1) return NO_PROPOSALS
  const change = { kind: 'model', network } as const
  const judged = judgeChange({ latestModel: models.next.model, latest, latestVersion, version }, change)
  if (!judged.ok) return judged.refusal
  return sizeProblem(chain, { change: change as unknown as JsonObject, expires: chain.tip.time, reason: '' })
}

function textOf(network: NetworkDefinition): string {
  return canonicalText(network as unknown as JsonObject)
}

/** Why a proposal is too large for a record of the network; null when it is not. */
export function sizeProblem({ limits }: Pick<Chain, 'limits'>, data: JsonObject): Refusal | null {
  const bytes = utf8Length(encodeRecord({ object: '_proposal', data }))
  const bytesMax = limits.recordBytesMax
  if (bytes <= bytesMax) return null
  const message =
    `the proposal takes ${bytes} bytes as a record, and a record of this network takes up to ${bytesMax}: shorten titles, ` +
    'messages and descriptions, or change less of it'
  return { code: 'TOO_LARGE', message, details: { bytes, bytesMax } }
}
