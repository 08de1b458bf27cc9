import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/base/json.js'
import { projectRoot } from './source.js'

const HOMES = join(projectRoot, 'test/fixtures/homes')

/** Homes as an earlier state of the project left them, and what was read there then: see scripts/make-old-home.ts. */
export interface OldHomes {
  readonly name: string
  /** Ids of the partners; the first is the founder. */
  readonly partners: readonly string[]
  /** Where each of them listened, which is what the others remember. */
  readonly listen: readonly string[]
  readonly height: number
  readonly head: string
  readonly stateHash: string
  /** Hashes of all blocks, from height 1 on. */
  readonly blocks: readonly string[]
  readonly records: readonly { readonly id: string; readonly height: number; readonly data: JsonObject }[]
  /** Ids of all records of inspection A, also of those refused. */
  readonly history: readonly string[]
  /** The newest inspection of A. */
  readonly newest: JsonObject
  /** All proposals, where there were any: a state that had none yet says nothing of them. */
  readonly proposals?: readonly { readonly id: string; readonly state: string }[]
  /** Of the first and the last of the records. */
  readonly receipts: readonly string[]
}

/** All that there are. */
export function oldHomes(): readonly OldHomes[] {
  return readdirSync(HOMES)
    .filter((file) => file.endsWith('.json'))
    .map((file) => ({ name: file.slice(0, -5), ...JSON.parse(readFileSync(join(HOMES, file), 'utf8')) }) as OldHomes)
}

/** Unpacks the homes into a directory: one folder each, by the partner's id. */
export function unpackOldHomes({ name }: OldHomes, directory: string): void {
  execFileSync('tar', ['xzf', join(HOMES, `${name}.tar.gz`), '-C', directory])
}
