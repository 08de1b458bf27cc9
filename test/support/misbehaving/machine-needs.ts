import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasNamespaces } from './namespaces.js'
import type { Scenario } from './step.js'

/** What this machine lacks to run a scenario; null when it has everything. */
export function missingFor({ links, smallDisk }: Scenario): string | null {
  if (links === 'namespaces' && !hasNamespaces()) return 'needs `ip netns` (iproute2), root, and veth in the kernel'
  if (smallDisk !== undefined && !maySmallDisk()) return 'needs the right to mount a tmpfs'
  return null
}

function maySmallDisk(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'ledger-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' })
    execFileSync('umount', [path])
    return true
  } catch {
    return false
  } finally {
    rmdirSync(path)
  }
}
