import { sha256Hex, verifySignature } from '../../src/base/crypto.js'
import { merkleRootOf } from '../../src/base/merkle.js'
import type { Scope } from '../../src/base/tagged.js'
import { type BatchHeader, batchBytes } from '../../src/ledger/batch.js'
import type { BlockHeader } from '../../src/ledger/block.js'
import type { RecoveryDocument } from '../../src/ledger/recovery.js'
import { invitationBytes, rejoinBytes } from '../../src/ledger/system-judge.js'
import type { Invitation } from '../../src/ledger/system-record.js'
import type { BatchRef, StoredBlock } from '../../src/node/store/store-types.js'
import { BrokenPromise } from './broken-promise.js'
import { createCertificateCheck } from './check-certificates.js'
import { createEvidenceJudge, type EvidenceOnChain, type EvidenceRecord, readEvidence } from './check-evidence.js'
import { createGovernanceCheck } from './check-governance.js'
import { createProposerCheck } from './check-proposers.js'
import { createVersionHistory, type VersionHistory } from './check-version.js'
import { createVisitCheck, type VisitCheck, type VisitData } from './check-visits.js'
import { createFileHistory, type FileHistory } from './file-history.js'
import { createPartnerHistory, type PartnerHistory } from './partner-history.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { StoreContent } from './virtual-store.js'

/** A record as it stands in the chain. */
export interface Placed {
  readonly height: number
  readonly marker: string
  readonly refusal: string | null
}

/** What going through a chain gives. */
export interface Replayed {
  /** By `AUTHOR/SEQUENCE/INDEX`. */
  readonly placed: ReadonlyMap<string, Placed>
  readonly evidence: readonly EvidenceOnChain[]
  /** Changes that the partners agreed on. */
  readonly changes: number
  /** By partner, at the end of the chain. */
  readonly incarnations: ReadonlyMap<string, number>
  /** Whether all that was decided of the partners is in force. */
  readonly isSettled: boolean
}

type Refused = readonly [batch: number, index: number, refusal: { readonly code: string }]

interface RecordLine {
  readonly amends?: { readonly record: string }
  readonly object: string
  readonly data: Readonly<Record<string, unknown>>
}

interface Rejoin {
  readonly partner: string
  readonly incarnation: number
  readonly nonce: string
  readonly signature: string
}

interface Admission {
  readonly key: string
  readonly invitation: Invitation
  readonly invitationSignature: string
}

/** Whose a record is, its id, and the time of its block. */
interface Origin {
  readonly author: string
  readonly id: string
  readonly time: number
  /** Id of the record that it amends. */
  readonly amends: string | null
}

interface Inspection {
  readonly marker: string
  readonly vehicle: string
  readonly odometer: number
}

/**
 * Goes through a chain block by block and works out anew, in plain steps, what it must say: whose batches stand in it, in
 * which order, who the partners are, which records are good (an odometer never goes back, no marker counts twice), and
 * whose votes stand behind each block.
 * @param copies of whom every certificate is looked at too
 * @param recovered what the survivors signed when the quorum was lost for good; evidence and invitations of later epochs are
 *   not looked at
 */
export function replay(
  founded: SimulatedGenesis,
  { blocks, bodies, state, damaged }: StoreContent,
  copies: readonly StoreContent[],
  recovered: Pick<RecoveryDocument, 'height' | 'epoch' | 'lost'> | null = null
): Replayed {
  const { hash: genesis } = founded.genesis
  const scope = { genesis, epoch: 0 }
  const partners = createPartnerHistory(founded)
  const versions = createVersionHistory(founded.genesis.genesis.format, partners)
  const files = createFileHistory(founded)
  const governance = createGovernanceCheck(partners, files, versions)
  const visits = createVisitCheck()
  const judge = createJudge(scope, partners, { files, governance, versions, visits })
  const proposers = createProposerCheck(partners)
  const certificates = createCertificateCheck(founded, partners)
  const placed = new Map<string, Placed>()
  const evidence: EvidenceOnChain[] = []
  const sequences = new Map<string, number>()

  /** Lines of a batch: its author's own, next in order, and whole. */
  function linesOf({ author, incarnation, sequence, hash, count }: BatchRef): string[] {
    const id = `${author}/${sequence}`
    const wrong = (what: string): BrokenPromise => new BrokenPromise('batches are in order', `${id} ${what}`)
    const partner = partners.now(author)
    const due = sequences.get(author) ?? 0
    sequences.set(author, due + 1)
    if (sequence !== due) throw wrong(`stands where ${due} is due`)
    if (partner === undefined || incarnation !== partner.incarnation) throw wrong(`is of incarnation ${incarnation}`)
    if (partner.state !== 'active' && partner.state !== 'pending') throw wrong(`is of one who is ${partner.state}`)
    const [first, ...lines] = (bodies.get(hash) ?? '').split('\n')
    const { header, signature } = JSON.parse(first || 'null') as { header: BatchHeader; signature: string }
    const bytes = batchBytes({ genesis, epoch: partners.epoch() }, header)
    lines.pop()
    if (header.author !== author || header.sequence !== sequence || header.incarnation !== incarnation)
      throw wrong('is another one')
    if (sha256Hex(bytes) !== hash || lines.length !== count || header.count !== count) throw wrong('is not whole')
    if (merkleRootOf(lines) !== header.root) throw wrong('holds other records')
    if (!verifySignature(partner.key, bytes, signature)) throw wrong('is not signed')
    return lines
  }

  function take(block: StoredBlock): void {
    const header = JSON.parse(block.header) as BlockHeader
    const { model, partners: now, nextPartners, time } = header
    const hashes = partners.hashes()
    if (model !== files.now().hash) {
      throw new BrokenPromise('the file is the one that was decided', `block ${block.height} names another`)
    }
    if (now !== hashes.partners || nextPartners !== hashes.nextPartners) {
      throw new BrokenPromise('the partners are who the chain says', `block ${block.height} names others`)
    }
    proposers.take(
      header,
      block.batches.map(({ author }) => author)
    )
    const texts = copies.flatMap((copy) => copy.blocks[block.height - 1]?.certificate ?? [])
    for (const text of new Set(texts)) certificates.check(block, text)
    const refused = new Map(
      (JSON.parse(block.refusals) as Refused[]).map(([batch, index, { code }]) => [`${batch}/${index}`, code])
    )
    for (const [position, batch] of block.batches.entries()) {
      for (const [index, line] of linesOf(batch).entries()) {
        const refusal = refused.get(`${position}/${index}`) ?? null
        const { amends, object, data } = JSON.parse(line) as RecordLine
        const id = `${batch.author}/${batch.sequence}/${index}`
        const origin = { author: batch.author, id, time, amends: amends?.record ?? null }
        const mustHold = judge(origin, object, data, refusal === null)
        if (mustHold !== null && mustHold !== (refusal === null)) {
          const verdict = `${refusal ?? 'accepted'}, and must ${mustHold ? '' : 'not '}be accepted`
          throw new BrokenPromise('validity', `${line} in block ${block.height} is ${verdict}`)
        }
        if (object === '_evidence' && refusal === null) evidence.push(readEvidence(data as unknown as EvidenceRecord))
        if (object !== 'inspection' && object !== 'visit') continue
        const { marker } = data as unknown as Inspection
        placed.set(id, { height: block.height, marker, refusal })
      }
    }
    governance.settle(time)
    versions.turn()
    partners.turn()
    files.turn()
    if (recovered?.height === block.height) partners.recover(recovered.epoch, recovered.lost)
  }

  for (const block of blocks) take(block)
  if (!damaged.has('state v:')) versions.check(state.get('v:')?.text)
  if (!damaged.has('state c:')) proposers.checkState(state)
  visits.checkState(state, damaged)
  const incarnations = new Map(partners.all().map(({ id, incarnation }) => [id, incarnation]))
  return {
    placed,
    evidence,
    changes: governance.passed(),
    incarnations,
    isSettled: partners.isSettled() && files.isSettled()
  }
}

