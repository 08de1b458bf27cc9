import { sha256Hex } from '../../src/base/crypto.js'
import type { SignedProposal, SignedVote } from '../../src/consensus/types.js'
import { batchBytes, batchHeader, encodeBatch, readBatch } from '../../src/ledger/batch.js'
import { blockHash, headerText, readHeader } from '../../src/ledger/block.js'
import { proposalBytes, voteBytes } from '../../src/ledger/vote.js'
import type { BlockBundle, PeerMessage, ProposalMessage, PullRequest, PullResponse } from '../../src/node/peers.js'
import type { SimulatedGenesis } from './simulated-genesis.js'

/** What a liar does with what its node, which is the real one, wants to say. */
export interface Liar {
  /** What is sent to a partner instead of a message: another one, several, or nothing. */
  instead(to: string, message: PeerMessage): PeerMessage[]
  /** Whether a partner gets the body of a batch. */
  givesBody(to: string): boolean
  /** What is answered instead; null: nothing at all. */
  answer(to: string, request: PullRequest, answer: PullResponse): PullResponse | null
}

/** Ways to lie; a liar has some of them. */
const WAYS = [
  'two proposals',
  'flipped votes',
  'favourites',
  'no bodies',
  'forged',
  'boasting',
  'replays',
  'false blocks',
  'false valid rounds',
  'forged batches'
] as const

type Way = (typeof WAYS)[number]

/** Old messages that a liar keeps to send again. */
const REPLAYS_MAX = 50

/** A partner with a good key and bad intentions, different in each run. */
export function createLiar(id: string, founded: SimulatedGenesis, random: () => number): Liar {
  const ways = new Set<Way>(WAYS.filter(() => random() < 0.4))
  const scope = { genesis: founded.genesis.hash, epoch: 0 }
  const sign = founded.signerOf(id)
  const others = [...founded.voters, ...founded.observers]
  const deceived = new Set(others.filter(() => random() < 0.5))
  /** The second block for each of its own: the same, a millisecond later. */
  const twins = new Map<string, { readonly hash: string; readonly header: string }>()
  const old: PeerMessage[] = []
  let newest: string | null = null

  function twinOf(block: string, header: string): { readonly hash: string; readonly header: string } | null {
    const known = twins.get(block)
    const read = readHeader(header)
    if (known !== undefined || !read.ok) return known ?? null
    const text = headerText({ ...read.value, time: read.value.time + 1 })
    const twin = { hash: blockHash(scope, text), header: text }
    twins.set(block, twin)
    return twin
  }

  function vote(of: SignedVote, block: string | null): PeerMessage {
    const { signature: _, ...body } = { ...of, block }
    return { type: 'vote', vote: { ...body, signature: sign(voteBytes(scope, body)) }, reason: null }
  }

  function proposal(of: SignedProposal, block: string): SignedProposal {
    const { signature: _, ...body } = { ...of, block }
    return { ...body, signature: sign(proposalBytes(scope, body)) }
  }

  /** Claims that an earlier round had a quorum for the block; the liar's prevote is all there is. */
  function again(message: ProposalMessage, validRound: number): PeerMessage {
    const { block, height, incarnation } = message.proposal
    const body = { block, height, incarnation, kind: 'prevote', round: validRound, voter: id } as const
    const { signature: _, ...claim } = { ...message.proposal, validRound }
    const signed = { ...claim, signature: sign(proposalBytes(scope, claim)) }
    return { ...message, proposal: signed, prevotes: [{ ...body, signature: sign(voteBytes(scope, body)) }] }
  }

  function lie(to: string, message: PeerMessage): PeerMessage[] {
    if (message.type === 'status') return [ways.has('boasting') ? { ...message, height: message.height + 7 } : message]
    if (message.type === 'batch') return [message]
    if (message.type === 'proposal') {
      newest = message.proposal.block
      const { round } = message.proposal
      if (ways.has('false valid rounds') && round > 0 && random() < 0.5) return [again(message, round - 1)]
      const twin = twinOf(message.proposal.block, message.header)
      if (!ways.has('two proposals') || !deceived.has(to) || twin === null || message.prevotes.length > 0)
        return [message]
      return [{ ...message, proposal: proposal(message.proposal, twin.hash), header: twin.header }]
    }
    const { block, voter } = message.vote
    const twin = block === null ? undefined : twins.get(block)
    if (ways.has('two proposals') && deceived.has(to) && twin !== undefined) return [vote(message.vote, twin.hash)]
    if (ways.has('flipped votes') && random() < 0.3) return [vote(message.vote, block === null ? newest : null)]
    if (ways.has('forged') && random() < 0.3) {
      const victim = others.find((other) => other !== voter && other !== to) ?? voter
      return [message, vote({ ...message.vote, voter: victim }, newest)]
    }
    return [message]
  }

  /** Blocks of a height that the asker has not got, signed by nobody but the liar. */
  function falsified({ header, certificate, batches }: BlockBundle): BlockBundle {
    const read = readHeader(header)
    if (!read.ok) return { header, certificate, batches }
    const text = headerText({ ...read.value, time: read.value.time + 1 })
    const block = blockHash(scope, text)
    const body = { block, height: read.value.height, incarnation: 0, kind: 'precommit', round: 0, voter: id } as const
    const votes = `[{"incarnation":0,"signature":"${sign(voteBytes(scope, body))}","voter":"${id}"}]`
    const forged = `{"block":"${block}","height":${read.value.height},"round":0,"votes":${votes}}`
    return { header: text, certificate: forged, batches }
  }

  /** The batch that somebody might write next, signed by the liar. */
  function forgedBatch(text: string): string[] {
    const read = readBatch(scope, founded.genesis.genesis.limits, text)
    if (!read.ok) return []
    const { header, records } = read.value
    const forged = batchHeader(header.author, header.incarnation, header.sequence + 1, records)
    const bytes = batchBytes(scope, forged)
    return [encodeBatch(scope, { header: forged, hash: sha256Hex(bytes), signature: sign(bytes), records })]
  }

  return {
    instead(to, message) {
      if (ways.has('favourites') && deceived.has(to) && random() < 0.7) return []
      const said = lie(to, message)
      if (!ways.has('replays')) return said
      if (old.length < REPLAYS_MAX) old.push(message)
      return random() < 0.1 ? [...said, old[Math.floor(random() * old.length)]!] : said
    },
    givesBody: (to) => !(ways.has('no bodies') && deceived.has(to)),
    answer(to, request, answer) {
      if (ways.has('favourites') && deceived.has(to)) return null
      if (request.type === 'batches' && ways.has('no bodies') && deceived.has(to))
        return { type: 'batches', batches: [] }
      if (answer.type === 'blocks' && ways.has('false blocks'))
        return { ...answer, blocks: answer.blocks.map(falsified) }
      if (answer.type === 'batches' && ways.has('forged batches')) {
        return { ...answer, batches: [...answer.batches, ...answer.batches.flatMap(forgedBatch)] }
      }
      return answer
    }
  }
}
