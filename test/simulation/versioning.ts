import { agreedBy, versionMark } from '../../src/ledger/version-agreement.js'
import type { CommittedBlock } from '../../src/node/chain.js'
import { systemRecord } from '../../src/node/duties.js'
import type { Replica } from '../../src/node/replica-types.js'
import { openProposalsAt } from './open-proposals.js'
import type { Scenario } from './scenario.js'
import type { Trace } from './trace.js'
import type { VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'

/** Versions that software of a run knows: present software, and that of partners who are behind. */
export const KNOWN_MAX = 3
export const KNOWN_BEHIND = 2

/** How often somebody looks what is to be said, and says it again, milliseconds. */
const LOOK_MS = 600
const REPEAT_MS = 4_000

const EXPIRES_MS = 3_600_000

/** What is signed is a line with its tag, then JSON. */
const VOTE_OR_PROPOSAL = /^ledger\/(?:vote|proposal)\//

export interface VersioningOptions {
  readonly scenario: Pick<Scenario, 'version'>
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly complain: (why: string) => void
}

export interface VersioningGround {
  readonly partners: readonly VirtualPartner[]
  readonly honest: readonly VirtualPartner[]
  readonly mayRun: (partner: VirtualPartner) => boolean
}

/**
 * Operators who raise the version of the network, and upgrade their software sooner or later. Watches that nobody signs
 * anything for a height that is judged by a version which its software does not know.
 */
export function createVersioning({ scenario, clock, trace, complain }: VersioningOptions) {
  const plan = scenario.version
  /** Versions by the height from which they are in force, as blocks decided them. */
  const inForce = new Map<number, number>()
  const said = new Map<string, number>()
  let ground: VersioningGround | null = null

  function say({ id }: VirtualPartner, replica: Replica, object: string, data: object): void {
    const what = `${id} ${object} ${JSON.stringify(data)}`
    if (clock.now() - (said.get(what) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return
    said.set(what, clock.now())
    trace.note(`${id} says ${object} of the version`)
    // It ended first: whoever looks again sees what came of it.
    replica.appendSystem(systemRecord(replica.chain, object, data as never)).catch(() => {})
  }

  function able(partners: readonly VirtualPartner[]): [VirtualPartner, Replica][] {
    return partners.flatMap((partner): [VirtualPartner, Replica][] => {
      const { replica } = partner
      if (replica === null || replica.rejoining || !partner.isActive || !replica.own.hasRoom()) return []
      return [[partner, replica]]
    })
  }

  /** In version 1 every partner says that it agrees; and some propose what nobody can propose yet. */
  function agree(): void {
    for (const [partner, replica] of able(ground?.partners ?? [])) {
      const { rulebook, store } = replica.chain
      if (rulebook.nextVersion > 1) continue
      if (agreedBy(store.state, partner.id) === 1) say(partner, replica, '_address', { addresses: [versionMark(2)] })
      else tooEarly(partner, replica)
    }
    clock.plan(LOOK_MS, agree)
  }

  /** Changes nothing in any version: too early in version 1, and too late in version 2. */
  function tooEarly(partner: VirtualPartner, replica: Replica): void {
    const expires = replica.chain.tip.time + EXPIRES_MS
    if (said.has(`${partner.id} ${replica.chain.rulebook.nextVersion}`)) return
    said.set(`${partner.id} ${replica.chain.rulebook.nextVersion}`, clock.now())
    say(partner, replica, '_proposal', { change: { kind: 'version', version: 2 }, expires, reason: '' })
  }

  function proposeNext(): void {
    for (const [partner, replica] of able(ground?.honest ?? [])) {
      const { rulebook, store, tip } = replica.chain
      if (rulebook.version !== 2 || rulebook.nextVersion !== 2) continue
      const open = openProposalsAt(store.state)
      const proposal = open.find(({ change }) => change.kind === 'version')
      const change = { kind: 'version', version: KNOWN_MAX }
      if (proposal !== undefined) say(partner, replica, '_ballot', { proposal: proposal.id, reason: '', yes: true })
      else
        say(partner, replica, '_proposal', {
          change,
          expires: tip.time - (tip.time % REPEAT_MS) + EXPIRES_MS,
          reason: ''
        })
    }
    clock.plan(LOOK_MS, proposeNext)
  }

  function upgrade(partner: VirtualPartner): void {
    trace.note(`${partner.id} is upgraded`)
    partner.versionMax = KNOWN_MAX
    if (partner.isDown) return
    partner.crash()
    if (ground?.mayRun(partner) === true) partner.start()
  }

  function versionAt(height: number): number {
    let newest = 0
    for (const from of inForce.keys()) if (from <= height && from > newest) newest = from
    return inForce.get(newest) ?? plan?.founded ?? KNOWN_BEHIND
  }

  return {
    /** What the software of a partner knows at the start; null where this run is about something else. */
    knownBy: (index: number): number | null => {
      if (plan === null) return null
      return plan.behind.includes(index) ? KNOWN_BEHIND : KNOWN_MAX
    },
    begin(given: VersioningGround): void {
      ground = given
      if (plan === null) return
      if (plan.founded === 1) clock.plan(plan.raiseMs, agree)
      clock.plan(plan.nextMs, proposeNext)
      for (const index of plan.behind) clock.plan(plan.upgradeMs, () => upgrade(given.partners[index]!))
    },
    /** An honest partner has committed a block. */
    onCommitted(partner: VirtualPartner, { header, executed }: CommittedBlock): void {
      if (plan === null) return
      const written = executed.execution.writes.find(({ key }) => key === 'v:')
      if (written !== undefined) {
        const [now, next] = JSON.parse(written.entry.text) as [number, number]
        inForce.set(header.height + 1, now)
        inForce.set(header.height + 2, next)
      }
      const { replica } = partner
      const rulebook = replica?.chain.rulebook
      // In the block between the decision and the version.
      if (replica != null && rulebook?.version === 1 && rulebook.nextVersion > 1 && able([partner]).length > 0) {
        tooEarly(partner, replica)
      }
    },
    onSign(partner: VirtualPartner, bytes: string): void {
      if (plan === null || !VOTE_OR_PROPOSAL.test(bytes)) return
      const { height } = JSON.parse(bytes.slice(bytes.indexOf('\n') + 1)) as { readonly height: number }
      const version = versionAt(height)
      if (version <= (partner.versionMax ?? KNOWN_MAX)) return
      complain(
        `${partner.id} signs at ${height}, which is of version ${version}, and knows up to ${partner.versionMax}`
      )
    },
    /** The newest version that was in force. */
    newest: (): number => Math.max(plan?.founded ?? 0, ...inForce.values())
  }
}
