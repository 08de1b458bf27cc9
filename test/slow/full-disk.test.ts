import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ndjson, withSandbox } from '../support/processes.js'
import { NETWORK } from '../support/small-chain.js'
import { skipUnless, suite } from '../support/suite.js'

const test = suite('a full disk', { timeoutMs: 90_000 })

/** Mounts a small disk of its own; false where that is not allowed. */
function mountSmallDisk(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('the node says so and stops; with room again it goes on and nothing acknowledged is lost', async () => {
  await withSandbox(async (sandbox) => {
    const disk = join(sandbox.directory, 'disk')
    await mkdir(disk)
    skipUnless(mountSmallDisk(disk), 'needs the right to mount a tmpfs')
    try {
      const home = join(disk, 'home')
      const network = await sandbox.file('network.yaml', NETWORK)
      const node = await sandbox.start(['--home', home, '--network', network, '--partner', 'p1', '--role', 'inspector'])
      // Every line is unlike the others, so that no compression helps.
      const lines = Array.from({ length: 150_000 }, (_, i) => `{"text":"${sha512(i)}"}\n`)
      const appended = await sandbox.ledger(['append', 'note', '--json', '--home', home], lines.join(''))
      const accepted = ndjson<{ status: string; id: string }>(
        appended.stdout.slice(0, appended.stdout.lastIndexOf('\n') + 1)
      ).filter(({ status }) => status === 'accepted')
      assert.ok(accepted.length > 0 && accepted.length < lines.length, `${accepted.length} of ${lines.length} accepted`)
      assert.is(appended.code, 1)
      assert.is(await node.stop(), 1, 'it ends by itself with exit code 1')
      assert.match(node.stderr(), /DISK_FULL/)
      execFileSync('mount', ['-o', 'remount,size=256m', disk])
      const again = await sandbox.start(['--home', home])
      for (const { id } of [accepted[0]!, accepted[Math.floor(accepted.length / 2)]!, accepted.at(-1)!]) {
        const shown = await sandbox.ledger(['show', id, '--json', '--home', home])
        assert.is(JSON.parse(shown.stdout).status, 'accepted', id)
      }
      const status = JSON.parse(
        (await sandbox.ledger(['append', 'note', '--json', '--home', home], '{"text":"after"}\n')).stdout
      )
      assert.is(status.status, 'accepted')
      const verified = await sandbox.ledger(['verify', '--home', home])
      assert.is(verified.code, 0, verified.stderr)
      await again.stop()
    } finally {
      execFileSync('umount', ['-l', disk])
    }
  })
})

function sha512(seed: number): string {
  return createHash('sha512').update(String(seed)).digest('base64')
}

test.run()
