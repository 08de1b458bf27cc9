import { canonicalText } from '../../src/base/canonical.js'
import { sha256Hex } from '../../src/base/crypto.js'
import type { Json } from '../../src/base/json.js'
import type { NetworkDefinition } from '../../src/ledger/network-definition.js'
import type { SimulatedGenesis } from './simulated-genesis.js'

/** A network file as its own text says it. */
export interface FileOnChain {
  readonly hash: string
  readonly quorum: string
  /** By kind of change, where the file says so. */
  readonly thresholds: Readonly<Record<string, string>>
  /** Odometers that leave it by 5 are refused; null: none are. */
  readonly remainder: number | null
}

/** The network files from block to block, worked out in plain steps: decided in a block, in force after the next one. */
export function createFileHistory({ genesis }: SimulatedGenesis) {
  let now = fileOnChain(genesis.genesis.network)
  let next = now
  let latest = now
  return {
    /** In force at the block under way. */
    now: (): FileOnChain => now,
    /** With every change so far. */
    latest: (): FileOnChain => latest,
    decide(file: FileOnChain): void {
      latest = file
    },
    isSettled: (): boolean => now === latest,
    /** The block is over. */
    turn(): void {
      now = next
      next = latest
    }
  }
}

export type FileHistory = ReturnType<typeof createFileHistory>

export function fileOnChain(network: NetworkDefinition): FileOnChain {
  const hash = sha256Hex(`ledger/model/1\n${canonicalText(network as unknown as Json)}`)
  const rule = network.objects.inspection?.rules.find(({ id }) => id.startsWith('remainder-'))
  const remainder = rule === undefined ? null : Number(rule.id.slice('remainder-'.length))
  return { hash, quorum: network.quorum, thresholds: network.thresholds ?? {}, remainder }
}
