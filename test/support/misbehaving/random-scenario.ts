import { seededRandom } from '../../simulation/virtual-clock.js'
import { cut, type Links, type Scenario, type Step } from './step.js'
import { EARLIER } from './version-scenarios.js'

const ALL = ['p1', 'p2', 'p3', 'p4']
const STEPS_MIN = 3
const STEPS_MAX = 9
/** How many scenarios begin with an earlier build, and how many of its partners are upgraded. */
const UPGRADING = 0.3
const UPGRADED = 0.75
/** How many of the others have a partner whose disk fills up. */
const FULL_DISKS = 0.2

/**
 * A scenario from a seed: the same for the same seed and links. At most one partner at a time loses something that it
 * had signed: four partners bear no more than one of those.
 */
export function randomScenario(seed: number, kinds: readonly Links[]): Scenario {
  const random = seededRandom(seed)
  const any = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const links = any(kinds)
  const forgetful = any(ALL)
  const steps: Step[] = []
  const count = STEPS_MIN + Math.floor(random() * (STEPS_MAX - STEPS_MIN + 1))
  const some = (): string[] => {
    const size = any([1, 1, 1, 2, 2, 3, 4])
    const shuffled = ALL.map((id) => ({ id, at: random() })).sort((a, b) => a.at - b.at)
    return shuffled.slice(0, size).map(({ id }) => id)
  }
  const pause = (): Step => ({
    do: 'wait',
    seconds: Math.round(any([0.3, 1, 3, 6, 12, 30]) * (0.5 + random()) * 10) / 10
  })
  const forget = (): Step[] => {
    const who = [forgetful]
    if (forgetful === 'p1' || random() < 0.5)
      return [
        any([
          { do: 'lose the copy', who },
          { do: 'restore', who }
        ])
      ]
    return [{ do: 'lose all but the key', who }]
  }
  const process = (): Step[] => {
    const who = some()
    switch (any(['kill', 'restart', 'pause', 'wake', 'forget'])) {
      case 'kill':
        return [{ do: 'kill', who }]
      case 'pause':
        return [{ do: 'pause', who }]
      case 'wake':
        return [
          { do: 'resume', who: ALL },
          { do: 'restart', who }
        ]
      case 'forget':
        return forget()
      default:
        return [{ do: 'restart', who }]
    }
  }
  const link = (): Step[] => {
    const who = some()
    if (links === 'loopback') return process()
    if (random() < 0.3) return [{ do: 'mend the links' }]
    if (links === 'proxies') {
      if (random() < 0.2) return [{ do: 'abandon', who }]
      const weather = any([
        { delayMs: 100 },
        { delayMs: 300, jitterMs: 300 },
        { delayMs: 20, bytesPerSecond: 16_000 },
        { silent: 'in' as const },
        { silent: 'out' as const }
      ])
      return [{ do: 'weather', who, weather }]
    }
    const others = ALL.filter((id) => !who.includes(id))
    return random() < 0.6 ? cut(who, others) : [{ do: 'silence', from: who, to: some() }]
  }
  steps.push({ do: 'back up', who: [forgetful] }, pause())
  for (let at = 0; at < count; at++) steps.push(...(random() < 0.5 ? link() : process()), pause())
  const scenario = { name: `seed ${seed}`, links, steps }
  if (random() < UPGRADING) return { ...scenario, build: EARLIER, steps: withUpgrades(steps, random) }
  return random() < FULL_DISKS ? withFullDisk(scenario, any(ALL), random) : scenario
}

/** The first scenario from a seed on that waits for no longer than this in all. */
export function shortScenario(seed: number, kinds: readonly Links[], secondsMax: number): Scenario {
  for (let next = seed; ; next++) {
    const scenario = randomScenario(next, kinds)
    const waits = scenario.steps.map((step) => (step.do === 'wait' ? step.seconds : 0))
    if (waits.reduce((sum, seconds) => sum + seconds, 0) <= secondsMax) return scenario
  }
}

/**
 * At some time a partner has no room any more, and stops. It has to run then; who is started again meanwhile stops anew, so
 * that it stays down until the healing gives it room.
 */
function withFullDisk(scenario: Scenario, who: string, random: () => number): Scenario {
  const at = 1 + Math.floor(random() * scenario.steps.length)
  const steps = [...scenario.steps]
  const before: Step[] = [
    { do: 'mend the links' },
    { do: 'resume', who: ALL },
    { do: 'restart', who: ALL },
    { do: 'wait', seconds: 2 }
  ]
  steps.splice(at, 0, ...before, { do: 'fill the disk', who: [who] }, { do: 'wait', seconds: 5 })
  return {
    ...scenario,
    smallDisk: who,
    steps: steps.filter((step, index) => index <= at + before.length || !starts(step, who))
  }
}

/** Whether a step starts this partner, which cannot start on a full disk. */
function starts(step: Step, who: string): boolean {
  return 'who' in step && step.who.includes(who) && step.do !== 'kill' && step.do !== 'pause'
}

/** Each of most partners is upgraded at some time. */
function withUpgrades(steps: readonly Step[], random: () => number): Step[] {
  const all = [...steps]
  for (const id of ALL) {
    if (random() >= UPGRADED) continue
    all.splice(Math.floor(random() * (all.length + 1)), 0, { do: 'change the build', who: [id], build: null })
  }
  return all
}
