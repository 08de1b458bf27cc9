import { cp, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { projectRoot } from './source.js'

const LIE = 'test/support/lying-peers.ts'

/**
 * Makes a build of the node that lies to its partners: the sources, with one file in another's place.
 * @param folder where to put it; not there yet
 * @returns path of the program to run instead of bin/ledger-node.js
 */
export async function buildLyingNode(folder: string): Promise<string> {
  await mkdir(folder)
  for (const name of ['src', 'package.json']) await cp(join(projectRoot, name), join(folder, name), { recursive: true })
  await symlink(join(projectRoot, 'node_modules'), join(folder, 'node_modules'))
  const node = join(folder, 'src/node')
  await rename(join(node, 'late-peers.ts'), join(node, 'honest-peers.ts'))
  const lie = await readFile(join(projectRoot, LIE), 'utf8')
  const inPlace = lie.replaceAll("'../../src/node/", "'./").replaceAll("'../../src/", "'../")
  await writeFile(join(node, 'late-peers.ts'), inPlace.replace("'./late-peers.js'", "'./honest-peers.js'"))
  const program = join(folder, 'ledger-node.mjs')
  await writeFile(
    program,
    "import { register } from 'tsx/esm/api'\nregister()\nawait import('./src/cli/ledger-node.ts')\n"
  )
  return program
}
