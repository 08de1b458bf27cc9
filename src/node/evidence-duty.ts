import { type ConsensusState, tallyOf } from '../consensus/state.js'
import type { Evidence as SeenEvidence } from '../consensus/types.js'
import type { Certificate } from '../ledger/certificate.js'
import {
  countIn,
  EVIDENCE_MAX,
  evidenceData,
  evidenceKey,
  evidencePlace,
  incarnationCountKey,
  judgeEvidence
} from '../ledger/evidence.js'
import { partnerOf } from '../ledger/partner-set.js'
import type { CheckedRecord } from '../ledger/record.js'
import type { Evidence } from '../ledger/system-record.js'
import type { Chain } from './chain.js'
import { systemRecord } from './duties.js'
import type { Logger } from './log.js'
import type { SystemOutcome } from './replica-types.js'

export interface EvidenceDutyDependencies {
  readonly chain: Chain
  readonly self: string
  readonly log: Logger
  readonly syncing: () => boolean
  readonly append: (record: CheckedRecord) => Promise<SystemOutcome>
}

interface Kept {
  readonly evidence: Evidence
  /** In an own batch that no block has yet. */
  underWay: boolean
}

/**
 * Sees to it that proven lies get onto the chain, each place once: kept until it stands there, whoever wrote it down, and
 * at most EVIDENCE_MAX of a partner at a time.
 */
export function createEvidenceDuty({ chain, self, log, syncing, append }: EvidenceDutyDependencies) {
  const kept = new Map<string, Kept>()

  function keptOf(partner: string): number {
    let count = 0
    for (const { evidence } of kept.values()) if (evidencePlace(evidence).partner === partner) count++
    return count
  }

  /** Whether a lie at this place is neither known nor one too many. */
  function lacks(key: string, partner: string, incarnation: number): boolean {
    const { state } = chain.store
    if (kept.has(key) || state.get(key) !== undefined) return false
    return countIn(state, incarnationCountKey(partner, incarnation)) + keptOf(partner) < EVIDENCE_MAX
  }

  function write(key: string, item: Kept): void {
    const { scope, partners, nextPartners } = chain.rulebook
    const { partner } = evidencePlace(item.evidence)
    if (chain.store.state.get(key) !== undefined) {
      kept.delete(key)
      return
    }
    if (item.underWay || syncing() || partnerOf(partners, self)?.state !== 'active') return
    // A new partner may be caught before it is in force.
    if (partnerOf(partners, partner) === undefined && partnerOf(nextPartners, partner) !== undefined) return
    const verdict = judgeEvidence({ scope, partners, latest: nextPartners, state: chain.store.state }, item.evidence)
    if (!verdict.ok) {
      kept.delete(key)
      log.debug('evidence would be refused', { partner, refusal: verdict.refusal })
      return
    }
    item.underWay = true
    append(systemRecord(chain, '_evidence', evidenceData(item.evidence)))
      .then((outcome) => {
        // Others see the same lie, and one of them is first.
        if (!outcome.ok) log.debug('evidence was not taken', { partner, ...outcome })
        else log.info('evidence is on the chain', { partner, height: outcome.height })
      })
      .catch((error: unknown) => log.debug('evidence was not appended', { partner, error }))
      .finally(() => {
        item.underWay = false
      })
  }

  return {
    lacks,
    /** Two messages whose signatures are verified and that contradict each other. */
    report(evidence: Evidence): void {
      const key = evidenceKey(evidence)
      const place = evidencePlace(evidence)
      if (place.partner === self || !lacks(key, place.partner, place.incarnation)) return
      log.warn('a partner signed two messages that contradict each other', { kind: evidence.kind, ...place })
      const item = { evidence, underWay: false }
      kept.set(key, item)
      write(key, item)
    },
    /** A former run of the node wrote this down: it need not be written again. @param decided settles with its batch */
    restore(evidence: Evidence, decided: Promise<unknown>): void {
      const item = { evidence, underWay: true }
      kept.set(evidenceKey(evidence), item)
      const end = (): void => {
        item.underWay = false
      }
      decided.then(end, end)
    },
    /** Looks after what is kept; to be called whenever a block has been committed. */
    attend(): void {
      for (const [key, item] of [...kept]) write(key, item)
    }
  }
}

export type EvidenceDuty = ReturnType<typeof createEvidenceDuty>

/** What the consensus machine saw, as the chain has it. */
export function contradiction({ type, first, second }: SeenEvidence): Evidence {
  return type === 'votes' ? { kind: 'vote', first, second } : { kind: 'proposal', first, second }
}

/** Who endorsed a block and told this node something else has lied to one of both. */
export function contradictionsWith(
  state: ConsensusState,
  { block, height, round, votes }: Certificate
): readonly Evidence[] {
  if (state.start.height !== height) return []
  return votes.flatMap(({ voter, incarnation, signature }): Evidence[] => {
    const first = tallyOf(state, round, 'precommit').votes.get(voter)
    if (first === undefined || first.block === block || first.incarnation !== incarnation) return []
    const second = { block, height, incarnation, kind: 'precommit', round, voter, signature } as const
    return [{ kind: 'vote', first, second }]
  })
}
