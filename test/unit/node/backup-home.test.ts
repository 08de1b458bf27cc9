import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { canonicalText } from '../../../src/base/canonical.js'
import { sha256Hex } from '../../../src/base/crypto.js'
import { LedgerError } from '../../../src/base/errors.js'
import type { JsonObject } from '../../../src/base/json.js'
import { isBackupName } from '../../../src/node/backup-files.js'
import { type BackupHomeOptions, backupHome, type HomeBackup } from '../../../src/node/backup-home.js'
import { homePaths } from '../../../src/node/home.js'
import { restoreHome } from '../../../src/node/restore-home.js'
import { documentText } from '../../../src/node/sealed-document.js'
import { lockHome } from '../../../src/node/store/home-lock.js'
import { suite } from '../../support/suite.js'
import { appendLines, createTestHome } from '../../support/test-home.js'

const test = suite('backup of a home', { timeoutMs: 30_000 })

const MADE = '2026-01-01T00:00:00.000Z'

type TestHome = Awaited<ReturnType<typeof createTestHome>>

async function withHome(work: (home: TestHome) => Promise<void>): Promise<void> {
  const home = await createTestHome()
  try {
    await work(home)
  } finally {
    await home.remove()
  }
}

async function faultOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    (error: unknown) => {
      assert.ok(error instanceof LedgerError, String(error))
      return `${error.code}: ${error.message}`
    }
  )
}

function optionsFor({ home, folder }: TestHome, more: Partial<BackupHomeOptions> = {}): BackupHomeOptions {
  return {
    home,
    directory: join(folder, 'backup'),
    withKey: true,
    chooseLock: async () => null,
    askNode: async () => {
      throw new Error('no node runs')
    },
    made: MADE,
    ...more
  }
}

/** A backup as one of a partner among others: the node that runs says that others vote. */
async function backedUpAmongOthers(test: TestHome, more: Partial<BackupHomeOptions> = {}): Promise<HomeBackup> {
  writeFileSync(homePaths(test.home).peers, '{"height":1,"peers":[]}\n')
  const lock = await lockHome(test.home)
  try {
    return await backupHome(optionsFor(test, { askNode: async () => true, ...more }))
  } finally {
    await lock.release()
  }
}

test('among others it holds who the partner is, for its owner alone, and nothing that was signed', () =>
  withHome(async (place) => {
    const backup = await backedUpAmongOthers(place)
    const directory = join(place.folder, 'backup')
    const names = ['genesis.json', 'key', 'partner.json', 'peers.json']
    assert.equal(Object.keys(backup.files).sort(), names)
    assert.equal(readdirSync(directory).sort(), ['backup.json', ...names])
    for (const name of readdirSync(directory)) assert.is(statSync(join(directory, name)).mode & 0o777, 0o600)
    assert.is(statSync(directory).mode & 0o777, 0o700)
    assert.is(backup.whole, false)

    const home = join(place.folder, 'restored')
    await restoreHome({ home, directory, notRunSince: false })
    for (const name of names) assert.equal(readFileSync(join(home, name)), readFileSync(join(place.home, name)))
    assert.equal(readdirSync(home).sort(), ['genesis.json', 'key', 'lock', 'partner.json', 'peers.json'])
    await restoreHome({ home, directory, notRunSince: false })
    assert.match(await faultOf(restoreHome({ home: place.home, directory, notRunSince: true })), /^BACKUP: .* is there/)
  }))

test('which recoveries it has signed goes with it, since it may sign nothing of before them', () =>
  withHome(async (place) => {
    const name = 'recovery/signed-1.json'
    mkdirSync(homePaths(place.home).recovery)
    writeFileSync(join(place.home, name), 'a document\n')
    const backup = await backedUpAmongOthers(place)
    assert.ok(Object.hasOwn(backup.files, name))
    const home = join(place.folder, 'restored')
    await restoreHome({ home, directory: join(place.folder, 'backup'), notRunSince: false })
    assert.is(readFileSync(join(home, name), 'utf8'), 'a document\n')
  }))

test('without the key, a key that is there already stays', () =>
  withHome(async (place) => {
    const backup = await backedUpAmongOthers(place, { withKey: false })
    assert.equal(Object.keys(backup.files).sort(), ['genesis.json', 'partner.json', 'peers.json'])
  }))

