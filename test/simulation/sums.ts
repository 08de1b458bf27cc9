import type { Simulated } from './simulation.js'

/** A run of four or more partners has so many heights, and so many faults, unless it is a small one on purpose. */
export const HEIGHTS_MIN = 30
export const FAULTS_MIN = 20

/** What many runs amount to, for the reader of a summary. */
export interface Sums {
  runs: number
  /** Runs of at least four partners. */
  ofFour: number
  /** Runs as they are meant: of at least four partners, HEIGHTS_MIN heights and FAULTS_MIN faults. */
  whole: number
  heights: number
  faults: number
  crashes: number
  losses: number
  events: number
  acknowledged: number
  refused: number
  /** Lies in the chain, and lies that had to be there. */
  evidence: number
  lies: number
  joined: number
  /** Runs in which partners leave, pause, have another role or key; and changes agreed on. */
  governed: number
  changes: number
  /** Runs in which the version of the network was raised, and those in which some knew it too late. */
  raised: number
  behind: number
  /** Runs in which the quorum was lost for good, and a new epoch began. */
  recovered: number
  /** Runs with so many silent that nothing may be decided, and runs with liars. */
  silent: number
  /** Of the former those in which they fell in the middle. */
  fellSilent: number
  lying: number
  roundMax: number
  votersMax: number
  convergedMsMax: number
}

export function noSums(): Sums {
  const all = {
    runs: 0,
    ofFour: 0,
    whole: 0,
    heights: 0,
    faults: 0,
    crashes: 0,
    losses: 0,
    events: 0,
    acknowledged: 0,
    refused: 0
  }
  const rest = {
    evidence: 0,
    lies: 0,
    joined: 0,
    governed: 0,
    changes: 0,
    raised: 0,
    behind: 0,
    recovered: 0,
    silent: 0,
    fellSilent: 0,
    lying: 0,
    roundMax: 0,
    votersMax: 0,
    convergedMsMax: 0
  }
  return { ...all, ...rest }
}

/** Adds what one run was; the largest of what is a maximum. */
export function addRun(sums: Sums, run: Simulated): void {
  const { scenario } = run
  sums.runs++
  const isOfFour = scenario.voters + scenario.observers >= 4
  sums.ofFour += isOfFour ? 1 : 0
  sums.whole += isOfFour && run.height >= HEIGHTS_MIN && scenario.faults.length >= FAULTS_MIN ? 1 : 0
  sums.heights += run.height
  sums.faults += scenario.faults.length
  sums.crashes += run.crashes
  sums.losses += run.losses
  sums.events += run.events
  sums.acknowledged += run.acknowledged
  sums.refused += run.refused
  sums.evidence += run.evidence
  sums.lies += run.lies
  sums.joined += scenario.joiners
  sums.governed += scenario.changes.length > 0 ? 1 : 0
  sums.changes += run.changes
  const plan = scenario.version
  sums.raised += plan !== null && run.version > plan.founded ? 1 : 0
  sums.behind += plan !== null && run.version > 2 && plan.behind.length > 0 && plan.upgradeMs > plan.nextMs ? 1 : 0
  sums.recovered += scenario.recovery !== null ? 1 : 0
  sums.silent += scenario.silent > 0 ? 1 : 0
  sums.fellSilent += scenario.silentFromMs > 0 ? 1 : 0
  sums.lying += scenario.liars > 0 ? 1 : 0
  sums.roundMax = Math.max(sums.roundMax, run.roundMax)
  sums.votersMax = Math.max(sums.votersMax, scenario.voters)
  if (run.broken === null) sums.convergedMsMax = Math.max(sums.convergedMsMax, Math.round(run.convergedMs))
}

/** Adds what another process has summed up. */
export function addSums(sums: Sums, other: Sums): void {
  for (const name of Object.keys(sums) as (keyof Sums)[]) {
    sums[name] = name.endsWith('Max') ? Math.max(sums[name], other[name]) : sums[name] + other[name]
  }
}
