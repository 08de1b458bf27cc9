import { type KeyObject, sign, verify } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

/** Steps of a height, in their order. */
export type Step = 'proposal' | 'prevote' | 'precommit'

export interface SignedVote {
  readonly step: Step
  readonly height: number
  readonly hash: string
  readonly voter: number
  readonly signature: string
}

/** Signs votes, each only after it stands on the disk, and checks those of others. */
export interface Voting {
  vote(step: Step, height: number, hash: string): Promise<SignedVote>
  isSigned(vote: SignedVote): boolean
  close(): Promise<void>
}

/** @param keys public keys of all nodes, by their number */
export async function openVoting(
  path: string,
  self: number,
  key: KeyObject,
  keys: readonly KeyObject[]
): Promise<Voting> {
  const log: FileHandle = await open(path, 'a')
  const bytesOf = (step: Step, height: number, hash: string): Buffer => Buffer.from(`${step} ${height} ${hash}`)
  return {
    async vote(step, height, hash) {
      const bytes = bytesOf(step, height, hash)
      const signature = sign(null, bytes, key).toString('hex')
      await log.write(`${bytes} ${signature}\n`)
      await log.datasync()
      return { step, height, hash, voter: self, signature }
    },
    isSigned({ step, height, hash, voter, signature }) {
      return verify(null, bytesOf(step, height, hash), keys[voter]!, Buffer.from(signature, 'hex'))
    },
    close: () => log.close()
  }
}
