import { LedgerError, type Refusal } from '../base/errors.js'
import { changeIn, openProposalsIn, proposalIn } from '../ledger/governance-state.js'
import type { Model } from '../ledger/model.js'
import { touchesRecords } from '../ledger/rehearsal.js'
import type { Chain } from './chain.js'
import type { Logger } from './log.js'
import type { ModelHistory } from './model-history.js'
import { fileProblem, readDefinition } from './network-proposal.js'
import { rehearse } from './rehearsal.js'
import type { RehearsalOptions, RehearsalReport, RehearsalRequest, RehearsalView } from './rehearsal-types.js'
import type { SetHistory } from './set-history.js'

/** Results that are kept, those of proposals that are over too. */
const KEPT_MAX = 64

/** Rehearsals that are asked for and under way at a time. */
export const ASKED_MAX = 4

export interface RehearsalsDependencies {
  readonly chain: Chain
  readonly sets: SetHistory
  readonly models: ModelHistory
  readonly log: Logger
}

/**
 * What network files would have said of the records on the chain. Those that are proposed are rehearsed by each node by
 * itself, one after another, so that whoever votes need not take the word of whoever proposed.
 */
export function createRehearsals({ chain, sets, models, log }: RehearsalsDependencies) {
  const kept = new Map<string, RehearsalView>()
  const waiting: string[] = []
  const closing = new AbortController()
  let open: readonly string[] = []
  let working: Promise<void> | null = null

  function keep(id: string, view: RehearsalView): void {
    kept.set(id, view)
    const [oldest] = kept.keys()
    if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest)
  }

  /** Takes up the proposals that were opened since the last time. */
  function committed(): void {
    const now = openProposalsIn(chain.store.state)
    if (now === open) return
    const before = new Set(open)
    open = now
    for (const id of now) {
      if (before.has(id) || !touches(id)) continue
      keep(id, { state: 'waiting' })
      waiting.push(id)
    }
    start()
  }

  function start(): void {
    if (waiting.length === 0 || working !== null || closing.signal.aborted) return
    working = work().finally(() => {
      working = null
      start()
    })
  }

  function touches(id: string): boolean {
    const proposal = proposalIn(chain.store.state, id)
    if (proposal?.change.kind !== 'model') return false
    const before = models.of(proposal.base)
    return before !== undefined && touchesRecords(before, proposedModel(id).network)
  }

  async function work(): Promise<void> {
    // Not within the block that opened it.
    await new Promise((resolve) => setImmediate(resolve))
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await rehearseOne(id)
  }

  async function rehearseOne(id: string): Promise<void> {
    const { signal } = closing
    const onProgress = (done: number, total: number): void => keep(id, { state: 'running', done, total })
    try {
      const report = await rehearse({ chain, sets }, proposedModel(id), { signal, onProgress })
      keep(id, { state: 'done', ...report })
      log.info('a proposal was rehearsed', { proposal: id, records: report.records, refused: report.refused })
    } catch (error) {
      if (signal.aborted) return
      log.warn('a proposal could not be rehearsed', { proposal: id, error })
      keep(id, { state: 'failed', why: error instanceof Error ? error.message : String(error) })
    }
  }

  function proposedModel(id: string): Model {
    const proposal = proposalIn(chain.store.state, id)
    if (proposal === null) throw new LedgerError('NOT_FOUND', `there is no proposal ${id}`, { id })
    const change = changeIn(chain.store.state, chain.rulebook.model.limits, proposal)
    if (change.kind === 'model') return change.model
    throw new LedgerError('USAGE', `proposal ${id} is of kind ${change.kind}; only a network file can be rehearsed`)
  }

  /** What is rehearsed, and of a file why it could not be proposed. */
  function wanted(request: RehearsalRequest): { model: Model; problem: Refusal | null } {
    if ('proposal' in request) return { model: proposedModel(request.proposal), problem: null }
    const { network, model } = readDefinition(request.network, chain.rulebook.model.limits)
    return { model, problem: fileProblem(chain, network) }
  }

  let asked = 0

  return {
    committed,
    /** How that of a proposal stands; undefined where there is none. */
    of: (id: string): RehearsalView | undefined => kept.get(id),
    async rehearse(request: RehearsalRequest, options: RehearsalOptions): Promise<RehearsalReport> {
      const { model, problem } = wanted(request)
      // Each has a state of its own.
      if (asked >= ASKED_MAX) throw new LedgerError('BUSY', `${ASKED_MAX} rehearsals are under way; try again later`)
      asked += 1
      try {
        const report = await rehearse({ chain, sets }, model, options)
        return problem === null ? report : { ...report, problem }
      } finally {
        asked -= 1
      }
    },
    /** Resolves when nothing is read any more. */
    async close(): Promise<void> {
      closing.abort()
      await working
    }
  }
}

export type Rehearsals = ReturnType<typeof createRehearsals>
