import type { SignedProposal } from '../../src/consensus/types.js'
import { type BlockHeader, blockHash, headerText, readHeader } from '../../src/ledger/block.js'
import { executeBlock } from '../../src/ledger/chain.js'
import type { CheckedBatch } from '../../src/ledger/execution.js'
import { proposalBytes, voteBytes } from '../../src/ledger/vote.js'
import { storedBatch } from '../../src/node/block-content.js'
import type { BlockBundle, PeerMessage, ProposalMessage } from '../../src/node/peers.js'
import type { Lying } from './liar.js'

interface FalseBlock {
  readonly hash: string
  readonly header: string
  readonly batches: readonly string[]
}

/** Blocks that must not be taken; each is right but for what it is named after. */
const INVALID = [
  'not later than the block before',
  'dated ahead',
  'another result',
  'a batch twice',
  'a batch left out',
  'no batches',
  'another origin',
  'another height'
] as const

/** By how much a block is dated ahead, milliseconds. */
const AHEAD_MS = 3_600_000

/** What a liar proposes, and what it gives for committed blocks. */
export function createBlockLies({ id, ways, deceived, random, scope, sign, replica }: Lying) {
  /** The false block for each of its own; null where none could be made. */
  const told = new Map<string, FalseBlock | null>()
  const invalid = INVALID[Math.floor(random() * INVALID.length)]!
  let newest: string | null = null

  function withHeader(header: BlockHeader, batches: readonly string[]): FalseBlock {
    const text = headerText(header)
    return { hash: blockHash(scope, text), header: text, batches }
  }

  /** A block of other batches, with the header that its execution gives. */
  function withBatches(
    { originRound, proposer, time }: BlockHeader,
    batches: readonly CheckedBatch[]
  ): FalseBlock | null {
    const { chain } = replica()!
    try {
      const plan = { originRound, proposer, time, batches }
      const { hash, text } = executeBlock(chain.rulebook, chain.tip, chain.store.state, plan)
      return { hash, header: text, batches: batches.map((batch) => batch.hash) }
    } catch {
      // An honest engine does not execute such batches at all: then the liar has none to claim.
      return null
    }
  }

  function invalidBlock(header: BlockHeader, hashes: readonly string[]): FalseBlock | null {
    const running = replica()
    if (running === null) return null
    const { chain, mempool } = running
    const batches = hashes.flatMap((hash) => mempool.get(hash) ?? storedBatch(chain, hash) ?? [])
    switch (invalid) {
      case 'not later than the block before':
        return withHeader({ ...header, time: chain.tip.time }, hashes)
      case 'dated ahead':
        return withBatches({ ...header, time: header.time + AHEAD_MS }, batches)
      case 'another result':
        return withHeader({ ...header, result: header.previous }, hashes)
      case 'a batch twice': {
        const before = chain.store.block(chain.tip.height)?.batches ?? []
        const again = before.flatMap(({ hash }) => storedBatch(chain, hash) ?? [])
        const all = [...before.map(({ hash }) => hash), ...hashes]
        return withBatches(header, [...again, ...batches]) ?? withHeader(header, all)
      }
      case 'a batch left out':
        return hashes.length < 2 ? null : withBatches(header, batches.slice(1))
      case 'no batches':
        return withBatches(header, [])
      case 'another origin':
        return withHeader({ ...header, originRound: header.originRound + 1 }, hashes)
      case 'another height':
        return withHeader({ ...header, height: header.height + 1 }, hashes)
    }
  }

  function falseBlockFor({ proposal, header, batches }: ProposalMessage): FalseBlock | null {
    const known = told.get(proposal.block)
    if (known !== undefined) return known
    const read = readHeader(header)
    if (!read.ok) return null
    const other = ways.has('two proposals')
      ? withHeader({ ...read.value, time: read.value.time + 1 }, batches)
      : invalidBlock(read.value, batches)
    told.set(proposal.block, other)
    return other
  }

  /** Those who are told the other block: all, unless the liar tells two. */
  function isToldInstead(to: string): boolean {
    return ways.has('two proposals') ? deceived.has(to) : ways.has('invalid blocks')
  }

  function signed(of: SignedProposal, change: Partial<SignedProposal>): SignedProposal {
    const { signature: _, ...body } = { ...of, ...change }
    return { ...body, signature: sign(proposalBytes(scope, body)) }
  }

  /** Claims that an earlier round had a quorum for the block; the liar's prevote is all there is. */
  function again(message: ProposalMessage, validRound: number): PeerMessage {
    const { block, height, incarnation } = message.proposal
    const body = { block, height, incarnation, kind: 'prevote', round: validRound, voter: id } as const
    const prevotes = [{ ...body, signature: sign(voteBytes(scope, body)) }]
    return { ...message, proposal: signed(message.proposal, { validRound }), prevotes }
  }

  /** A block of a height that the asker has not got, signed by nobody but the liar. */
  function falsified({ header, certificate, batches }: BlockBundle): BlockBundle {
    const read = readHeader(header)
    if (!read.ok) return { header, certificate, batches }
    const { height, time } = read.value
    const { hash: block, header: text } = withHeader({ ...read.value, time: time + 1 }, [])
    const body = { block, height, incarnation: 0, kind: 'precommit', round: 0, voter: id } as const
    const votes = `[{"incarnation":0,"signature":"${sign(voteBytes(scope, body))}","voter":"${id}"}]`
    const forged = `{"block":"${block}","height":${height},"round":0,"votes":${votes}}`
    return { header: text, certificate: forged, batches }
  }

  /** The list of batches that comes beside a block, an own or another's: nobody signs it. */
  function listFor(to: string, batches: readonly string[]): readonly string[] {
    return ways.has('false blocks') && deceived.has(to) ? [...batches, 'ef'.repeat(32)] : batches
  }

  return {
    listFor,
    /** The block that was spoken of last. */
    newest: (): string | null => newest,
    /** What somebody was told instead of an own block; null when it was told the truth. */
    toldInstead: (to: string, block: string): string | null =>
      isToldInstead(to) ? (told.get(block)?.hash ?? null) : null,
    proposal(to: string, message: ProposalMessage): PeerMessage[] {
      newest = message.proposal.block
      const { round, proposer } = message.proposal
      if (proposer !== id) return [message]
      if (ways.has('false valid rounds') && round > 0 && random() < 0.5) return [again(message, round - 1)]
      const other = message.prevotes.length > 0 || !isToldInstead(to) ? null : falseBlockFor(message)
      if (other === null) return [message]
      const { hash, header, batches } = other
      return [{ ...message, proposal: signed(message.proposal, { block: hash }), header, batches }]
    },
    bundles: (blocks: readonly BlockBundle[]): readonly BlockBundle[] =>
      ways.has('false blocks') ? blocks.map(falsified) : blocks
  }
}

export type BlockLies = ReturnType<typeof createBlockLies>
