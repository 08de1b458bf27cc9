import type { PeerMessage, PullRequest } from '../../src/node/peers.js'

/** One line for the trace. */
export function lineOfMessage(message: PeerMessage): string {
  switch (message.type) {
    case 'proposal': {
      const { proposal, batches } = message
      const { height, round, validRound, block, proposer } = proposal
      return `proposal of ${proposer} h${height} r${round} v${validRound} ${short(block)} of ${batches.length}`
    }
    case 'vote': {
      const { kind, height, round, block, voter } = message.vote
      const why = message.reason === null ? '' : ` (${message.reason})`
      return `${kind} of ${voter} h${height} r${round} ${short(block)}${why}`
    }
    case 'batch':
      return `batch ${message.author}/${message.sequence} ${short(message.hash)}`
    case 'status':
      return `status h${message.height} r${message.round}, ${message.batches.length} waiting`
  }
}

/** One line for the trace. */
export function lineOfRequest(request: PullRequest): string {
  switch (request.type) {
    case 'blocks':
      return `asks for blocks from ${request.from}`
    case 'batches':
      return `asks for batches ${request.hashes.map(short).join(' ')}`
    case 'messages':
      return `asks for messages of h${request.height}`
    case 'proposal':
      return `asks for the proposal h${request.height} ${short(request.block)}`
    case 'known':
      return 'asks what is known of it'
    case 'recoveries':
      return `asks for recoveries after epoch ${request.after}`
    case 'rejoin':
      return `asks for a rejoin of ${request.partner}`
  }
}

export function short(hash: string | null): string {
  return hash === null ? 'nil' : hash.slice(0, 8)
}
