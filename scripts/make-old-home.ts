/**
 * Makes a fixture of test/fixtures/homes: the homes of a small network as a given state of the project leaves them, and
 * what was to be read there. It only runs that state's own programs, so it works for any of them.
 *
 *   git worktree add /tmp/then COMMIT && (cd /tmp/then && npm ci && npm run build)
 *   tsx scripts/make-old-home.ts --program /tmp/then --partners 3 --rejoin --name then
 *
 *   --partners N   partners of the network, from 1 (default); a state that cannot invite has one
 *   --port N       of the first partner, the next ones have the next ports; below those that systems give out themselves
 *   --rejoin       the last partner loses its sign guard in between, and rejoins
 *   --govern       partners vote in between: the second one gets another role and its own back, a proposal is withdrawn, and
 *                  the last one replaces its key
 *
 * Writes test/fixtures/homes/NAME.tar.gz (one home for each partner, stopped) and NAME.json beside it.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { INSPECTIONS } from '../test/support/inspections.js'

const WAIT_MS_MAX = 60_000
const LOOK_MS = 100

const { values } = parseArgs({
  options: {
    program: { type: 'string' },
    name: { type: 'string' },
    partners: { type: 'string', default: '1' },
    port: { type: 'string', default: '21700' },
    rejoin: { type: 'boolean', default: false },
    govern: { type: 'boolean', default: false }
  }
})
if (values.program === undefined || values.name === undefined) throw new Error('--program and --name are needed')
const bin = resolve(values.program, 'bin')
const target = resolve(import.meta.dirname, '../test/fixtures/homes')
const folder = await mkdtemp(join(tmpdir(), 'old-home-'))
const ids = Array.from({ length: Number(values.partners) }, (_, index) => `p${index + 1}`)
const first = ids[0]!
const last = ids.at(-1)!
const listen = ids.map((_, index) => `/ip4/127.0.0.1/tcp/${Number(values.port) + index}`)
const running = new Map<string, { stop(): Promise<void> }>()

try {
  const network = join(folder, 'network.yaml')
  await writeFile(network, INSPECTIONS.replace('quorum: two-thirds', 'quorum: majority'))
  await start(first, ['--network', network, '--partner', first, '--role', 'inspector'])
  append(first, 'inspection', ['{"vehicle":"A","odometer":10}', '{"vehicle":"B","odometer":5}'])
  for (const id of ids.slice(1)) {
    const token = ledger(first, ['invite', id, '--role', 'inspector']).trim()
    await start(id, ['--invite', token])
    await until(`${id} votes`, () => voters() > ids.indexOf(id))
  }
  for (const id of ids) append(id, 'inspection', [`{"vehicle":"A","odometer":${20 + ids.indexOf(id)}}`])
  append(first, 'inspection', ['{"vehicle":"A","odometer":1}'], 3)
  append(last, 'note', ['{"visit":"first"}', '{"visit":"second"}'])
  if (values.rejoin) await loseGuard(last)
  if (values.govern) await govern()
  await until('all are at one height', () => new Set(ids.map((id) => status(id).height)).size === 1)
  await record()
} finally {
  for (const node of running.values()) await node.stop()
  await rm(folder, { recursive: true, force: true })
}

async function record(): Promise<void> {
  const { height, head, stateHash } = status(first)
  const blocks = Array.from({ length: height }, (_, index) => {
    const { hash } = JSON.parse(ledger(first, ['block', String(index + 1), '--json']))
    return String(hash)
  })
  const listed = ledger(first, ['list', 'inspection', '--history', '--limit', '1000', '--json'])
  const notes = ledger(first, ['list', 'note', '--history', '--limit', '1000', '--json'])
  const records = [...rows(listed), ...rows(notes)].map(({ id, height: at, data }) => ({ id, height: at, data }))
  const receipts = [records[0], records.at(-1)].map((record) => ledger(first, ['receipt', String(record?.id)]))
  const history = rows(ledger(first, ['history', 'inspection', 'A', '--all', '--json'])).map(({ id }) => id)
  const proposals = values.govern
    ? rows(ledger(first, ['proposals', '--json'])).map(({ id, state }) => ({ id, state }))
    : []
  const newest = JSON.parse(ledger(first, ['get', 'inspection', 'A', '--json'])).data
  for (const node of running.values()) await node.stop()
  running.clear()
  const content = {
    partners: ids,
    listen,
    height,
    head,
    stateHash,
    blocks,
    records,
    history,
    newest,
    proposals,
    receipts
  }
  await writeFile(join(target, `${values.name}.json`), `${JSON.stringify(content, null, 1)}\n`)
  const left = ['control.sock', 'lock', 'LOG', 'LOG.old'].map((name) => `--exclude=${name}`)
  execFileSync('tar', ['czf', join(target, `${values.name}.tar.gz`), ...left, '-C', folder, ...ids])
}

async function loseGuard(id: string): Promise<void> {
  await running.get(id)?.stop()
  await rm(join(folder, id, 'sign-guard'))
  await start(id, [])
  await until(`${id} signs again`, () => !/rejoin/.test(String(status(id).stalled?.why ?? '')) && canAppend(id))
}

async function govern(): Promise<void> {
  const second = ids[1]!
  await agree(['role', second, 'auditor'])
  await agree(['role', second, 'inspector'])
  const { id } = JSON.parse(ledger(first, ['propose', 'role', last, 'auditor', '--force', '--json']))
  ledger(first, ['withdraw', String(id)])
  const env = { ...process.env, LEDGER_HOME: join(folder, last) }
  const key = execFileSync(process.execPath, [join(bin, 'ledger-node.js'), 'key', 'new'], {
    env,
    encoding: 'utf8'
  }).trim()
  ledger(last, ['propose', 'key', last, key, '--force'])
  const keyNow = (): unknown => rows(ledger(first, ['partners', '--json'])).find((row) => row.id === last)?.key
  await until(`${last} has another key`, () => keyNow() === key)
  await until(`${last} signs with it`, () => canAppend(last))
}

/** Proposed by the first partner; all others who may vote agree. */
async function agree(line: readonly string[]): Promise<void> {
  const { id } = JSON.parse(ledger(first, ['propose', ...line, '--force', '--json']))
  for (const voter of ids.slice(1)) vote(voter, String(id))
  const state = (): unknown => JSON.parse(ledger(first, ['proposal', String(id), '--json'])).state
  await until(`${line.join(' ')} is in force`, () => state() === 'enacted')
}

