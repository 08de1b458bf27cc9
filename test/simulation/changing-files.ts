import type { JsonObject } from '../../src/base/json.js'
import type { GovernanceProposal } from '../../src/ledger/governance-state.js'
import type { NetworkDefinition } from '../../src/ledger/network-definition.js'
import type { Chain } from '../../src/node/chain.js'
import type { PlannedFile } from './file-plan.js'
import { openProposalsAt } from './open-proposals.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import { headOf, isGoverning, type Speaker, say, speakersOf } from './speakers.js'
import type { Trace } from './trace.js'
import { seededRandom, type VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/** Milliseconds between two looks, and until something is said again that no block has. */
const LOOK_MS = { min: 300, spread: 1_500 }
const REPEAT_MS = 5_000

/** Share of those who see a proposal and vote at once. */
const VOTE_SHARE = 0.6

const EXPIRES_MS = 3_600_000

export interface ChangingFilesOptions {
  readonly seed: number
  readonly files: readonly PlannedFile[]
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly founded: SimulatedGenesis
}

/** What operators do to bring one network file after the other into force. Without files it does nothing. */
export function createChangingFiles({ seed, files, clock, trace, founded }: ChangingFilesOptions) {
  const random = seededRandom(seed ^ 0xf11e)
  const saidAtMs = new Map<string, number>()
  let honest: readonly VirtualPartner[] = []
  let next = 0

  const fileOf = (at: number): NetworkDefinition => founded.fileOf(`file ${at}`, files[at]!.settings)

  function isDue(what: string): boolean {
    const before = saidAtMs.get(what)
    if (before !== undefined && clock.now() - before < REPEAT_MS) return false
    saidAtMs.set(what, clock.now())
    return true
  }

  function propose(network: NetworkDefinition): void {
    const may = speakersOf(honest).filter(isGoverning)
    const speaker = may[Math.floor(random() * may.length)]
    if (speaker === undefined || !isDue(`propose ${network.title}`)) return
    const change = { kind: 'model', network: network as unknown as JsonObject }
    const expires = speaker.replica.chain.tip.time + EXPIRES_MS
    say(trace, speaker, '_proposal', { change, expires, reason: '' })
  }

  function vote({ id, ballots }: GovernanceProposal): void {
    const voters = speakersOf(honest).filter(isGoverning)
    for (const speaker of voters) {
      if (random() >= VOTE_SHARE || hasSaidYes(speaker, ballots) || !isDue(`${speaker.partner.id} ${id}`)) continue
      say(trace, speaker, '_ballot', { proposal: id, reason: '', yes: true })
    }
  }

  function hasSaidYes({ partner }: Speaker, ballots: GovernanceProposal['ballots']): boolean {
    return ballots.some((ballot) => ballot.partner === partner.id && ballot.yes)
  }

  /** The open proposal of a file. */
  function proposalOf({ store }: Chain, network: NetworkDefinition): GovernanceProposal | undefined {
    const hash = founded.hashOfFile(network)
    const open = openProposalsAt(store.state)
    return open.find(({ change }) => change.kind === 'model' && change.model === hash)
  }

  function attend(): void {
    const chain = headOf(honest)?.chain
    const planned = files[next]
    if (planned === undefined) return
    const file = fileOf(next)
    const title = `file ${next}`
    if (chain !== undefined && chain.rulebook.model.network.title === title) {
      trace.note(`${title} is in force`)
      next++
    } else if (chain !== undefined && chain.rulebook.models.next.model.network.title !== title)
      press(chain, planned, file)
    const waitMs = Math.max(0, (files[next]?.atMs ?? 0) - clock.now())
    clock.plan(waitMs + LOOK_MS.min + random() * LOOK_MS.spread, attend)
  }

  function press(chain: Chain, planned: PlannedFile, file: NetworkDefinition): void {
    const proposal = proposalOf(chain, file)
    if (proposal === undefined) propose(file)
    else vote(proposal)
    if (planned.hasRival && random() < 0.5) propose(founded.fileOf(`rival ${next}`, planned.settings))
  }

  return {
    isPlanned: files.length > 0,
    begin(given: { readonly honest: readonly VirtualPartner[] }): void {
      honest = given.honest
      const [first] = files
      if (first !== undefined) clock.plan(first.atMs, attend)
    },
    /** Whether all of them were in force, the last one with each of these. */
    isOver(lasting: readonly VirtualPartner[]): boolean {
      if (next < files.length) return false
      const title = files.length === 0 ? null : `file ${files.length - 1}`
      return title === null || lasting.every(({ replica }) => replica?.chain.rulebook.model.network.title === title)
    }
  }
}

export type ChangingFiles = ReturnType<typeof createChangingFiles>
