import { publicKeyOf, sha256, sha256Hex, signer } from '../../src/base/crypto.js'
import { keyText } from '../../src/base/keys.js'
import { leafHash, leafOfHash, merklePath } from '../../src/base/merkle.js'
import { logPath } from '../../src/base/merkle-log.js'
import { utf8Bytes } from '../../src/base/utf8.js'
import { type Batch, batchBytes, batchHeader } from '../../src/ledger/batch.js'
import type { Certificate } from '../../src/ledger/certificate.js'
import { advance, type ExecutedBlock, executeBlock, genesisTip, type Tip } from '../../src/ledger/chain.js'
import { ENGINE } from '../../src/ledger/engine.js'
import { type CheckedBatch, foundingOf, type Rulebook, rulebookAfter } from '../../src/ledger/execution.js'
import { GENESIS_FORMAT, type Genesis, type GenesisFormat, writeGenesis } from '../../src/ledger/genesis.js'
import { MEMBERSHIP_KEY, membershipEntry } from '../../src/ledger/membership.js'
import { compileModel } from '../../src/ledger/model.js'
import { readNetworkFile } from '../../src/ledger/network-file.js'
import { type PartnerSet, votersOf } from '../../src/ledger/partner-set.js'
import type { Receipt, SetChange } from '../../src/ledger/receipt.js'
import { type CheckedRecord, checkRecord, encodeRecord, type RecordBody } from '../../src/ledger/record.js'
import type { StateEntry, StateReader } from '../../src/ledger/state.js'
import { verdictLeaves } from '../../src/ledger/verdict.js'
import { voteBytes } from '../../src/ledger/vote.js'

export const NETWORK = `
format: 1
title: Inspections
roles:
  inspector: { append: [inspection, note], govern: true }
  reader: { append: [], govern: false }
objects:
  inspection:
    title: Inspection
    key: [vehicle]
    fields:
      type: object
      additionalProperties: false
      required: [vehicle, odometer]
      properties:
        vehicle: { type: string, maxLength: 20 }
        odometer: { type: integer, minimum: 0 }
    rules:
      - id: odometer-never-decreases
        expr: previous == null || record.odometer >= previous.odometer
        message: "odometer {record.odometer} is lower than {previous.odometer}"
  note:
    title: Note
    key: []
    fields:
      type: object
      additionalProperties: false
      required: [text]
      properties:
        text: { type: string, maxLength: 200 }
        vehicle: { type: string, maxLength: 20 }
    references:
      about: { object: inspection, key: [vehicle], required: true }
`

export const FOUNDED_AT = 1_760_000_000_000

/** A key that is the same in every run. */
export function seedOf(id: string): Uint8Array {
  return sha256(utf8Bytes(`seed of ${id}`))
}

export function keyOf(id: string): string {
  return keyText(publicKeyOf(seedOf(id)))
}

export function genesisOf(
  ids: readonly string[],
  network = NETWORK,
  role = 'inspector',
  format: GenesisFormat = GENESIS_FORMAT
) {
  const read = readNetworkFile(network, 'network.yaml')
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  const genesis: Genesis = {
    engine: ENGINE,
    format,
    limits: {
      batchBytesMax: 512 * 1024,
      batchRecordsMax: 1000,
      blockBytesMax: 2 * 1024 * 1024,
      recordBytesMax: 128 * 1024,
      ruleCostMax: 10_000
    },
    network: read.network,
    partners: ids.map((id) => ({ id, key: keyOf(id), name: id, role })),
    recovery: { signers: 'all' },
    time: FOUNDED_AT
  }
  return writeGenesis(genesis)
}

export interface CommittedForTest {
  readonly executed: ExecutedBlock
  readonly batches: readonly CheckedBatch[]
  readonly signed: readonly Batch[]
  readonly certificate: Certificate
  readonly set: PartnerSet
}

