import type { BenchOptions, BenchResult } from './benchmark.js'

/** A benchmark that gives figures. */
export interface FigureBenchmark {
  readonly kind: 'figures'
  /** One line for people. */
  readonly about: string
  /** Options it knows besides `--runs`, with their defaults. */
  readonly options: string
  /** Whether it runs when no name is given. */
  readonly standard: boolean
  load(): Promise<{ run(options: BenchOptions): Promise<BenchResult> }>
}

/** One that looks closer at one thing, and prints what it found as a JSON object. */
export interface ReportBenchmark {
  readonly kind: 'report'
  readonly about: string
  /** Its arguments, in their order. */
  readonly options: string
  readonly standard: false
  load(): Promise<{ run(args: readonly string[]): Promise<unknown> }>
}

export type Benchmark = FigureBenchmark | ReportBenchmark

function figures(
  about: string,
  options: string,
  load: FigureBenchmark['load'],
  { standard = true }: { readonly standard?: boolean } = {}
): Benchmark {
  return { kind: 'figures', about, options, standard, load }
}

function report(about: string, options: string, load: ReportBenchmark['load']): Benchmark {
  return { kind: 'report', about, options, standard: false, load }
}

const RECORDS = '--records'
const COUNTS = 'RECORDS VEHICLES'

/** All benchmarks by name, in the order in which the standard ones run. */
export const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  stages: figures(
    'single stages of a record, each beside its bare limit',
    `${RECORDS} 20000`,
    () => import('./stages.js')
  ),
  prototype: figures(
    'the bare prototype: least that four nodes can do for a record',
    `${RECORDS} 100000`,
    () => import('./prototype.js')
  ),
  streaming: figures(
    'one partner of four streams: rate, CPU, memory, disk, event-loop delay; then verify and start',
    `${RECORDS} 100000 --partners 4`,
    () => import('./streaming.js')
  ),
  overlapping: figures(
    'all four stream at once, to the same keys',
    `${RECORDS} 100000`,
    () => import('./overlapping.js')
  ),
  single: figures(
    'one record at a time, one client: appended to acknowledged',
    `${RECORDS} 500`,
    () => import('./single.js')
  ),
  clients: figures('64 clients with one record each at a time', `${RECORDS} 6400`, () => import('./clients.js')),
  load: figures(
    'latency against load, up to saturation',
    `${RECORDS} 50000 (of the saturated pipe) [--charts FOLDER]`,
    () => import('./load.js')
  ),
  behind: figures(
    'a node that is so many records behind catches up, its peers under load',
    `${RECORDS} 100000 --load 1000`,
    () => import('./behind.js')
  ),
  'dead-partner': figures(
    'one of four is killed while another streams',
    `${RECORDS} 200000`,
    () => import('./dead-partner.js')
  ),
  delay: figures('100 ms there and back between partners', `${RECORDS} 50000`, () => import('./delay.js')),
  growth: figures(
    'rate on a long chain against a short one, in pairs',
    '--small 20000 --large 200000 --records 20000 [--charts FOLDER]',
    () => import('./growth.js')
  ),
  more: figures(
    '7 and 13 partners: streaming, and one record at a time',
    `${RECORDS} 30000`,
    () => import('./more-partners.js')
  ),
  simulated: figures(
    'what a block costs a node of 4 to 100 partners: replicas in one process, virtual clock, network and disks',
    '--records 5 (blocks that count) [--partners N] (from 2 on)',
    () => import('./simulated.js'),
    { standard: false }
  ),
  beside: figures(
    'etcd and PostgreSQL in the same run; skipped where they are not installed',
    '--records 20000 [--install] (by apt-get, as root)',
    () => import('./beside.js')
  ),
  where: figures(
    'where the time of a saturated node goes, of a follower and of the author, by parts',
    `${RECORDS} 100000 [--charts FOLDER]`,
    () => import('./where.js'),
    { standard: false }
  ),
  guard: figures(
    'processor time of a record against a bare loop; fails when it is a third worse than the baseline',
    `${RECORDS} 60000`,
    () => import('./guard.js'),
    { standard: false }
  ),
  'one-partner': report('one partner alone, through one pipe', COUNTS, () => import('./one-partner.js')),
  'four-partners': report(
    'four partners beside one: start, idle, pipes, latency',
    'RECORDS',
    () => import('./four-partners.js')
  ),
  'catch-up': report(
    'a partner that was away for so many blocks of one record',
    'BLOCKS',
    () => import('./catch-up.js')
  ),
  rehearsal: report('a network file rehearsed on the chain', COUNTS, () => import('./rehearsal.js')),
  ordered: report('late records in the order of a date, and without', COUNTS, () => import('./ordered.js')),
  apart: report('two partners that never connect', 'RECORDS', () => import('./apart.js')),
  hostile: report('an honest node under every attack', 'ATTACK...', () => import('./hostile.js'))
}

/** What there is, for people. */
export function describeBenchmarks(): string {
  const width = Math.max(...Object.keys(BENCHMARKS).map((name) => name.length))
  const lines = Object.entries(BENCHMARKS).map(
    ([name, { about, options, standard }]) =>
      `  ${standard ? '*' : ' '} ${name.padEnd(width)}  ${about}\n    ${' '.repeat(width)}  ${options}\n`
  )
  return `* is part of the standard set, which runs when no name is given. Sizes are the defaults; --runs is 3, or 5.\n${lines.join('')}`
}
