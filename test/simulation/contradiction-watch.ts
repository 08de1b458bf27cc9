import { verifySignature } from '../../src/base/crypto.js'
import type { SignedProposal, SignedVote } from '../../src/consensus/types.js'
import { batchBytes, readBatch } from '../../src/ledger/batch.js'
import { chargesIn } from '../../src/ledger/charges.js'
import { partnerOf, takesPart, votersOf } from '../../src/ledger/partner-set.js'
import { proposerOrder } from '../../src/ledger/proposer-order.js'
import { proposalBytes, voteBytes } from '../../src/ledger/vote.js'
import type { Chain } from '../../src/node/chain.js'
import type { PeerMessage, PullResponse } from '../../src/node/peers.js'
import type { SimulatedGenesis } from './simulated-genesis.js'
import type { VirtualPartner } from './virtual-partner.js'
import type { StoreContent } from './virtual-store.js'

/** Milliseconds that a node has, after the second message, until the height may be over: its disk may be slow. */
const NOTICE_MS = 1_500

/** Two messages of a liar that one honest node was given, which no honest partner signs both. */
interface Seen {
  readonly by: VirtualPartner
  readonly life: number
  /** Of a vote or proposal; null: a batch counts at any height. */
  readonly height: number | null
  /** As evidence names it. */
  readonly place: string
  readonly atMs: number
}

interface Said {
  readonly signer: string
  readonly incarnation: number
  readonly height: number
  readonly round: number
  readonly place: string
  readonly content: string
  readonly signature: string
  bytes(): string
}

function proposerAt({ rulebook, store }: Chain, height: number, round: number): string | undefined {
  const voters = votersOf(rulebook.partners).map(({ id }) => id)
  return proposerOrder(height, voters, chargesIn(store.state))[round % voters.length]
}

function isOver({ content }: VirtualPartner, height: number | null): boolean {
  return height === null || content.blocks.length >= height
}

function isKept({ uncommitted, locations }: StoreContent, id: string, hash: string): boolean {
  return uncommitted.has(hash) || locations.get(id)?.hash === hash
}

/** Remembers which lies honest nodes were shown while they could tell: each has to be written down in the end. */
export function createContradictionWatch(founded: SimulatedGenesis, liars: ReadonlySet<string>, nowMs: () => number) {
  const scope = { genesis: founded.genesis.hash, epoch: 0 }
  const first = new Map<string, string>()
  /** Hashes of batches by node and place. */
  const bodies = new Map<string, Set<string>>()
  let seen: Seen[] = []

  function show(to: VirtualPartner, said: Said): void {
    const { signer, incarnation, height, round, place, content } = said
    const { replica } = to
    if (!liars.has(signer) || replica === null || replica.syncing || replica.rejoining) return
    // Only what may count is kept.
    const voter = votersOf(replica.chain.rulebook.partners).find(({ id }) => id === signer)
    if (voter?.incarnation !== incarnation) return
    // Of rounds far ahead nothing is kept.
    if (to.content.blocks.length + 1 !== height || round > replica.round + 8) return
    const name = `${to.id} ${to.life} ${place}`
    const before = first.get(name)
    // One liar may sign for another.
    if (before === content || !verifySignature(voter.key, said.bytes(), said.signature)) return
    if (before === undefined) first.set(name, content)
    else seen.push({ by: to, life: to.life, height, place, atMs: nowMs() })
  }

  function showVote(to: VirtualPartner, { signature, ...vote }: SignedVote): void {
    const { voter: signer, incarnation, height, round, kind, block } = vote
    const place = `${signer}/${incarnation}/${height}/${round}/${kind}`
    const bytes = (): string => voteBytes(scope, vote)
    show(to, { signer, incarnation, height, round, place, content: `${block}`, signature, bytes })
  }

  function showProposal(to: VirtualPartner, { signature, ...proposal }: SignedProposal): void {
    const { proposer: signer, incarnation, height, round, block, validRound } = proposal
    // Nobody looks at the proposal of somebody whose turn it is not.
    if (to.replica === null || proposerAt(to.replica.chain, height, round) !== signer) return
    const place = `${signer}/${incarnation}/${height}/${round}/proposal`
    const bytes = (): string => proposalBytes(scope, proposal)
    show(to, { signer, incarnation, height, round, place, content: `${block} ${validRound}`, signature, bytes })
  }

  /**
   * A batch came whole. Announcements are signed by nobody, so it proves a lie where another one of its place is on the
   * disk: waiting for a block or in one, as those that nobody will ever need are thrown away.
   */
  function showBatch(to: VirtualPartner, text: string): void {
    const { replica, content } = to
    if (liars.size === 0 || liars.has(to.id)) return
    if (replica === null || replica.syncing || replica.rejoining) return
    const read = readBatch(scope, founded.genesis.genesis.limits, text)
    if (!read.ok || !liars.has(read.value.header.author)) return
    const { header, hash, signature } = read.value
    const { author, incarnation, sequence } = header
    const partner = partnerOf(replica.chain.rulebook.partners, author)
    if (partner === undefined || !takesPart(partner) || partner.incarnation !== incarnation) return
    if (!verifySignature(partner.key, batchBytes(scope, header), signature)) return
    const place = `${author}/${incarnation}/${sequence}/batch`
    const name = `${to.id} ${to.life} ${place}`
    const before = bodies.get(name) ?? new Set<string>()
    bodies.set(name, before)
    const isLie = !before.has(hash) && [...before].some((other) => isKept(content, `${author}/${sequence}`, other))
    before.add(hash)
    if (isLie) seen.push({ by: to, life: to.life, height: null, place, atMs: nowMs() })
  }

  function arrived(to: VirtualPartner, message: PeerMessage | PullResponse): void {
    if (liars.size === 0 || liars.has(to.id)) return
    if (message.type === 'vote') showVote(to, message.vote)
    else if (message.type === 'proposal' && 'proposal' in message) showProposal(to, message.proposal)
    else if (message.type === 'messages') for (const each of message.messages) arrived(to, each)
    else if (message.type === 'batches') for (const text of message.batches) showBatch(to, text)
  }

  return {
    arrived,
    showBatch,
    /** What was shown just before a height is over may have come too late. */
    committed(by: VirtualPartner, height: number): void {
      seen = seen.filter((each) => each.by !== by || each.height !== height || each.atMs < nowMs() - NOTICE_MS)
    },
    /** Places of lies that somebody has seen who has been there ever since. */
    places: (mayStillWrite: (by: VirtualPartner) => boolean): ReadonlySet<string> =>
      new Set(
        seen
          .filter(({ by, life, height }) => by.life === life && isOver(by, height) && mayStillWrite(by))
          .map(({ place }) => place)
      )
  }
}
