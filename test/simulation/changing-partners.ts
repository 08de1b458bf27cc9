import { partnerOf } from '../../src/ledger/partner-set.js'
import { createDirectory } from './directory.js'
import { isForGood } from './governance-plan.js'
import { createGoverning, type Governing } from './governing.js'
import { createGovernanceLies, type GovernanceLies, POLITICS } from './lies-in-governance.js'
import type { Scenario } from './scenario.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { Trace } from './trace.js'
import { seededRandom, type VirtualClock } from './virtual-clock.js'
import type { VirtualPartner } from './virtual-partner.js'
import type { Submission } from './workload.js'

/** Share of the ways to meddle that one liar has. */
const POLITICS_SHARE = 0.5

export interface ChangingPartnersOptions {
  readonly scenario: Scenario
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly founded: SimulatedGenesis
  readonly liars: ReadonlySet<string>
  readonly partner: (id: string) => VirtualPartner
  readonly isHealed: () => boolean
  /** Whom somebody lets in has changed. */
  readonly onChange: () => void
  readonly breaks: (promise: string, why: unknown) => void
}

/** What has to be there before it begins. */
export interface ChangingGround {
  readonly partners: readonly VirtualPartner[]
  readonly honest: readonly VirtualPartner[]
  readonly mayRun: (partner: VirtualPartner) => boolean
  readonly onLoss: (partner: VirtualPartner) => void
  /** What somebody waits for in vain. */
  readonly unheard: (partner: VirtualPartner) => Submission | undefined
}

/**
 * All that belongs to partners who leave, pause, or have another key or role in the middle of a run. Has its own random
 * numbers; where nothing is planned it does nothing, and the run is what it would be without it.
 */
export function createChangingPartners(options: ChangingPartnersOptions) {
  const { scenario, clock, trace, founded, liars, partner, isHealed, onChange, breaks } = options
  const { changes, seed } = scenario
  const isPlanned = changes.length > 0
  const random = seededRandom(seed ^ 0x901e)
  const ids = [...founded.voters, ...founded.observers]
  const targets = new Set(changes.map((change) => ids[change.partner]!))
  const forGood = new Set(changes.filter(isForGood).map((change) => ids[change.partner]!))
  const directory = createDirectory({ clock, partner, keyOf: founded.keyOf, liars, onChange })
  const incarnations = new Map<string, number>()
  const lies = new Map<string, GovernanceLies>()
  let governing: Governing | null = null
  let ground: ChangingGround | null = null

  function planLies(): void {
    for (const id of isPlanned ? liars : []) {
      const ways = new Set(scenario.politics ?? POLITICS.filter(() => random() < POLITICS_SHARE))
      const made = createGovernanceLies({ clock, random, founded, liar: partner(id), ways, isHealed })
      lies.set(id, made)
      made.begin()
    }
  }

  /** Whoever waited when what he appended became void is told so at once. */
  function watchVoid(by: VirtualPartner): void {
    const now = partnerOf(by.replica!.chain.rulebook.partners, by.id)?.incarnation ?? 0
    const before = incarnations.get(by.id) ?? 0
    incarnations.set(by.id, now)
    if (now <= before || !targets.has(by.id) || liars.has(by.id)) return
    const { life } = by
    clock.plan(0, () => {
      const submission = by.life === life ? ground?.unheard(by) : undefined
      if (submission === undefined) return
      breaks('what becomes void is told', `${submission.marker} of ${by.id}, now of incarnation ${now}`)
    })
  }

  return {
    lets: isPlanned ? directory.lets : null,
    liesOf: (id: string): GovernanceLies | null => lies.get(id) ?? null,
    onRunning(by: VirtualPartner): void {
      if (isPlanned) directory.update(by)
    },
    onCommitted(by: VirtualPartner): void {
      if (!isPlanned || by.replica === null) return
      directory.update(by)
      watchVoid(by)
    },
    /** Plans all of it. */
    begin(given: ChangingGround): void {
      ground = given
      planLies()
      const { isNamed } = directory
      governing = createGoverning({ clock, random, trace, founded, isNamed, ...given })
      governing.plan(changes)
    },
    /** Whether its key is lost, and none has taken its place yet. */
    isKeyless: (by: VirtualPartner): boolean => governing?.isKeyless(by) === true,
    /** Whether it is to be no partner in the end. */
    isForGood: (id: string): boolean => forGood.has(id),
    /** Partners of whom something is void in the end that had an id. */
    targets: targets as ReadonlySet<string>,
    /** Whether all that was planned is in force with each of them. */
    isOver(lasting: readonly VirtualPartner[]): boolean {
      if (!isPlanned) return true
      const sets = lasting.map(({ replica }) => replica?.chain.rulebook)
      return governing?.isOver() === true && sets.every((each) => each?.partners === each?.nextPartners)
    }
  }
}

export type ChangingPartners = ReturnType<typeof createChangingPartners>
