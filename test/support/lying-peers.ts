/**
 * Takes the place of src/node/late-peers.ts in the build of a lying node (test/support/lying-node.ts): what the honest node
 * says goes out, except that each fresh proposal of its own at round 0, and its votes on it, differ between partners.
 */
import { signer } from '../../src/base/crypto.js'
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
  let lie: (message: PeerMessage) => PeerMessage = (message) => message
  void prepareLie(others).then((prepared) => {
    lie = prepared
  })

  /** Of those connected, who is told the other story. */
  const isDeceived = (partner: string): boolean => honest.peers.connected().toSorted().indexOf(partner) === 0

  const peers: Peers = {
    ...honest.peers,
    send: (partner, message) => honest.peers.send(partner, isDeceived(partner) ? lie(message) : message),
    broadcast(message) {
      for (const partner of honest.peers.connected()) peers.send(partner, message)
    }
  }
  return { ...honest, peers }
}

async function prepareLie(others: Map<string, string>): Promise<(message: PeerMessage) => PeerMessage> {
  const home = process.env.LEDGER_HOME ?? ''
  const content = await readHome(home)
  if (content === null) throw new Error('a lying node needs a home')
  const scope = { genesis: content.genesis.hash, epoch: 0 }
  const sign = signer((await readKeyFile(homePaths(home).key)).seed)
  return (message) => {
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
}
