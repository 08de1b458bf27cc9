import { recordId } from '../../src/base/ids.js'
import type { JsonObject } from '../../src/base/json.js'
import { authorSequence } from '../../src/ledger/author-sequence.js'
import { batchHash, batchHeader } from '../../src/ledger/batch.js'
import { advance, executeBlock, genesisTip, type Tip } from '../../src/ledger/chain.js'
import { type Execution, foundingOf, type Rulebook, rulebookAfter } from '../../src/ledger/execution.js'
import { GENESIS_FORMAT, type GenesisFormat, writeGenesis } from '../../src/ledger/genesis.js'
import type { ProposedChange } from '../../src/ledger/governance-change.js'
import { type GovernanceProposal, openProposalsIn, proposalIn } from '../../src/ledger/governance-state.js'
import { compileModel } from '../../src/ledger/model.js'
import { type Partner, partnerOf } from '../../src/ledger/partner-set.js'
import { type Amends, checkRecord, encodeRecord } from '../../src/ledger/record.js'
import type { StateEntry, StateReader } from '../../src/ledger/state.js'
import { FOUNDED_AT, genesisOf, keyOf, NETWORK } from './small-chain.js'

/** Roles: `inspector` governs and votes, `clerk` votes, `reader` does neither. */
export const GOVERNED_NETWORK = NETWORK.replace('inspector: { ', 'clerk: { append: [note] }\n  inspector: { ').replace(
  'reader: { append: []',
  'reader: { append: [], vote: false'
)

/** A record as its author writes it. */
export interface Said {
  readonly amends?: Amends
  readonly object: string
  readonly data: JsonObject
}

/** One batch of a block. */
export type BatchForTest = readonly [author: string, records: readonly Said[]]

/** When proposals of the tests expire, unless they say otherwise. */
export const EXPIRES = FOUNDED_AT + 1_000_000

export function proposalOf(change: ProposedChange, more: JsonObject = {}): Said {
  return {
    object: '_proposal',
    data: { change: { ...change } as unknown as JsonObject, expires: EXPIRES, reason: 'why', ...more }
  }
}

export function ballotOf(proposal: string, yes: boolean, reason = ''): Said {
  return { object: '_ballot', data: { proposal, reason, yes } }
}

export function withdrawalOf(proposal: string): Said {
  return { object: '_withdraw', data: { proposal } }
}

export const READY: Said = { object: '_ready', data: { block: 'ab'.repeat(32), height: 1 } }

const GOVERNED = genesisOf([], GOVERNED_NETWORK).genesis

/**
 * A chain whose blocks are executed and chained but not signed: what partners decide, at the speed of execution.
 * @param founders roles by partner id
 * @param file text of the network file; @default GOVERNED_NETWORK
 */
export function governanceChain(
  founders: Readonly<Record<string, string>>,
  { file, format = GENESIS_FORMAT }: { file?: string; format?: GenesisFormat } = {}
) {
  const base = file === undefined ? GOVERNED : genesisOf([], file).genesis
  const model = compileModel(base.network, base.limits)
  const partners = Object.entries(founders).map(([id, role]) => ({ id, key: keyOf(id), name: id, role }))
  const genesis = writeGenesis({ ...base, format, partners })
  const scope = { genesis: genesis.hash, epoch: 0 }
  const founding = foundingOf(genesis.genesis)
  const entries = new Map<string, StateEntry>()
  const state: StateReader = { get: (key) => entries.get(key) }
  let tip: Tip = genesisTip(genesis.hash, FOUNDED_AT)

  const rulebook = (): Rulebook => rulebookAfter(scope, model, founding, state)

  function batch([author, records]: BatchForTest, at: number, all: readonly BatchForTest[]) {
    const before = all.slice(0, at).filter(([other]) => other === author).length
    const sequence = authorSequence(state, author).next + before
    const texts = records.map(encodeRecord)
    const header = batchHeader(author, partnerOf(rulebook().partners, author)?.incarnation ?? 0, sequence, texts)
    const checked = texts.map((text) => checkRecord(model, text, base.limits.recordBytesMax))
    return { header, hash: batchHash(scope, header), records: checked }
  }

  /** Commits one block, a second after the one before or at a time; batches of an author stand together. */
  function commit(batches: readonly BatchForTest[] = [], time = tip.time + 1000): Execution {
    const plan = { originRound: 0, proposer: '', time, batches: batches.map(batch) }
    const executed = executeBlock(rulebook(), tip, state, plan)
    // Without what execution remembers: the next block reads what a node reads from its disk.
    for (const { key, entry } of executed.execution.writes) entries.set(key, { text: entry.text })
    tip = advance(tip, executed).tip
    return executed.execution
  }

  return {
    scope,
    entries,
    network: base.network,
    commit,
    rulebook,
    get height() {
      return tip.height
    },
    get time() {
      return tip.time
    },
    /** Id that the record at a place of the author's next batch gets; `ahead`: of the batch so many after it. */
    nextId: (author: string, index = 0, ahead = 0) =>
      recordId(author, authorSequence(state, author).next + ahead, index),
    /** Commits a block of one batch; each verdict as `accepted` or `CODE: message`. */
    say(author: string, ...records: readonly Said[]): string[] {
      const [verdicts = []] = commit([[author, records]]).verdicts
      return verdicts.map((verdict) => (verdict === null ? 'accepted' : `${verdict.code}: ${verdict.message}`))
    },
    proposal(id: string): GovernanceProposal {
      const found = proposalIn(state, id)
      if (found === null) throw new Error(`there is no proposal ${id}`)
      return found
    },
    open: () => openProposalsIn(state),
    /** A partner as the next block has it. */
    now: (id: string): Partner => partnerIn(rulebook().partners.partners, id),
    /** A partner with every change decided so far. */
    decided: (id: string): Partner => partnerIn(rulebook().nextPartners.partners, id)
  }
}

function partnerIn(partners: readonly Partner[], id: string): Partner {
  const partner = partners.find((each) => each.id === id)
  if (partner === undefined) throw new Error(`${id} is no partner`)
  return partner
}
