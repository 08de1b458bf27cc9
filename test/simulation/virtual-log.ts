import { LedgerError } from '../../src/base/errors.js'
import {
  type BatchPosition,
  type SignedBatch,
  type SignedVote,
  type SignGuard,
  STEPS,
  type VotePosition
} from '../../src/node/store/sign-guard.js'
import type { LogEntry, WriteAheadLog } from '../../src/node/store/write-ahead-log.js'
import type { VirtualFile } from './virtual-device.js'

/** The write-ahead log over a virtual file. */
export function virtualWriteAheadLog(file: VirtualFile): WriteAheadLog {
  return {
    append(height, text) {
      file.append(`${height} ${text}`)
    },
    sync: () => file.sync(),
    async committed(height) {
      const kept = file.lines.findIndex((line) => entryOf(line).height > height)
      file.forget(kept < 0 ? file.lines.length : kept)
    },
    close: async () => {}
  }
}

/** What the log holds from a height on. */
export function entriesFrom(file: VirtualFile, height: number): LogEntry[] {
  return file.lines.map(entryOf).filter((entry) => entry.height >= height)
}

function entryOf(line: string): LogEntry {
  const end = line.indexOf(' ')
  return { height: Number(line.slice(0, end)), text: line.slice(end + 1) }
}

/** What a node has whose guard is gone: it signs nothing. */
export function lostSignGuard(): SignGuard {
  const refuse = (): never => {
    throw new LedgerError('SIGN_REFUSED', 'nothing is signed without a guard')
  }
  return {
    whole: false,
    fault: new LedgerError('LOG_DAMAGED', 'the sign guard is missing', { missing: true }),
    lastVote: null,
    lastBatch: null,
    guardVote: refuse,
    guardBatch: refuse,
    sync: async () => refuse(),
    close: async () => {}
  }
}

/** The sign guard over a virtual file: refuses and repeats as the real one does. */
export function virtualSignGuard(file: VirtualFile): SignGuard {
  let votes: SignedVote[] = []
  let batch: SignedBatch | null = null

  function keep(item: SignedVote | SignedBatch): void {
    if ('sequence' in item.position) {
      batch = item as SignedBatch
      return
    }
    const vote = item as SignedVote
    if (votes.at(-1)?.position.height !== vote.position.height) votes = []
    votes.push(vote)
  }

  for (const line of file.lines) keep(JSON.parse(line) as SignedVote | SignedBatch)
  return {
    whole: true,
    fault: null,
    get lastVote() {
      return votes.at(-1) ?? null
    },
    get lastBatch() {
      return batch
    },
    guardVote(position, message, sign) {
      const before = votes.find((vote) => compareVotes(vote.position, position) === 0)
      if (before?.message === message) return before.signature
      const last = votes.at(-1)
      if (last !== undefined && compareVotes(position, last.position) <= 0) throw refused(position, last.position)
      const vote = { position, message, signature: sign(message) }
      keep(vote)
      file.append(JSON.stringify(vote))
      return vote.signature
    },
    guardBatch(position, message, sign) {
      const order = batch === null ? 1 : compareBatches(position, batch.position)
      if (batch !== null && order === 0 && batch.message === message) return batch.signature
      if (batch !== null && order <= 0) throw refused(position, batch.position)
      const signed = { position, message, signature: sign(message) }
      keep(signed)
      file.append(JSON.stringify(signed))
      return signed.signature
    },
    sync: () => file.sync(),
    close: async () => {}
  }
}

function compareVotes(a: VotePosition, b: VotePosition): number {
  const height = a.epoch - b.epoch || a.incarnation - b.incarnation || a.height - b.height
  return height || a.round - b.round || STEPS.indexOf(a.step) - STEPS.indexOf(b.step)
}

function compareBatches(a: BatchPosition, b: BatchPosition): number {
  return a.epoch - b.epoch || a.incarnation - b.incarnation || a.sequence - b.sequence
}

function refused(wanted: VotePosition | BatchPosition, last: VotePosition | BatchPosition): LedgerError {
  const message = `the guard refuses ${JSON.stringify(wanted)} after ${JSON.stringify(last)}`
  return new LedgerError('SIGN_REFUSED', message, { wanted, last })
}
