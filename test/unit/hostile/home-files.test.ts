import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { publicKeyOf } from '../../../src/base/crypto.js'
import { LedgerError } from '../../../src/base/errors.js'
import { bytesToHex } from '../../../src/base/hex.js'
import { keyText } from '../../../src/base/keys.js'
import { decodeItems, encodeItem, type LoggedItem } from '../../../src/node/consensus-log.js'
import { homePaths } from '../../../src/node/home.js'
import { readRemembered } from '../../../src/node/known-peers.js'
import { readHome } from '../../../src/node/read-home.js'
import { createAppendFile } from '../../../src/node/store/append-file.js'
import type { CompactFile } from '../../../src/node/store/compact-file.js'
import { readKeyFile } from '../../../src/node/store/key-file.js'
import { guardOver } from '../../../src/node/store/sign-guard.js'
import { openWriteAheadLog } from '../../../src/node/store/write-ahead-log.js'
import { hostileCaptures } from '../../support/hostile-captures.js'
import { mutationsOf } from '../../support/mutations.js'
import { keyOf, seedOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

/** Files of a home, changed as nobody but their owner can; HOSTILE_RUNS=20000 searches for longer. */
const RUNS = Number(process.env.HOSTILE_RUNS ?? 100)

const test = suite('changed files of a home', { timeoutMs: 60_000 * Math.max(1, RUNS / 500) })

const captures = hostileCaptures()
let folder = ''

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ledger-files-'))
})

test.after(() => rm(folder, { recursive: true, force: true }))

/** What a reader makes of something; the code with which it refuses it. Whatever else it throws is a fault. */
async function refusalOr<T>(read: () => T | Promise<T>): Promise<T | string> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof LedgerError) return error.code
    throw error
  }
}

async function eachChange(samples: readonly string[], look: (text: string) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(mutationsOf(samples), look), { numRuns: RUNS })
}

test('a changed key file gives the key that it had, another whole one, or is refused', async () => {
  const seed = seedOf('p1')
  const content = { version: 1, type: 'ed25519', publicKey: keyOf('p1'), seed: bytesToHex(seed) }
  const path = join(folder, 'key')
  await eachChange([JSON.stringify(content), `${JSON.stringify(content, null, 2)}\n`], async (text) => {
    await writeFile(path, text, { mode: 0o600 })
    const key = await refusalOr(() => readKeyFile(path))
    if (typeof key === 'string') assert.is(key, 'KEY_FILE')
    else assert.is(key.publicKey, keyText(publicKeyOf(key.seed)))
  })
})

test('a changed partner.json or genesis.json names a partner and a genesis, or is refused', async () => {
  const paths = homePaths(join(folder, 'home'))
  await mkdir(paths.home)
  const look = async (partner: string, genesis: string): Promise<void> => {
    await writeFile(paths.partner, partner)
    await writeFile(paths.genesis, genesis)
    const content = await refusalOr(() => readHome(paths.home))
    // A genesis may also name what only later software knows.
    if (typeof content === 'string') assert.ok(['STORE_DAMAGED', 'VERSION_UNKNOWN'].includes(content), content)
    else assert.match(content?.partner ?? '', /^[a-z][a-z0-9-]*$/)
  }
  await eachChange(['{"partner":"p1"}\n'], (text) => look(text, captures.genesisText))
  await eachChange([captures.genesisText], (text) => look('{"partner":"p1"}\n', text))
})

test('a changed peers.json gives partners with keys and addresses, or nothing', async () => {
  const path = join(folder, 'peers.json')
  const addresses = ['/ip4/127.0.0.1/tcp/4001', '/dns4/p2.example/tcp/4001']
  const peers = ['p1', 'p2'].map((partner) => ({ partner, key: keyOf(partner), addresses }))
  await eachChange([`${JSON.stringify({ height: 7, peers })}\n`], async (text) => {
    await writeFile(path, text)
    const read = await readRemembered(path)
    for (const peer of read?.peers ?? []) {
      const texts = [peer.partner, peer.key, ...peer.addresses]
      assert.ok(
        texts.every((each) => typeof each === 'string'),
        text
      )
    }
  })
})

const SIGNATURE = 'ab'.repeat(64)
const place = (height: number, round: number) => ({ epoch: 0, incarnation: 0, height, round, step: 'prevote' })
const SIGNED = [
  { position: place(4, 0), message: 'a vote', signature: SIGNATURE, log: { from: 0, to: 70 } },
  { position: { epoch: 0, incarnation: 0, sequence: 3 }, message: 'a batch', signature: SIGNATURE },
  { position: place(4, 1), message: 'another', signature: SIGNATURE }
].map((item) => JSON.stringify(item))

const NO_FILE: CompactFile = { path: 'guard', append() {}, sync: async () => {}, close: async () => {} }

test('a guard whose records are not what it writes signs nothing', async () => {
  await eachChange(SIGNED, async (text) => {
    const guard = await refusalOr(() => guardOver(NO_FILE, [SIGNED[0]!, text, SIGNED[2]!]))
    if (typeof guard === 'string') return assert.is(guard, 'LOG_DAMAGED')
    const again = await refusalOr(() => guard.guardVote({ ...place(4, 1), step: 'prevote' }, 'yet another', () => 'x'))
    assert.is(again, 'SIGN_REFUSED')
  })
})

test('entries of a log that are not what it writes are refused', async () => {
  const [header = ''] = captures.headers
  const items: LoggedItem[] = [
    { kind: 'input', entry: { type: 'work-available' } as never },
    { kind: 'block', hash: 'ab'.repeat(32), block: { header, batches: [] } },
    { kind: 'anew' }
  ]
  await eachChange(items.map(encodeItem), async (text) => {
    const read = await refusalOr(() => decodeItems([{ height: 3, text }], 3))
    if (typeof read === 'string') return assert.is(read, 'LOG_DAMAGED')
    assert.ok(['input', 'block', 'anew'].includes(read[0]?.kind ?? ''))
  })
})

test('a log with an entry of no height is refused, not cut short', async () => {
  const genesis = 'ab'.repeat(32)
  const head = JSON.stringify({ format: 1, genesis, kind: 'write-ahead log', segment: 1 })
  const entry = `3 ${encodeItem({ kind: 'anew' })}`
  let made = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(' ', 'x ', '-1 ', '1.5 ', '1e400 ', 'NaN ', '', '99999999999999999 '),
      async (start) => {
        const path = join(folder, `log-${made++}`)
        await mkdir(path)
        const file = await createAppendFile(join(path, '0000000001.log'))
        for (const record of [head, entry, `${start}${encodeItem({ kind: 'anew' })}`, entry]) file.append(record)
        await file.sync()
        await file.close()
        const opened = await refusalOr(() => openWriteAheadLog({ path, genesis }, 0))
        if (typeof opened !== 'string') await opened.log.close()
        assert.is(opened, 'LOG_DAMAGED')
      }
    ),
    { numRuns: 20 }
  )
})

test.run()
