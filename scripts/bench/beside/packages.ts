import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Makes sure that a program is there: installs its Debian package where that is allowed.
 * @param find where the program is; null while it is not there
 * @returns where the program is, or why it is not there
 */
export async function findOrInstall(
  packageName: string,
  find: () => string | null,
  mayInstall: boolean
): Promise<{ readonly path: string } | { readonly missing: string }> {
  const found = find()
  if (found !== null) return { path: found }
  if (!mayInstall) return { missing: `${packageName} is not installed; --install installs it` }
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    return { missing: `${packageName} is not installed, and only root on Debian can install it` }
  }
  // With this run level the package starts no service of its own.
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }
  const options = ['install', '-y', '--no-install-recommends', packageName]
  const child = spawn('/usr/bin/apt-get', options, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(child, 'exit')
  const path = find()
  return path === null ? { missing: `apt-get install ${packageName} ended with ${code}` } : { path }
}

/** Where etcd is. */
export function findEtcd(): string | null {
  return existsSync('/usr/bin/etcd') ? '/usr/bin/etcd' : null
}

/** The folder of the programs of PostgreSQL 15. */
export function findPostgres(): string | null {
  const folder = '/usr/lib/postgresql/15/bin'
  return existsSync(folder) && readdirSync(folder).includes('pgbench') ? join(folder) : null
}
