import { verifySignature } from '../../src/base/crypto.js'
import { voteBytes } from '../../src/ledger/vote.js'
import type { StoredBlock } from '../../src/node/store/store-types.js'
import { BrokenPromise } from './broken-promise.js'
import type { PartnerHistory } from './partner-history.js'
import type { SimulatedGenesis } from './simulated-genesis.js'

interface Certificate {
  readonly block: string
  readonly height: number
  readonly round: number
  readonly votes: readonly { readonly voter: string; readonly incarnation: number; readonly signature: string }[]
}

/** Whether a quorum of different voters, as they were at its height, stands behind a block. */
export function createCertificateCheck(founded: SimulatedGenesis, partners: PartnerHistory) {
  function check({ height, hash }: StoredBlock, text: string): void {
    const wrong = (what: string): BrokenPromise => new BrokenPromise('certificates', `that of block ${height} ${what}`)
    const scope = { genesis: founded.genesis.hash, epoch: partners.epoch() }
    const voters = partners.voters()
    const quorum = partners.quorum()
    const needed = quorum === 'majority' ? Math.floor(voters.length / 2) + 1 : Math.floor((2 * voters.length) / 3) + 1
    const { block, height: of, round, votes } = JSON.parse(text) as Certificate
    if (block !== hash || of !== height) throw wrong('is for another one')
    if (new Set(votes.map(({ voter }) => voter)).size !== votes.length) throw wrong('has one voter twice')
    if (votes.length < needed) throw wrong(`has ${votes.length} votes where ${needed} are needed`)
    for (const { voter, incarnation, signature } of votes) {
      const partner = voters.find(({ id }) => id === voter)
      const bytes = voteBytes(scope, { block, height, incarnation, kind: 'precommit', round, voter })
      if (partner?.incarnation !== incarnation) throw wrong(`has a vote of ${voter}/${incarnation}`)
      if (!verifySignature(partner.key, bytes, signature)) throw wrong(`is not signed by ${voter}`)
    }
  }

  return { check }
}
