import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import * as assert from 'uvu/assert'
import { network, type Partner, sameChain, untilVoters, verifyAll } from './partners.js'
import { ndjson, type Sandbox } from './processes.js'

const LEDGER = fileURLToPath(new URL('../../bin/ledger.js', import.meta.url))

/** Most records that `ledger list` gives at once. */
const LIST_MAX = 100_000

/** How often the newest block is looked at until it is another partner's. */
const PROPOSER_LOOKS_MAX = 100

interface Outcome {
  readonly line: number
  readonly status: string
  readonly id?: string
  readonly height?: number
}

export interface CrashPipe {
  readonly records: number
  /** After so many outcomes the proposer, or the node that appends, is killed; in turns. */
  readonly killAfter: readonly { readonly outcomes: number; readonly victim: 'proposer' | 'appender' }[]
}

/**
 * Four partners; one pipe of records into p1, with --key-field; nodes are killed in the middle of it and started again, and
 * a pipe that broke is run again. Afterwards no acknowledged record is lost or doubled and all copies are equal.
 */
export async function crashInPipe(sandbox: Sandbox, { records, killAfter }: CrashPipe): Promise<void> {
  const partners = await network(sandbox, 4)
  const [appender] = partners as [Partner]
  const lines = Array.from({ length: records }, (_, i) => `{"vehicle":"v${i % 50}","odometer":${i}}\n`).join('')
  const acknowledged = new Map<number, string>()
  const remember = ({ line, status, id, height }: Outcome): void => {
    if (status === 'pending') return
    assert.is(status, 'accepted', `line ${line}`)
    const outcome = `${id} ${height}`
    const before = acknowledged.get(line)
    if (before !== undefined) assert.is(outcome, before, `line ${line} has another outcome than before`)
    acknowledged.set(line, outcome)
  }
  const kills = [...killAfter]
  let dead: Partner | undefined
  // Chosen when it is to die: whoever proposed the newest block by then is at work on the next.
  const kill = async (victim: 'proposer' | 'appender'): Promise<void> => {
    dead = victim === 'proposer' ? await proposerOf(partners, appender) : appender
    await dead.kill()
  }
  for (let run = 0; kills.length > 0 || acknowledged.size < records; run++) {
    assert.ok(run <= killAfter.length + 5, `${acknowledged.size} of ${records} after ${run} runs`)
    let killing: Promise<void> | undefined
    await pipe(appender, lines, (outcome) => {
      remember(outcome)
      if (killing !== undefined || acknowledged.size < (kills[0]?.outcomes ?? Number.POSITIVE_INFINITY)) return
      killing = kill(kills.shift()?.victim ?? 'appender')
    })
    await killing
    if (dead !== undefined) await dead.again()
    dead = undefined
    await untilVoters(partners)
  }
  const { height } = await sameChain(partners)
  await pipe(appender, lines, remember)
  assert.is((await sameChain(partners)).height, height, 'a second run adds nothing')
  for (const partner of partners) await sameRecords(partner, acknowledged, records)
  await verifyAll(partners)
}

/** Who proposed the newest block, once that is another than the one that appends: the pipe makes one after the other; else any. */
async function proposerOf(partners: readonly Partner[], appender: Partner): Promise<Partner> {
  const others = partners.filter((partner) => partner !== appender)
  for (let look = 0; look < PROPOSER_LOOKS_MAX; look++) {
    const { height } = await appender.client.status()
    const block = (await appender.client.block(height)) as { header?: { proposer?: string } }
    const found = others.find(({ id }) => id === block.header?.proposer)
    if (found !== undefined) return found
  }
  return others[0]!
}

/** Pipes all lines into `ledger append`, gives each outcome as it is printed, and settles when the command has ended. */
async function pipe(appender: Partner, lines: string, onOutcome: (outcome: Outcome) => void): Promise<void> {
  const args = [LEDGER, 'append', 'inspection', '--key-field', 'odometer', '--json', '--home', appender.home]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  try {
    child.stdin.on('error', () => {})
    child.stdin.end(lines)
    const ended = new Promise((resolve) => child.once('close', resolve))
    for await (const line of createInterface({ input: child.stdout })) {
      // The last line of a broken conversation may be cut short.
      if (line.endsWith('}')) onOutcome(JSON.parse(line) as Outcome)
    }
    await ended
  } finally {
    child.kill('SIGKILL')
  }
}

async function sameRecords(
  partner: Partner,
  acknowledged: ReadonlyMap<number, string>,
  records: number
): Promise<void> {
  assert.ok(records <= LIST_MAX)
  const list = ['list', 'inspection', '--history', '--limit', String(LIST_MAX), '--json']
  const { stdout } = await partner.ledger(list)
  const found = ndjson<{ id: string; height: number; cursor: string; data: { odometer: number } }>(stdout)
  assert.is(found.length, records, `records are lost or doubled at ${partner.id}`)
  // With as many records as a list may have, one that is there twice would stand behind its end.
  const more = await partner.ledger([...list, '--after', found.at(-1)!.cursor])
  assert.equal([more.code, more.stdout], [0, ''], `records are doubled at ${partner.id}`)
  for (const { id, height, data } of found) assert.is(`${id} ${height}`, acknowledged.get(data.odometer + 1))
}
