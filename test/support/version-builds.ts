import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OldBuild } from './old-builds.js'
import { projectRoot } from './source.js'

const CONSTANT = /VERSION_MAX = \d+/

/**
 * Makes a build of the present programs that knows versions of a network up to another one than they do.
 * @param folder where to put it; not there yet
 */
export function buildWithVersionMax(versionMax: number, folder: string): OldBuild {
  mkdirSync(folder)
  for (const name of ['bin', 'dist', 'package.json']) {
    cpSync(join(projectRoot, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  const path = join(folder, 'dist/ledger/network-version.js')
  const source = readFileSync(path, 'utf8')
  if (!CONSTANT.test(source)) throw new Error('the constant is not there')
  writeFileSync(path, source.replace(CONSTANT, `VERSION_MAX = ${versionMax}`))
  return { ledgerNode: join(folder, 'bin/ledger-node.js'), ledger: join(folder, 'bin/ledger.js') }
}
