import type { PeerMessage, PullResponse } from '../../src/node/peers.js'
import type { VirtualPartner } from './virtual-partner.js'

export interface SignatureWatchOptions {
  readonly liars: ReadonlySet<string>
  /** Partners whose disk may be put back to an old one: these can know what they signed from others only. */
  readonly restored: ReadonlySet<string>
  /** Partners of whom nothing can be heard: what reached no more than so many, nobody has to know of. */
  readonly faults: number
  readonly complain: (why: string) => void
}

/** What somebody said at a place, and who has heard it. */
interface Said {
  readonly content: string
  /** By partner: its node that heard it. Kept for those who may forget only. */
  readonly heard: Map<VirtualPartner, number> | null
}

interface Batch {
  readonly author: string
  readonly incarnation: number
  readonly sequence: number
  readonly hash: string
}

/** Sees every message that leaves an honest node or reaches one, and complains when somebody signs two things for one place. */
export function createSignatureWatch({ liars, restored, faults, complain }: SignatureWatchOptions) {
  const said = new Map<string, Said>()
  /** Places where somebody has contradicted what too few have heard. */
  const excused = new Set<string>()
  /** Of places in an epoch that a recovery began. */
  let prefix = ''

  function see(signer: string, place: string, content: string, hearer: VirtualPartner | null): void {
    if (liars.has(signer)) return
    const name = `${signer}/${prefix}${place}`
    const before = said.get(name)
    if (before === undefined) {
      const heard = restored.has(signer) ? new Map<VirtualPartner, number>() : null
      if (hearer !== null) heard?.set(hearer, hearer.life)
      said.set(name, { content, heard })
    } else if (before.content !== content) contradicted(name, before, content)
    else if (hearer !== null) before.heard?.set(hearer, hearer.life)
  }

  function contradicted(name: string, { content, heard }: Said, other: string): void {
    const know =
      heard === null ? Number.POSITIVE_INFINITY : [...heard].filter((one) => knows(name, content, one)).length
    if (know > faults) complain(`${name}: ${content} and ${other}`)
    else excused.add(name)
  }

  /** Who has started anew since may have forgotten it; and an announced batch can be shown only by who holds it. */
  function knows(name: string, content: string, [by, life]: readonly [VirtualPartner, number]): boolean {
    return by.life === life && (!name.endsWith('/batch') || by.content.bodies.has(content))
  }

  function seeMessage(message: PeerMessage | PullResponse, hearer: VirtualPartner | null) {
    switch (message.type) {
      case 'vote': {
        const { voter, incarnation, height, round, kind, block } = message.vote
        return see(voter, `${incarnation}/${height}/${round}/${kind}`, block ?? 'nil', hearer)
      }
      case 'proposal': {
        if (!('proposal' in message)) return
        const { proposer, incarnation, height, round, validRound, block } = message.proposal
        return see(proposer, `${incarnation}/${height}/${round}/proposal`, `${block} ${validRound}`, hearer)
      }
      case 'batch':
        return seeBatch(message, hearer)
      case 'status':
        for (const batch of message.batches) seeBatch(batch, hearer)
        return
      case 'messages':
        for (const each of message.messages) seeMessage(each, hearer)
        return
      // Nobody signs these.
      case 'blocks':
      case 'batches':
      case 'known':
      case 'recoveries':
      case 'rejoin':
    }
  }

  function seeBatch({ author, incarnation, sequence, hash }: Batch, hearer: VirtualPartner | null): void {
    see(author, `${incarnation}/${sequence}/batch`, hash, hearer)
  }

  /** What left last: it goes to everybody, and need be looked at once. */
  let last: PeerMessage | PullResponse | null = null

  return {
    /** @param epoch of whoever sends it */
    sent(message: PeerMessage | PullResponse, epoch: number): void {
      if (message === last) return
      last = message
      prefix = epoch === 0 ? '' : `epoch ${epoch}/`
      seeMessage(message, null)
    },
    arrived(to: VirtualPartner, message: PeerMessage | PullResponse): void {
      prefix = ''
      if (restored.size > 0) seeMessage(message, to)
    },
    /** As evidence names them. */
    excused: excused as ReadonlySet<string>
  }
}