/** A whole chain in memory, of the pure floors alone, endorsed by all of its voters with real signatures. */
export function smallChain(ids: readonly string[] = ['p1'], network = NETWORK, format: GenesisFormat = GENESIS_FORMAT) {
  const genesis = genesisOf(ids, network, 'inspector', format)
  const scope = { genesis: genesis.hash, epoch: 0 }
  const model = compileModel(genesis.genesis.network, genesis.genesis.limits)
  const entries = new Map<string, StateEntry>()
  const state: StateReader = { get: (key) => entries.get(key) }
  const blocks: CommittedForTest[] = []
  const nodes = new Map<string, string>()
  const sequences = new Map<string, number>()
  const founding = foundingOf(genesis.genesis)
  let tip: Tip = genesisTip(genesis.hash, FOUNDED_AT)

  const rulebook = (): Rulebook => rulebookAfter(scope, model, founding, state)

  const check = (text: string): CheckedRecord => checkRecord(model, text, genesis.genesis.limits.recordBytesMax)

  function seal(author: string, texts: readonly string[], read: typeof check): { batch: Batch; checked: CheckedBatch } {
    const sequence = sequences.get(author) ?? 0
    sequences.set(author, sequence + 1)
    const header = batchHeader(author, 0, sequence, texts)
    const bytes = batchBytes(scope, header)
    const batch = { header, hash: sha256Hex(bytes), signature: signer(seedOf(author))(bytes), records: texts }
    return { batch, checked: { header, hash: batch.hash, records: texts.map(read) } }
  }

  function certify(block: string, height: number, round = 0): Certificate {
    // Those that have the key of this name: who got another has left it to the others.
    const signers = votersOf(rulebook().partners).filter(({ id, key }) => key === keyOf(id))
    const votes = signers.map(({ id, incarnation }) => {
      const vote = { block, height, incarnation, kind: 'precommit', round, voter: id } as const
      return { incarnation, signature: signer(seedOf(id))(voteBytes(scope, vote)), voter: id }
    })
    return { block, height, round, votes }
  }

  return {
    genesis,
    scope,
    model,
    state,
    entries,
    blocks,
    rulebook,
    get tip() {
      return tip
    },
    get set() {
      return rulebook().partners
    },
    /** The set that comes into force with the block after the next commit. */
    setNext(next: PartnerSet): void {
      entries.set(MEMBERSHIP_KEY, membershipEntry({ now: rulebook().partners, next }))
    },
    record: (object: string, data: RecordBody['data'], unique?: string): string =>
      encodeRecord(unique === undefined ? { object, data } : { object, data, unique }),
    check,
    /**
     * Commits one block: for each author a batch of record texts.
     * @param read as what the voters take a record; @default what it is
     */
    commit(
      batches: readonly (readonly [author: string, texts: readonly string[]])[],
      read: typeof check = check
    ): CommittedForTest {
      const sealed = batches.map(([author, texts]) => seal(author, texts, read))
      const checked = sealed.map((each) => each.checked)
      const plan = {
        originRound: 0,
        proposer: ids[0] ?? '',
        time: tip.time + 1000,
        batches: checked
      }
      const set = rulebook().partners
      const executed = executeBlock(rulebook(), tip, state, plan)
      const certificate = certify(executed.hash, executed.header.height)
      for (const { key, entry } of executed.execution.writes)
        entries.set(key, key === MEMBERSHIP_KEY ? entry : { text: entry.text })
      const next = advance(tip, executed)
      for (const { level, index, hash } of next.nodes) nodes.set(`${level}/${index}`, hash)
      tip = next.tip
      const committed = { executed, batches: checked, signed: sealed.map(({ batch }) => batch), certificate, set }
      blocks.push(committed)
      return committed
    },
    /** The receipt of a record, resting on the newest block. */
    receipt(height: number, position: number, index: number): Receipt {
      const block = blocks[height - 1]!
      const newest = blocks.at(-1)!
      const batch = block.signed[position]!
      const leaves = verdictLeaves(block.executed.execution.verdicts)
      const before = block.signed.slice(0, position).reduce((sum, { header }) => sum + header.count, 0)
      const node = (level: number, index: number): string => nodes.get(`${level}/${index}`)!
      const pathTo = (from: number): string[] => logPath(from - 1, newest.executed.header.height - 1, node)
      const changes = blocks.flatMap(({ executed, certificate }, at): SetChange[] => {
        const { header } = executed
        const after = blocks[at + 1]
        if (header.partners === header.nextPartners || after === undefined) return []
        return [{ certificate, header, path: pathTo(header.height), set: after.set }]
      })
      return {
        format: 1,
        genesis: genesis.hash,
        epoch: 0,
        record: batch.records[index]!,
        index,
        recordPath: merklePath(batch.records.map(leafHash), index),
        batch: batch.header,
        signature: batch.signature,
        position,
        batchPath: merklePath(
          block.signed.map(({ hash }) => leafOfHash(hash)),
          position
        ),
        verdict: JSON.parse(leaves[before + index]!),
        verdictIndex: before + index,
        verdictPath: merklePath(leaves.map(leafHash), before + index),
        header: block.executed.header,
        certificate: block.certificate,
        recent:
          block === newest
            ? null
            : { certificate: newest.certificate, header: newest.executed.header, path: pathTo(height) },
        changes,
        set: newest.set
      }
    }
  }
}
