import { TIMEOUTS_DEFAULT } from '../../../src/consensus/timeouts.js'
import { simulatedGenesis } from '../../../test/simulation/simulated-genesis.js'
import { NO_TRACE } from '../../../test/simulation/trace.js'
import { turnByTurn } from '../../../test/simulation/turn-by-turn.js'
import { seededRandom, virtualClock } from '../../../test/simulation/virtual-clock.js'
import { virtualNetwork } from '../../../test/simulation/virtual-network.js'
import { type VirtualPartner, virtualPartner } from '../../../test/simulation/virtual-partner.js'
import { createWorkload } from '../../../test/simulation/workload.js'
import { medianOf } from '../figure.js'
import { signaturesChecked } from './counting-crypto.js'
import { countingNetwork, createTraffic } from './counting-network.js'

/** Virtual milliseconds from one record to the next: longer than a block takes, and what nodes say after it. */
const PACE_MS = 1_000

/** Records before those that count: programs run slower at first. */
const FIRST_RECORDS = 4

/** Virtual milliseconds after which all have met and know what they signed. */
const START_MS = 10_000

export interface CalmOptions {
  readonly voters: number
  readonly observers: number
  readonly records: number
  /** One way, of every message. */
  readonly delayMs: number
}

/** What a block costs one node, on the average of all. */
export interface CalmRun {
  readonly messages: number
  readonly votes: number
  readonly bytes: number
  readonly signatures: number
  /** Of the processor, with what the virtual network and disks need. */
  readonly cpuMs: number
  /** Virtual, from a proposal that leaves to the block that is committed: median of all nodes and blocks. */
  readonly commitMs: number
}

/**
 * Runs the nodes of a whole network in this process, on virtual clock, network and disks, of which nothing ever fails. The
 * voters append in turns, one record a virtual second, each of which gets a block.
 * @throws Error when a record is not in a block of every copy before the next
 */
export async function runCalmNetwork({ voters, observers, records, delayMs }: CalmOptions): Promise<CalmRun> {
  const clock = virtualClock()
  const founded = simulatedGenesis(voters, observers, 'two-thirds')
  const ids = [...founded.voters, ...founded.observers]
  const { traffic, sent, counted } = createTraffic()
  const proposedAt = new Map<number, number>()
  const commitTimes: number[] = []
  const stop = (why: string): never => {
    throw new Error(`the simulated network: ${why}`)
  }
  const network = virtualNetwork({
    // No message is late, and each write to a disk takes the same.
    random: () => 0.5,
    trace: NO_TRACE,
    ids,
    delayMs: { min: delayMs, spread: 0 },
    paths: 'all',
    strangers: null,
    lets: null,
    wire: true,
    liars: new Map(),
    onSend(from, message) {
      sent(message)
      if (message.type !== 'proposal' || !('proposal' in message) || message.proposal.proposer !== from) return
      const { height } = message.proposal
      if (!proposedAt.has(height)) proposedAt.set(height, clock.now())
    },
    onArrive() {},
    onBody() {},
    onBlame: (by, partner, why) => stop(`${by} blames ${partner}: ${why}`)
  })
  const partners = ids.map((id) =>
    virtualPartner({
      id,
      founded,
      clock,
      random: () => 0.5,
      network: countingNetwork(network, counted),
      trace: NO_TRACE,
      timeouts: TIMEOUTS_DEFAULT,
      sliceMs: 1,
      skewMs: 0,
      versionMax: null,
      hasPeers: ids.length > 1,
      onCommitted(_, { header }) {
        commitTimes.push(clock.now() - (proposedAt.get(header.height) ?? stop(`block ${header.height} of nobody`)))
      },
      onRunning() {},
      onSign() {},
      onFail: (partner, error) => stop(`${partner.id} stops: ${error}`)
    })
  )
  const workload = createWorkload({ clock, random: seededRandom(1), trace: NO_TRACE, founded, seed: 1 })

  async function runFor(ms: number): Promise<void> {
    const end = clock.now() + ms
    clock.plan(ms, () => {})
    await turnByTurn(() => clock.now() < end && clock.next())
  }

  async function appendSingly(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const height = heightOf(partners[0]!)
      const submission = workload.submit(partners[n % voters]!) ?? stop('a record was not taken')
      await runFor(PACE_MS)
      const isEverywhere = partners.every((partner) => heightOf(partner) === height + 1)
      if (submission.decided === null || !isEverywhere) stop(`${submission.marker} got no block of its own in time`)
    }
  }

  for (const partner of partners) partner.start()
  await runFor(START_MS)
  await appendSingly(FIRST_RECORDS)
  const before = { ...traffic, checked: signaturesChecked(), cpu: process.cpuUsage() }
  commitTimes.splice(0)
  await appendSingly(records)
  const { user, system } = process.cpuUsage(before.cpu)
  const checked = signaturesChecked() - before.checked
  if (checked === 0) stop('signatures were not counted: it was loaded too early')
  for (const partner of partners) partner.crash()
  const each = (sum: number): number => sum / records / ids.length
  return {
    messages: each(traffic.messages - before.messages),
    votes: each(traffic.votes - before.votes),
    bytes: each(traffic.bytes - before.bytes),
    signatures: each(checked),
    cpuMs: each((user + system) / 1000),
    commitMs: medianOf(commitTimes)
  }
}

function heightOf({ content }: VirtualPartner): number {
  return content.blocks.length
}
