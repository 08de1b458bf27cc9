import { seededRandom } from './virtual-clock.js'

/** How the version of a network goes on in a run. Software of the run knows versions up to 3, unless said otherwise. */
export interface VersionPlan {
  /** Version in which it begins. From 1 it is raised to 2 by what all partners say. */
  readonly founded: 1 | 2
  /** Milliseconds at which partners begin to agree to version 2. */
  readonly raiseMs: number
  /** Milliseconds at which somebody proposes version 3. */
  readonly nextMs: number
  /** Voters and observers, by index, whose software knows versions up to 2 until they are upgraded: any number of them. */
  readonly behind: readonly number[]
  /** Milliseconds at which they are. */
  readonly upgradeMs: number
}

/** Share of runs in which it goes on. */
const VERSIONED_SHARE = 0.15

/** Drawn apart, so that what else a seed says does not depend on it. */
export function versionPlanOf(seed: number, partners: number, healMs: number): VersionPlan | null {
  const random = seededRandom(seed ^ 0x7e51)
  if (random() >= VERSIONED_SHARE) return null
  const share = random() < 0.5 ? 1 / partners : random()
  return {
    founded: random() < 0.6 ? 1 : 2,
    raiseMs: healMs * 0.3 * random(),
    nextMs: healMs * (0.3 + 0.3 * random()),
    behind: Array.from({ length: partners }, (_, index) => index).filter(() => random() < share),
    upgradeMs: healMs * (0.2 + 0.7 * random())
  }
}
