import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './source.js'

const BUILDS = join(projectRoot, 'test/fixtures/builds')

/** Programs of an earlier state of the project: paths to be run with Node. */
export interface OldBuild {
  readonly ledgerNode: string
  readonly ledger: string
}

/**
 * Unpacks an earlier build into a directory, unless it is there, where it finds the project's own packages.
 * @param name the commit's first seven digits: see scripts/make-old-build.ts
 */
export function unpackOldBuild(name: string, directory: string): OldBuild {
  const folder = join(directory, name)
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true })
    execFileSync('tar', ['xzf', join(BUILDS, `${name}.tar.gz`), '-C', folder])
    symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  }
  return { ledgerNode: join(folder, 'bin/ledger-node.js'), ledger: join(folder, 'bin/ledger.js') }
}