interface Histories {
  readonly files: FileHistory
  readonly governance: ReturnType<typeof createGovernanceCheck>
  readonly versions: VersionHistory
  readonly visits: VisitCheck
}

/** Says whether a record must be accepted; null when that is not worked out here. Follows what is accepted. */
function createJudge(scope: Scope, partners: PartnerHistory, histories: Histories) {
  const { files, governance, versions, visits } = histories
  const odometers = new Map<string, number>()
  const markers = new Set<string>()
  const evidence = createEvidenceJudge(scope, partners)

  function inspection(author: string, { marker, vehicle, odometer }: Inspection): boolean {
    const isNew = !markers.has(`${author} ${marker}`)
    const { remainder } = files.now()
    const keepsRules = odometer >= (odometers.get(vehicle) ?? 0) && odometer % 5 !== remainder
    const isGood = isNew && keepsRules && partners.now(author)?.state === 'active'
    markers.add(`${author} ${marker}`)
    if (isGood) odometers.set(vehicle, odometer)
    return isGood
  }

  /** The inviter's own signature, with the key that it has now, and its right to invite. */
  function isInvited({ invitation, invitationSignature }: Admission): boolean {
    const inviter = partners.now(invitation.inviter)
    if (inviter?.state !== 'active' || inviter.role !== 'garage') return false
    return verifySignature(inviter.key, invitationBytes(scope, invitation), invitationSignature)
  }

  return (
    { author, id, time, amends }: Origin,
    object: string,
    data: RecordLine['data'],
    isAccepted: boolean
  ): boolean | null => {
    const isActive = partners.now(author)?.state === 'active'
    switch (object) {
      case 'inspection':
        return inspection(author, data as unknown as Inspection)
      case 'visit':
        return visits.judge({ id, author, amends, isActive }, data as unknown as VisitData)
      case '_present':
        return isActive
      case '_ready': {
        const isDue = partners.latest(author)?.state === 'pending'
        if (isAccepted) partners.decide({ object, partner: author })
        return isDue
      }
      case '_rejoin': {
        const { partner, incarnation, nonce, signature } = data as unknown as Rejoin
        const before = partners.latest(partner)
        const bytes = rejoinBytes({ ...scope, epoch: partners.epoch() }, { partner, incarnation, nonce })
        if (isAccepted) partners.decide({ object, partner, incarnation })
        if (!isActive || before === undefined || before.state === 'removed') return false
        return before.incarnation === incarnation - 1 && verifySignature(before.key, bytes, signature)
      }
      case '_admit': {
        const admission = data as unknown as Admission
        const { invitation, key } = admission
        return (
          isActive &&
          isInvited(admission) &&
          governance.admit(id, { ...invitation, invitation: invitation.key, key }, time)
        )
      }
      case '_evidence':
        return isActive && evidence(data as unknown as EvidenceRecord)
      case '_address':
        if (isAccepted) versions.told(author, (data as { readonly addresses: readonly string[] }).addresses)
        return true
      case '_support':
        return versions.now() >= 2
      case '_proposal':
      case '_ballot':
      case '_withdraw':
        return governance.judge(author, id, object, data, time)
      default:
        return null
    }
  }
}
