import { LedgerError } from '../../src/base/errors.js'
import type { BlockHeader } from '../../src/ledger/block.js'
import { faultsOf } from '../../src/ledger/quorum.js'
import type { PeerMessage, PullResponse } from '../../src/node/peers.js'
import { BrokenPromise } from './broken-promise.js'
import { createChangingFiles } from './changing-files.js'
import { createChangingPartners } from './changing-partners.js'
import { createContradictionWatch } from './contradiction-watch.js'
import { injectFaults } from './fault-injection.js'
import { createJoining } from './joining.js'
import { createLiar } from './liar.js'
import { lookAfter } from './operator.js'
import { createRecovering } from './recovering.js'
import type { Scenario } from './scenario.js'
import { createSignatureWatch } from './signature-watch.js'
import { simulatedGenesis } from './simulated-genesis.js'
import { createSyncWatch } from './sync-watch.js'
import type { Trace } from './trace.js'
import { createVersioning } from './versioning.js'
import { seededRandom, type VirtualClock } from './virtual-clock.js'
import { type VirtualNetwork, virtualNetwork } from './virtual-network.js'
import { type VirtualPartner, virtualPartner } from './virtual-partner.js'
import { createWorkload } from './workload.js'

/** Clocks jump by 20 s, and by more when jumps add up; a liar dates a block an hour ahead. */
const AHEAD_MS_MAX = 600_000

/**
 * Puts a whole network together, with everything that disturbs it and everything that watches it while it runs.
 * @param breaks told of each promise that is broken
 */
