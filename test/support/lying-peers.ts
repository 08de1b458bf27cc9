/**
 * Takes the place of src/node/late-peers.ts in the build of a lying node (test/support/lying-node.ts): what the honest node
 * says goes out, except that each fresh proposal of its own at round 0, and its votes on it, differ between partners, and
 * that beside each batch of its inspections it spreads another of the same sequence.
 */
import { signer } from '../../src/base/crypto.js'
import { batchBytes, batchHash, batchHeader, encodeBatch, readBatch } from '../../src/ledger/batch.js'
import { blockHash, headerText, readHeader } from '../../src/ledger/block.js'
import { proposalBytes, voteBytes } from '../../src/ledger/vote.js'
import { homePaths } from '../../src/node/home.js'
import { createLatePeers as createHonestPeers } from '../../src/node/late-peers.js'
import type { PeerMessage, Peers } from '../../src/node/peers.js'
import { readHome } from '../../src/node/read-home.js'
import { readKeyFile } from '../../src/node/store/key-file.js'

export function createLatePeers() {
  const honest = createHonestPeers()
  /** The other block for each block proposed. */
  const others = new Map<string, string>()
  let lie: Lies['message'] = (message) => message
  let rivalOf: Lies['rivalOf'] = () => null
  void prepareLies(others).then((prepared) => {
    lie = prepared.message
    rivalOf = prepared.rivalOf
  })

  /** Of those connected, who is told the other story. */
  const isDeceived = (partner: string): boolean => honest.peers.connected().toSorted().indexOf(partner) === 0

  const peers: Peers = {
    ...honest.peers,
    send: (partner, message) => honest.peers.send(partner, isDeceived(partner) ? lie(message) : message),
    gossipBatch(text) {
      honest.peers.gossipBatch(text)
      const rival = rivalOf(text)
      if (rival !== null) honest.peers.gossipBatch(rival)
    },
    broadcast(message) {
      for (const partner of honest.peers.connected()) peers.send(partner, message)
    }
  }
  return { ...honest, peers }
}

interface Lies {
  /** What a deceived partner is told instead. */
  message(message: PeerMessage): PeerMessage
  /** Another batch of the same sequence, in stored form; null when this one is left alone. */
  rivalOf(text: string): string | null
}

async function prepareLies(others: Map<string, string>): Promise<Lies> {
  const home = process.env.LEDGER_HOME ?? ''
  const content = await readHome(home)
  if (content === null) throw new Error('a lying node needs a home')
  const scope = { genesis: content.genesis.hash, epoch: 0 }
  const sign = signer((await readKeyFile(homePaths(home).key)).seed)
  const message = (message: PeerMessage): PeerMessage => {
    if (message.type === 'proposal') {
      const { proposal, header } = message
      const read = readHeader(header)
      if (proposal.proposer !== content.partner || proposal.round > 0 || !read.ok) return message
      const text = headerText({ ...read.value, time: read.value.time + 1 })
      const { signature: _, ...body } = { ...proposal, block: blockHash(scope, text) }
      others.set(proposal.block, body.block)
      return { ...message, header: text, proposal: { ...body, signature: sign(proposalBytes(scope, body)) } }
    }
    if (message.type !== 'vote' || message.vote.voter !== content.partner || message.vote.block === null) return message
    const block = others.get(message.vote.block)
    if (block === undefined || message.vote.round > 0) return message
    const { signature: _, ...body } = { ...message.vote, block }
    return { ...message, vote: { ...body, signature: sign(voteBytes(scope, body)) } }
  }
  const rivalOf = (text: string): string | null => {
    const read = readBatch(scope, content.genesis.genesis.limits, text)
    if (!read.ok || !read.value.records.some((record) => record.includes('"object":"inspection"'))) return null
    const { author, incarnation, sequence } = read.value.header
    const records = [...read.value.records, 'one more']
    const header = batchHeader(author, incarnation, sequence, records)
    const signature = sign(batchBytes(scope, header))
    return encodeBatch(scope, { header, hash: batchHash(scope, header), signature, records })
  }
  return { message, rivalOf }
}
