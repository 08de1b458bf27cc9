import { execFileSync } from 'node:child_process'

/** Where there is no repository, as in an unpacked package. */
const NO_COMMIT = '0000000'

/** Hash of the commit that is checked out; zeros when that cannot be told. */
export function commitHash(): string {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return NO_COMMIT
  }
}

/** The first of the seeds that belong to a commit: each commit is tried with others, and always with the same ones. */
export function firstSeedOf(commit: string): number {
  return 1_000_000 + (Number.parseInt(commit.slice(0, 7), 16) % 1_000_000) * 1_000
}