test('of a partner alone everything is copied, and goes on where it was', () =>
  withHome(async (place) => {
    const node = await place.open()
    await appendLines(node, 'inspection', ['{"vehicle":"A","odometer":1}'])
    assert.match(
      await faultOf(backupHome(optionsFor(place, { askNode: async () => false }))),
      /^BACKUP: p1 votes alone/
    )
    assert.not(existsSync(join(place.folder, 'backup')))
    const { height } = node.status()
    await place.close(node)
    symlinkSync('/etc/hostname', join(homePaths(place.home).store, 'elsewhere'))
    const { whole, files } = await backupHome(optionsFor(place))
    assert.is(whole, true)
    assert.ok('sign-guard' in files && 'store/commits' in files && 'store/level/CURRENT' in files)
    assert.not.ok('store/elsewhere' in files, 'what is a link is no file of the home')

    const directory = join(place.folder, 'backup')
    rmSync(place.home, { recursive: true })
    assert.match(await faultOf(restoreHome({ home: place.home, directory, notRunSince: false })), /voted alone/)
    assert.not(existsSync(place.home))
    await restoreHome({ home: place.home, directory, notRunSince: true })
    const again = await place.open()
    assert.is(again.status().height, height)
    await appendLines(again, 'inspection', ['{"vehicle":"A","odometer":2}'])
    assert.is(again.status().height, height + 1)
  }))

test('a backup that is damaged, cut short, or not whole changes nothing', () =>
  withHome(async (place) => {
    await backedUpAmongOthers(place)
    const directory = join(place.folder, 'backup')
    const home = join(place.folder, 'restored')
    const restore = (): Promise<string> => faultOf(restoreHome({ home, directory, notRunSince: true }))
    for (const name of readdirSync(directory)) {
      const path = join(directory, name)
      const whole = readFileSync(path)
      const flipped = Buffer.from(whole)
      flipped[whole.length >> 1]! ^= 1
      for (const bytes of [flipped, whole.subarray(0, whole.length >> 1), Buffer.alloc(0)]) {
        writeFileSync(path, bytes)
        assert.match(await restore(), /^BACKUP: /, name)
      }
      rmSync(path)
      assert.match(await restore(), /^BACKUP: /, name)
      writeFileSync(path, whole)
    }
    assert.not(existsSync(home))
    assert.is(await restore(), 'none')
  }))

test('a manifest of somebody else leads nowhere else', () =>
  withHome(async (place) => {
    const { files, ...backup } = await backedUpAmongOthers(place)
    const directory = join(place.folder, 'backup')
    const home = join(place.folder, 'restored')
    mkdirSync(join(place.folder, 'outside'))
    writeFileSync(join(place.folder, 'outside/x'), '')
    for (const name of [
      '../outside/x',
      '/etc/passwd',
      'store/../../outside/x',
      'store/./x',
      'store//x',
      'store/',
      'key/x',
      'config.yaml/x',
      'control.sock',
      'lock/x',
      'key.restored',
      'backup.json',
      '',
      'store/a/b/c/d',
      'store/.hidden',
      `store/${'x'.repeat(200)}`
    ]) {
      assert.not.ok(isBackupName(name), name)
      const bad = { ...backup, files: { ...files, [name]: sha256Hex('') } } as unknown as JsonObject
      writeFileSync(join(directory, 'backup.json'), documentText('ledger home backup', bad))
      assert.match(await faultOf(restoreHome({ home, directory, notRunSince: true })), /belong to no home/, name)
    }
    for (const bad of [
      { ...backup, files: { ...files, 'peers.json': 'x' } },
      { ...backup, files: null },
      { ...backup, files, partner: '../p1' },
      { ...backup, files, genesis: 1 },
      { ...backup, files, whole: 'no' }
    ]) {
      const text = documentText('ledger home backup', bad as unknown as JsonObject)
      writeFileSync(join(directory, 'backup.json'), text)
      assert.match(await faultOf(restoreHome({ home, directory, notRunSince: true })), /^BACKUP: /)
    }
    const later = { type: 'ledger home backup', version: 2, files }
    writeFileSync(
      join(directory, 'backup.json'),
      JSON.stringify({ ...later, checksum: sha256Hex(canonicalText(later as unknown as JsonObject)) })
    )
    assert.match(await faultOf(restoreHome({ home, directory, notRunSince: true })), /upgrade this one/)
    assert.not(existsSync(home))
  }))

test.run()
