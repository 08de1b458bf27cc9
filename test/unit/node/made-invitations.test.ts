import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { silentLogger } from '../../../src/node/log.js'
import { INVITATIONS_MAX, type MadeInvitation, openMadeInvitations } from '../../../src/node/made-invitations.js'
import { keyOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('invitations of this node')
const folders: string[] = []

test.after.each(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function pathOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-made-'))
  folders.push(folder)
  return join(folder, 'invitations.json')
}

const KEY = keyOf('token')
const SIGNER = keyOf('p1')

function made(partner: string): MadeInvitation {
  return { key: KEY, signer: SIGNER, epoch: 1, partner, role: 'inspector', name: partner, made: 1, expires: 2 }
}

const open = (path: string) => openMadeInvitations({ path, log: silentLogger })
const never = (): boolean => false

test('are there again after a restart, in their order, for the owner only', async () => {
  const path = await pathOf()
  const list = await open(path)
  assert.equal(list.all(), [])
  await Promise.all(['a', 'b', 'c'].map((id) => list.add(made(id), never)))
  assert.equal(
    (await open(path)).all().map(({ partner }) => partner),
    ['a', 'b', 'c']
  )
  assert.equal((await open(path)).all()[0], made('a'))
  assert.is((await stat(path)).mode & 0o777, 0o600)
})

test('are bounded: the oldest that nobody can use makes room, and where all can be used none is added', async () => {
  const path = await pathOf()
  const full = Array.from({ length: INVITATIONS_MAX }, (_, at) => made(`p${at}`))
  await writeFile(path, JSON.stringify(full))
  const list = await open(path)
  try {
    await list.add(made('late'), never)
    assert.unreachable()
  } catch (error) {
    assert.is((error as { code?: string }).code, 'LIMIT_EXCEEDED')
  }
  await list.add(made('late'), ({ partner }) => partner === 'p7' || partner === 'p9')
  const names = (await open(path)).all().map(({ partner }) => partner)
  assert.equal([names.length, names.includes('p7'), names.includes('p9'), names.at(-1)], [1000, false, true, 'late'])
})

for (const text of ['', '{', '{}', '[{}]', JSON.stringify([{ ...made('a'), secret: 'x' }]), '[null]']) {
  test(`a file that is none is put aside: ${text.slice(0, 12)}`, async () => {
    const path = await pathOf()
    await writeFile(path, text)
    const list = await open(path)
    assert.equal(list.all(), [])
    assert.is(await readFile(`${path}.damaged`, 'utf8'), text)
    await list.add(made('a'), never)
    assert.is((await open(path)).all().length, 1)
  })
}

test('a list that tells no epoch is of the first', async () => {
  const path = await pathOf()
  const { epoch: _, ...early } = made('a')
  await writeFile(path, JSON.stringify([early]))
  assert.equal((await open(path)).all(), [{ ...made('a'), epoch: 0 }])
})

test.run()
