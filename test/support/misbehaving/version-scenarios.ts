import type { Scenario, Step } from './step.js'

/** The one of test/fixtures/builds that partners are upgraded from. */
export const EARLIER = '2d547d5'

const wait = (seconds: number): Step => ({ do: 'wait', seconds })

const runs = (id: string, build: string | null): Step => ({ do: 'change the build', who: [id], build })

/** Four partners that do not all run the same build. */
export const VERSION_SCENARIOS: readonly Scenario[] = [
  {
    name: 'all upgraded, one after the other',
    links: 'loopback',
    build: EARLIER,
    pauseMsMax: 20_000,
    steps: [...['p1', 'p2', 'p3', 'p4'].flatMap((id) => [runs(id, null), wait(4)]), wait(2)]
  },
  {
    name: 'two upgraded and two not, and each lot is needed by the other',
    links: 'loopback',
    build: EARLIER,
    steps: [
      runs('p1', null),
      runs('p2', null),
      wait(4),
      ...['p2', 'p3'].flatMap((id): Step[] => [
        { do: 'kill', who: [id] },
        wait(4),
        { do: 'restart', who: [id] },
        wait(2)
      ]),
      { do: 'lose the copy', who: ['p4'] },
      wait(12),
      { do: 'lose the copy', who: ['p1'] },
      wait(4)
    ]
  },
  {
    name: 'one upgraded, and taken back to the build before',
    links: 'loopback',
    build: EARLIER,
    pauseMsMax: 20_000,
    steps: [runs('p2', null), wait(5), runs('p2', EARLIER), wait(5)]
  }
]