/** Who comes too late, or has no right to, need not. */
function vote(voter: string, proposal: string): void {
  try {
    ledger(voter, ['vote', proposal, 'yes', '--force'])
  } catch {
    // It is enacted without this one, or it is not.
  }
}

function canAppend(id: string): boolean {
  try {
    append(id, 'note', [`{"visit":"${id} is back"}`])
    return true
  } catch {
    return false
  }
}

async function start(id: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, LEDGER_HOME: join(folder, id) }
  const child = spawn(
    process.execPath,
    [join(bin, 'ledger-node.js'), 'start', '--quiet', '--listen', listen[ids.indexOf(id)]!, ...args],
    {
      env,
      stdio: ['ignore', 'pipe', 'inherit']
    }
  )
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  running.set(id, {
    async stop() {
      child.kill('SIGTERM')
      await ended
    }
  })
  const ready = new Promise<boolean>((resolve) => child.stdout.once('data', () => resolve(true)))
  if (!(await Promise.race([ready, ended, pause(WAIT_MS_MAX, false, { ref: false })])))
    throw new Error(`${id} did not become ready`)
}

function ledger(id: string, args: readonly string[], input = '', code = 0): string {
  const env = { ...process.env, LEDGER_HOME: join(folder, id) }
  try {
    return execFileSync(process.execPath, [join(bin, 'ledger.js'), ...args], { env, input, encoding: 'utf8' })
  } catch (error) {
    const failed = error as { status?: number; stdout?: string }
    if (code !== 0 && failed.status === code) return failed.stdout ?? ''
    throw error
  }
}

function append(id: string, object: string, lines: readonly string[], code = 0): void {
  ledger(id, ['append', object, '--json'], `${lines.join('\n')}\n`, code)
}

interface Status {
  readonly height: number
  readonly head: string
  readonly stateHash: string
  readonly stalled?: { readonly why: string } | null
}

function status(id: string): Status {
  return JSON.parse(ledger(id, ['status', '--json'])) as Status
}

function voters(): number {
  return rows(ledger(first, ['partners', '--json'])).filter(({ voter, state }) => voter && state === 'active').length
}

function rows(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

async function until(what: string, look: () => boolean): Promise<void> {
  const end = performance.now() + WAIT_MS_MAX
  while (!look()) {
    if (performance.now() > end) throw new Error(`did not come: ${what}`)
    await pause(LOOK_MS)
  }
}
