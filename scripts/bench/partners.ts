import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type ApiClient, createClient } from '../../src/api/client.js'
import { cpuSecondsOf, NETWORK, type NodeProcess, type NodeRecorder, runLedger, startNode } from './processes.js'
import { withTemporaryFolder } from './temporary-folder.js'

const VOTER_SECONDS_MAX = 120
/** Milliseconds without a block after which none is expected any more. */
const LEVEL_MS = 1_000

const LEVEL_SECONDS_MAX = 300

/** One running partner. */
export interface BenchPartner {
  readonly id: string
  readonly home: string
  readonly client: ApiClient
  /** What its node is started with each time. */
  readonly args: readonly string[]
  /** What its node records of itself; null: nothing. */
  readonly recorder: NodeRecorder | null
  node: NodeProcess
}

export interface BenchNetwork {
  readonly folder: string
  readonly partners: readonly BenchPartner[]
  /** The one that founded it. */
  readonly founder: BenchPartner
}

export interface NetworkOptions {
  /** More arguments of each node, by its number from 1. */
  readonly argsOf?: (number: number) => readonly string[]
  /** What each node records of itself, by its home. @default nothing */
  readonly recorderOf?: (home: string) => NodeRecorder | null
}

/** Gives `work` a network of `size` partners, each a process of its own; all of it is gone afterwards. */
export async function withNetwork<Result>(
  size: number,
  work: (network: BenchNetwork) => Promise<Result>,
  { argsOf = () => [], recorderOf = () => null }: NetworkOptions = {}
): Promise<Result> {
  return await withTemporaryFolder('ledger-bench-', async (folder) => {
    const partners: BenchPartner[] = []
    try {
      for (let number = 1; number <= size; number++) {
        const args = argsOf(number)
        const first = ['--network', NETWORK, '--partner', 'p1', '--role', 'dealer']
        const more = number === 1 ? first : ['--invite', await invitationOf(partners[0]!, `p${number}`)]
        const recorder = recorderOf(join(folder, `p${number}`))
        partners.push(await openPartner(folder, `p${number}`, more, { args, recorder }))
        await untilVoters(partners)
      }
      return await work({ folder, partners, founder: partners[0]! })
    } finally {
      for (const { node } of partners) await node.stop()
    }
  })
}

/** A token for a new partner. */
export function invitationOf(inviter: BenchPartner, id: string): Promise<string> {
  return runLedger(inviter.home, ['invite', id, '--role', 'dealer', '--quiet'])
}

/**
 * Starts the node of a partner on a home of its own.
 * @param first arguments of its first start alone
 */
export async function openPartner(
  folder: string,
  id: string,
  first: readonly string[],
  { args = [], recorder = null }: { readonly args?: readonly string[]; readonly recorder?: NodeRecorder | null } = {}
): Promise<BenchPartner> {
  const home = join(folder, id)
  const node = await startNode(home, [...first, ...args], recorder)
  return { id, home, client: createClient(join(home, 'control.sock')), args, recorder, node }
}

/** Starts the node of a partner that was stopped. */
export async function startAgain(partner: BenchPartner): Promise<void> {
  partner.node = await startNode(partner.home, partner.args, partner.recorder)
}

/** Waits until every partner counts all of them as connected voters; where a newcomer needs votes, the others say yes. */
export async function untilVoters(partners: readonly BenchPartner[]): Promise<void> {
  const end = performance.now() + VOTER_SECONDS_MAX * 1000
  for (const { client } of partners) {
    for (;;) {
      // A joiner has no partners to tell of until it is admitted.
      const isJoining = (await client.status()).partner.state === 'joining'
      const views = isJoining ? [] : await client.partners()
      if (views.filter((view) => view.voter && view.state === 'active' && view.connected).length >= partners.length)
        break
      if (performance.now() > end) throw new Error(`no ${partners.length} voters within ${VOTER_SECONDS_MAX} s`)
      if (partners.length > 4) await voteForNewcomer(partners.slice(0, -1))
      await pause(10)
    }
  }
}

async function voteForNewcomer(voters: readonly BenchPartner[]): Promise<void> {
  for await (const { id } of voters[0]!.client.proposals({ state: 'open' })) {
    // Whose yes comes when the others' were enough is told so.
    await Promise.all(voters.map(({ client }) => client.vote(id, { yes: true }).catch(() => {})))
  }
}

/** Waits until all copies have the same head, and keep it: what was given up may still be in flight. */
export async function untilLevel(partners: readonly BenchPartner[]): Promise<void> {
  const end = performance.now() + LEVEL_SECONDS_MAX * 1000
  let known = { head: '', since: 0 }
  for (;;) {
    const heads = await Promise.all(partners.map(async ({ client }) => (await client.status()).head))
    const head = new Set(heads).size === 1 ? heads[0]! : ''
    if (head !== known.head || head === '') known = { head, since: performance.now() }
    if (performance.now() - known.since > LEVEL_MS) return
    if (performance.now() > end) throw new Error(`the copies are not level within ${LEVEL_SECONDS_MAX} s`)
    await pause(50)
  }
}

/** CPU seconds that all nodes have used so far. */
export function cpuSecondsOfAll(partners: readonly BenchPartner[]): number {
  return partners.reduce((sum, { node }) => sum + cpuSecondsOf(node.pid), 0)
}
