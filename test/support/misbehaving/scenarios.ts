import { cut, type Links, type Scenario, type Step } from './step.js'

const ALL = ['p1', 'p2', 'p3', 'p4']

const wait = (seconds: number): Step => ({ do: 'wait', seconds })

/** What may befall four partners, each on its own. */
const SCENARIOS: readonly Scenario[] = [
  {
    name: 'one killed after the other, and started again',
    links: 'loopback',
    pauseMsMax: 20_000,
    steps: ALL.flatMap((id): Step[] => [{ do: 'kill', who: [id] }, wait(1.5), { do: 'restart', who: [id] }, wait(1.5)])
  },
  {
    name: 'one stopped for a minute without a word, and missed meanwhile',
    links: 'loopback',
    pauseMsMax: 20_000,
    steps: [{ do: 'pause', who: ['p3'] }, wait(60), { do: 'be missed', who: ['p3'] }]
  },
  {
    name: 'two stopped for a while: nothing moves, then everything',
    links: 'loopback',
    steps: [{ do: 'pause', who: ['p1', 'p4'] }, wait(12), { do: 'resume', who: ['p4'] }, wait(3)]
  },
  {
    name: 'all down at once, twice',
    links: 'loopback',
    steps: [{ do: 'kill', who: ALL }, { do: 'restart', who: ALL }, wait(4), { do: 'kill', who: ALL }, wait(1)]
  },
  {
    name: 'a copy lost, while another partner is down',
    links: 'loopback',
    steps: [{ do: 'kill', who: ['p2'] }, wait(2), { do: 'lose the copy', who: ['p3'] }, wait(6)]
  },
  {
    name: 'a founder alone loses its copy twice, and between it signs for records that nobody else has',
    links: 'loopback',
    steps: [
      wait(1),
      { do: 'kill', who: ['p2', 'p3', 'p4'] },
      { do: 'lose the copy', who: ['p1'] },
      wait(6),
      { do: 'lose the copy', who: ['p1'] },
      wait(1)
    ]
  },
  {
    name: 'a home lost all but its key',
    links: 'loopback',
    steps: [wait(2), { do: 'lose all but the key', who: ['p2'] }, wait(4)]
  },
  {
    name: 'an old copy of a home restored, sign guard and all',
    links: 'loopback',
    steps: [{ do: 'back up', who: ['p3'] }, wait(6), { do: 'restore', who: ['p3'] }, wait(4)]
  },
  {
    name: 'the founder restored from an old copy, and another one killed meanwhile',
    links: 'loopback',
    steps: [
      { do: 'back up', who: ['p1'] },
      wait(4),
      { do: 'restore', who: ['p1'] },
      { do: 'kill', who: ['p4'] },
      wait(4)
    ]
  },
  {
    name: 'a full disk',
    links: 'loopback',
    smallDisk: 'p2',
    pauseMsMax: 20_000,
    steps: [{ do: 'fill the disk', who: ['p2'] }, wait(8)]
  },
  {
    name: '100 ms each way',
    links: 'proxies',
    pauseMsMax: 15_000,
    steps: [{ do: 'weather', who: ALL, weather: { delayMs: 100 } }, wait(15)]
  },
  {
    name: '300 ms each way and as much again by chance',
    links: 'proxies',
    pauseMsMax: 25_000,
    steps: [{ do: 'weather', who: ALL, weather: { delayMs: 300, jitterMs: 300 } }, wait(20)]
  },
  {
    name: '16 kB a second each way, and one partner fetches its copy anew',
    links: 'proxies',
    steps: [
      { do: 'weather', who: ALL, weather: { delayMs: 30, bytesPerSecond: 16_000 } },
      wait(5),
      { do: 'lose the copy', who: ['p4'] },
      wait(15)
    ]
  },
  {
    name: 'one partner hears and is not heard, then is heard and does not hear',
    links: 'proxies',
    pauseMsMax: 20_000,
    steps: [
      { do: 'weather', who: ['p4'], weather: { silent: 'out' } },
      wait(12),
      { do: 'weather', who: ['p4'], weather: { silent: 'in' } },
      wait(12)
    ]
  },
  {
    name: 'connections that only one end knows to be dead',
    links: 'proxies',
    steps: [{ do: 'abandon', who: ALL }, wait(10)]
  },
  {
    name: 'one partner cut off for a minute',
    links: 'namespaces',
    pauseMsMax: 20_000,
    steps: [...cut(['p2'], ['p1', 'p3', 'p4']), { do: 'be missed', who: ['p2'] }, wait(35)]
  },
  {
    name: 'two and two for half a minute',
    links: 'namespaces',
    steps: [...cut(['p1', 'p2'], ['p3', 'p4']), wait(30)]
  },
  {
    name: 'two that never reach each other, while a third is down',
    links: 'namespaces',
    steps: [...cut(['p1'], ['p4']), wait(5), { do: 'kill', who: ['p2'] }, wait(20)]
  },
  {
    name: 'one-way silence: one sends into the void',
    links: 'namespaces',
    pauseMsMax: 20_000,
    steps: [{ do: 'silence', from: ['p3'], to: ALL }, wait(26)]
  },
  {
    name: 'links that come and go',
    links: 'namespaces',
    steps: [1, 2].flatMap((): Step[] => [
      ...cut(['p1', 'p3'], ['p2', 'p4']),
      wait(4),
      { do: 'mend the links' },
      wait(3),
      ...cut(['p1'], ['p2', 'p3', 'p4']),
      wait(3),
      { do: 'mend the links' },
      wait(1)
    ])
  }
]

/** Those of them that need such links. */
export function overLinks(links: Links): readonly Scenario[] {
  return SCENARIOS.filter((scenario) => scenario.links === links)
}
