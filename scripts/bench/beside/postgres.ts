import { chown, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { row } from '../benchmark.js'
import { type Figure, percentileOf } from '../figure.js'
import { freePorts } from '../free-ports.js'
import { runProgram, type ServerProcess, startServer, untilAnswers } from './server-process.js'

/** Clients at once, and commits of each. */
const STEPS = [
  { clients: 1, commits: 500 },
  { clients: 64, commits: 100 }
] as const

const ROWS = 1000
const INSERT_CLIENTS = 4

type User = { readonly uid: number; readonly gid: number } | undefined

/**
 * A server and one synchronous standby on loopback (`synchronous_commit = on`: a commit is on both disks): single commits,
 * and inserts of 1000 rows, by pgbench.
 * @param bin folder of its programs
 * @param lines 300-byte records
 */
export async function measurePostgres(
  bin: string,
  folder: string,
  lines: readonly string[],
  runs: number
): Promise<Figure[]> {
  const user = await serverUser()
  const own = join(folder, 'postgres')
  await mkdir(own, { recursive: true })
  if (user !== undefined) {
    // mkdtemp lets nobody else through.
    await chown(folder, user.uid, user.gid)
    await chown(own, user.uid, user.gid)
  }
  const [first, second] = (await freePorts(2)) as [number, number]
  const servers: ServerProcess[] = []
  try {
    servers.push(await startPrimary(bin, own, first, user))
    servers.push(await startStandby(bin, own, { first, second }, user))
    const sql = (text: string): Promise<string> => query(bin, first, text, user)
    await sql('CREATE TABLE records (id bigserial PRIMARY KEY, body text NOT NULL)')
    return await measureSteps(bin, own, first, lines, runs, user)
  } finally {
    for (const server of servers.reverse()) await server.stop()
  }
}

/** PostgreSQL does not run as root: then it runs as the user that its package made. */
async function serverUser(): Promise<User> {
  if (process.getuid?.() !== 0) return undefined
  const id = async (option: string): Promise<number> => Number(await runProgram('/usr/bin/id', [option, 'postgres']))
  return { uid: await id('-u'), gid: await id('-g') }
}

function query(bin: string, port: number, text: string, user: User): Promise<string> {
  const to = ['-h', '127.0.0.1', '-p', String(port), '-U', 'bench', '-d', 'postgres']
  return runProgram(join(bin, 'psql'), [...to, '-X', '-q', '-t', '-A', '-c', text], user)
}

async function startPrimary(bin: string, folder: string, port: number, user: User): Promise<ServerProcess> {
  const data = join(folder, 'primary')
  await runProgram(join(bin, 'initdb'), ['-D', data, '-U', 'bench', '-A', 'trust', '--no-locale', '-E', 'UTF8'], user)
  const settings = [
    "listen_addresses = '127.0.0.1'",
    `unix_socket_directories = '${folder}'`,
    `port = ${port}`,
    'fsync = on',
    'synchronous_commit = on'
  ]
  await writeFile(join(data, 'postgresql.auto.conf'), `${settings.join('\n')}\n`)
  const log = join(folder, 'primary.log')
  const server = startServer(join(bin, 'postgres'), ['-D', data], { log, user, signal: 'SIGINT' })
  await untilAnswers('PostgreSQL', log, async () => (await query(bin, port, 'SELECT 1', user)).trim() === '1')
  return server
}

async function startStandby(
  bin: string,
  folder: string,
  { first, second }: { readonly first: number; readonly second: number },
  user: User
): Promise<ServerProcess> {
  const data = join(folder, 'standby')
  const from = `host=127.0.0.1 port=${first} user=bench application_name=standby`
  await runProgram(join(bin, 'pg_basebackup'), ['-D', data, '-d', from, '-R', '-X', 'stream', '-c', 'fast'], user)
  const log = join(folder, 'standby.log')
  const args = ['-D', data, '-p', String(second)]
  const server = startServer(join(bin, 'postgres'), args, { log, user, signal: 'SIGINT' })
  await untilAnswers('the standby', log, async () => {
    return (await query(bin, first, 'SELECT state FROM pg_stat_replication', user)).trim() === 'streaming'
  })
  await query(bin, first, "ALTER SYSTEM SET synchronous_standby_names = 'standby'", user)
  await query(bin, first, 'SELECT pg_reload_conf()', user)
  await untilAnswers('the synchronous standby', log, async () => {
    return (await query(bin, first, 'SELECT sync_state FROM pg_stat_replication', user)).trim() === 'sync'
  })
  return server
}

async function measureSteps(
  bin: string,
  folder: string,
  port: number,
  lines: readonly string[],
  runs: number,
  user: User
): Promise<Figure[]> {
  const values = (some: readonly string[]): string => some.map((line) => `(${quoted(line)})`).join(',')
  const single = join(folder, 'single.sql')
  const many = join(folder, 'many.sql')
  await writeFile(single, `INSERT INTO records (body) VALUES ${values(lines.slice(0, 1))};\n`)
  await writeFile(many, `INSERT INTO records (body) VALUES ${values(lines.slice(0, ROWS))};\n`)
  const figures: Figure[] = []
  const bench = (script: string, clients: number, each: number) =>
    pgbench(bin, folder, { port, script, clients, each }, user)
  for (const { clients, commits } of STEPS) {
    const rates: number[] = []
    const p50: number[] = []
    for (let number = 0; number < runs; number++) {
      const { perSecond, times } = await bench(single, clients, commits)
      rates.push(perSecond)
      p50.push(percentileOf(times, 0.5))
    }
    figures.push(row(`PostgreSQL: single commits, ${clients} clients`, 'commits/s', rates))
    if (clients === 1) figures.push(row('PostgreSQL: single commit p50', 'ms', p50))
  }
  const each = Math.max(1, Math.floor(lines.length / ROWS / INSERT_CLIENTS))
  const rates: number[] = []
  for (let number = 0; number < runs; number++) {
    rates.push((await bench(many, INSERT_CLIENTS, each)).perSecond * ROWS)
  }
  figures.push(row(`PostgreSQL: inserts of ${ROWS} rows`, 'records/s', rates))
  return figures
}

interface PgbenchRun {
  readonly perSecond: number
  /** Milliseconds of each commit. */
  readonly times: readonly number[]
}

async function pgbench(
  bin: string,
  folder: string,
  run: { readonly port: number; readonly script: string; readonly clients: number; readonly each: number },
  user: User
): Promise<PgbenchRun> {
  const logs = join(folder, `log-${Math.random().toString(36).slice(2)}`)
  await mkdir(logs)
  if (user !== undefined) await chown(logs, user.uid, user.gid)
  const to = ['-h', '127.0.0.1', '-p', String(run.port), '-U', 'bench']
  const size = ['-c', String(run.clients), '-j', '1', '-t', String(run.each)]
  const script = ['-n', '-f', run.script, '-l', '--log-prefix', join(logs, 'commits')]
  const out = await runProgram(join(bin, 'pgbench'), [...to, ...size, ...script, 'postgres'], user)
  const perSecond = Number(/^tps = ([\d.]+)/m.exec(out)?.[1])
  if (!(perSecond > 0)) throw new Error(`pgbench says no rate: ${out}`)
  const texts = await Promise.all((await readdir(logs)).map((name) => readFile(join(logs, name), 'utf8')))
  // A line for each commit; its third word is how many microseconds it took.
  const times = texts.flatMap((text) => Array.from(text.matchAll(/^\d+ \d+ (\d+) /gm), ([, us]) => Number(us) / 1000))
  return { perSecond, times }
}

function quoted(text: string): string {
  return `'${text.trimEnd().replaceAll("'", "''")}'`
}