export function simulatedNetwork(
  scenario: Scenario,
  { clock, trace, breaks }: { clock: VirtualClock; trace: Trace; breaks: (promise: string, why: unknown) => void }
) {
  const founded = simulatedGenesis(scenario.voters, scenario.observers, scenario.quorum, scenario.version?.founded)
  const random = seededRandom(scenario.seed ^ 0x5eed)
  const joining = founded.joiners.slice(0, scenario.joiners)
  const ids = [...founded.voters, ...founded.observers, ...joining]
  const lying = new Set(founded.voters.slice(0, scenario.liars))
  const goneEnd = scenario.voters - scenario.fragile
  const gone = new Set(founded.voters.slice(goneEnd - scenario.gone, goneEnd))
  const resynced = new Set<string>()
  const lost = new Set<string>()
  const partnerOf = new Map<string, VirtualPartner>()
  const figures = { crashes: 0, roundMax: 0, losses: 0 }
  /** By epoch and height; also of what was on a disk that is lost. */
  const hashes = new Map<string, string>()
  const faulty = faultsOf(scenario.voters, scenario.quorum)
  const isStalling = scenario.silent > faulty
  let isHealed = false
  /** Where there are too few for anything: no block above this one, until all trouble is over. */
  let heightMax = Number.POSITIVE_INFINITY

  const watch = createSignatureWatch({
    liars: lying,
    restored: new Set(scenario.faults.flatMap((fault) => (fault.kind === 'old-disk' ? [ids[fault.partner]!] : []))),
    faults: faulty,
    complain: (why) => breaks('nobody contradicts itself', why)
  })
  const versioning = createVersioning({
    scenario,
    clock,
    trace,
    complain: (why) => breaks('nobody signs under a version that it does not know', why)
  })
  const syncs = createSyncWatch(lying, (why) => breaks('nobody signs while it fetches blocks', why))
  const contradictions = createContradictionWatch(founded, lying, clock.now)

  const changingFiles = createChangingFiles({ seed: scenario.seed, files: scenario.files, clock, trace, founded })
  const changing = createChangingPartners({
    scenario,
    clock,
    trace,
    founded,
    liars: lying,
    partner: (id) => partnerOf.get(id)!,
    isHealed: () => isHealed,
    onChange: () => network.changed(),
    breaks
  })

  function committed(partner: VirtualPartner, height: number, hash: string): void {
    const place = `${partner.replica?.chain.scope.epoch}/${height}`
    const before = hashes.get(place) ?? hash
    hashes.set(place, before)
    contradictions.committed(partner, height)
    if (!isHealed && height > heightMax) breaks('no commit without a quorum', `${partner.id} commits block ${height}`)
    if (before !== hash) breaks('agreement', `${partner.id} commits ${hash} at ${height}, somebody else ${before}`)
  }

  /** No clock of an honest partner is ever so far ahead, so whoever endorsed such a block did not look. */
  function timely({ height, time }: BlockHeader): void {
    const aheadMs = time - founded.genesis.genesis.time - clock.now()
    if (aheadMs > AHEAD_MS_MAX) breaks('no block is dated ahead', `block ${height} is ${Math.round(aheadMs)} ms ahead`)
  }

  function onSend(from: string, message: PeerMessage | PullResponse): void {
    if (!lying.has(from)) watch.sent(message, partnerOf.get(from)!.replica?.chain.scope.epoch ?? 0)
    if (message.type === 'vote') {
      const { kind, block, round, voter } = message.vote
      // What is passed on is no step of its own.
      if (voter !== from) return
      if (!lying.has(from)) figures.roundMax = Math.max(figures.roundMax, round)
      faults.sending(from, kind, block === null)
    } else if (message.type === 'batch') {
      if (message.author === from) faults.sending(from, message.type, false)
    } else if (message.type === 'proposal' && 'proposal' in message && message.proposal.proposer === from) {
      faults.sending(from, message.type, false)
    }
  }

  const liars = new Map(
    [...lying].map((id) => [
      id,
      createLiar({
        id,
        founded,
        random,
        replica: () => partnerOf.get(id)?.replica ?? null,
        generation: () => partnerOf.get(id)?.generation ?? 0,
        governance: () => changing.liesOf(id),
        ...(scenario.ways === null ? {} : { ways: scenario.ways })
      })
    ])
  )

  const network: VirtualNetwork = virtualNetwork({
    random,
    trace,
    ids,
    delayMs: scenario.delayMs,
    paths: scenario.paths,
    strangers: scenario.strangers && [ids[scenario.strangers[0]]!, ids[scenario.strangers[1]]!],
    lets: changing.lets,
    wire: scenario.wire,
    liars,
    onSend,
    onArrive(from, to, message) {
      const partner = partnerOf.get(to)!
      if (message.type === 'blocks') return syncs.arrived(from, partner, message)
      contradictions.arrived(partner, message)
      liars.get(to)?.heard(message)
      if (!lying.has(from)) watch.arrived(partner, message)
      if (message.type === 'proposal' && 'batches' in message) changing.liesOf(to)?.heard(message)
    },
    onBody: (to, text) => contradictions.showBatch(partnerOf.get(to)!, text),
    onBlame(by, partner, why) {
      trace.note(`${by} blames ${partner}: ${why}`)
      if (!lying.has(by) && !lying.has(partner)) breaks('only the guilty are blamed', `${by} blames ${partner}: ${why}`)
    }
  })

  const partners = ids.map((id, index) =>
    virtualPartner({
      id,
      founded,
      clock,
      random,
      network,
      trace,
      timeouts: scenario.timeouts,
      sliceMs: scenario.seed % 4 === 0 ? 0 : 1,
      skewMs: Math.floor((random() - 0.5) * 2 * scenario.skewMsMax),
      versionMax: versioning.knownBy(index),
      hasPeers: ids.length > 1,
      onCommitted(partner, block) {
        const { header, hash } = block
        trace.note(() => `${id} commits h${header.height} ${hash.slice(0, 8)} of ${header.proposer}`)
        if (!lying.has(id)) {
          committed(partner, header.height, hash)
          timely(header)
        }
        changing.onCommitted(partner)
        recovering.onCommitted(partner, header.height)
        if (!lying.has(id)) versioning.onCommitted(partner, block)
      },
      onRunning: changing.onRunning,
      onSign(partner, bytes) {
        if (lying.has(id)) return
        syncs.signed(partner, bytes)
        versioning.onSign(partner, bytes)
        recovering.onSign(partner, bytes)
      },
      onFail(partner, error) {
        if (error instanceof LedgerError && error.code === 'STORE_DAMAGED') resynced.add(id)
        if (!lookAfter(partner, error, clock) && !lying.has(id))
          breaks('no node stops by itself', `${id}: ${textOf(error)}`)
      }
    })
  )
  for (const partner of partners) partnerOf.set(partner.id, partner)
  const honest = partners.filter(({ id }) => !lying.has(id))
  const workload = createWorkload({ clock, random, trace, founded, seed: scenario.seed })
  const joins = createJoining({
    clock,
    random,
    trace,
    founded,
    hosts: honest.filter(({ id }) => founded.voters.includes(id) && !gone.has(id)),
    voters: honest.filter(({ id }) => !gone.has(id))
  })
  const recovering = createRecovering({ scenario, clock, trace, founded, network, partners, breaks })
  function onLoss({ id }: VirtualPartner): void {
    figures.losses++
    lost.add(id)
    workload.lost(id)
  }

  const faults = injectFaults({
    clock,
    network,
    partners,
    trace,
    onCrash() {
      figures.crashes++
    },
    onLoss,
    onError: (error) => breaks('a node stops in order', error)
  })

  /** Who is up, apart from what goes wrong for a while. */
  function mayRun(partner: VirtualPartner): boolean {
    const index = partners.indexOf(partner)
    if (changing.isKeyless(partner) || !recovering.mayRun(partner)) return false
    if (gone.has(partner.id)) return !isHealed
    if (joining.includes(partner.id)) return joins.isAdmitted(partner.id)
    return index >= scenario.silent || isHealed || clock.now() < scenario.silentFromMs
  }

  /** Some fall in the middle. Where they are more than f, what they have said may still let one height be decided, and no other. */
  function fallSilent(): void {
    trace.note(`${scenario.silent} fall silent`)
    if (isStalling) heightMax = 1 + Math.max(...partners.map(({ content }) => content.blocks.length))
    for (const partner of partners.slice(0, scenario.silent)) partner.crash()
  }

  /** Records by anybody, at any time while there is trouble. */
  function planWork(): void {
    const repeats = new Map<VirtualPartner, number>()
    for (let n = 0; n < scenario.records; n++) {
      clock.plan(random() * scenario.healMs, () => {
        const partner = partners[Math.floor(random() * partners.length)]!
        // Users who saw their node fall try again on the new one.
        if (partner.life > (repeats.get(partner) ?? 1)) {
          repeats.set(partner, partner.life)
          workload.repeat(partner)
        }
        workload.submit(partner)
      })
    }
  }

  return {
    founded,
    partners,
    honest,
    /** Honest ones that are there in the end. */
    /** Whose copy was damaged, and fetched again: where the log does not go with the guard then, they rejoin. */
    resynced: resynced as ReadonlySet<string>,
    /** Partners that lost a disk, or got an old one back: what they stored before they have rejoined is void. */
    lost: lost as ReadonlySet<string>,
    lasting: honest.filter(({ id }) => !gone.has(id) && !changing.isForGood(id) && !recovering.isLost(id)),
    changing,
    recovering,
    changingFiles,
    version: versioning.newest,
    liars: lying,
    /** Of honest partners. */
    submissions: () => workload.submissions.filter(({ author }) => !lying.has(author)),
    contradictions,
    excused: watch.excused,
    figures,
    heightMax: () => heightMax,
    submit: workload.submit,
    sent: () => network.sent,
    /** Plans everything up to the end of trouble. */
    begin(): void {
      for (const partner of partners) {
        if (mayRun(partner)) clock.plan(random() * 500, () => partner.isDown && partner.start())
      }
      for (const id of joining) joins.plan(partnerOf.get(id)!, scenario.healMs * (0.1 + random() * 0.6))
      if (isStalling && scenario.silentFromMs === 0) heightMax = 0
      else if (scenario.silent > 0) clock.plan(scenario.silentFromMs, fallSilent)
      planWork()
      changingFiles.begin({ honest })
      versioning.begin({ partners, honest, mayRun })
      changing.begin({ partners, honest, mayRun, onLoss, unheard: workload.unheard })
      recovering.begin()
      faults.plan(scenario.faults, mayRun)
    },
    heal(): void {
      isHealed = true
      for (const id of gone) partnerOf.get(id)!.crash()
      faults.heal()
    }
  }
}

export type SimulatedNetwork = ReturnType<typeof simulatedNetwork>

/** What was thrown, with its stack where it has one. */
export function textOf(error: unknown): string {
  if (error instanceof BrokenPromise) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
