import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { Recovery } from '../../../src/ledger/recovery.js'
import type { Chain } from '../../../src/node/chain.js'
import { silentLogger } from '../../../src/node/log.js'
import { createRecoveryLearning } from '../../../src/node/recovery-learning.js'
import { barredBy, hasGoneOn, withoutOutlived } from '../../../src/node/recovery-standing.js'
import { suite } from '../../support/suite.js'

const test = suite('recoveries that a copy has outlived')

const HEAD = 'b'.repeat(64)

/** A complete recovery behind block 7. */
const RECOVERY: Recovery = {
  document: {
    base: 'a'.repeat(64),
    epoch: 1,
    format: 1,
    genesis: 'c'.repeat(64),
    head: HEAD,
    height: 7,
    lost: ['p2', 'p3'],
    partners: 'd'.repeat(64),
    signers: ['p1']
  },
  signatures: [{ signature: 'e'.repeat(128), signer: 'p1' }]
}

/** A copy of epoch 0 that ends at this height. */
function copyOf(height: number): Chain {
  const scope = { genesis: RECOVERY.document.genesis, epoch: 0 }
  const ground = () => ({ scope, height, head: HEAD, now: null, latest: null })
  const store = { header: () => ({ hash: HEAD, certificate: '' }) }
  return { scope, tip: { height }, ground, store, passed: () => [] } as unknown as Chain
}

test('one or two blocks tell them apart: a lost partner may have one block more, and no honest signer votes for two', () => {
  assert.equal(
    [6, 7, 8, 9, 5000].map((height) => hasGoneOn(copyOf(height), RECOVERY.document)),
    [false, false, false, true, true]
  )
})

test('former keys stop nobody: what they sign over a block of long ago bars no copy and is not learned', async () => {
  const files = { known: [RECOVERY], signed: [], entered: 0 }
  assert.is(barredBy(copyOf(8), files)?.kind, 'over')
  assert.is(barredBy(copyOf(9), files), null)
  const kept: Recovery[] = []
  const learning = createRecoveryLearning({
    chain: copyOf(9),
    sets: { at: () => assert.unreachable('the sets of then are not even asked for') as never },
    keep: async (recovery) => void kept.push(recovery),
    known: [],
    log: silentLogger,
    onEpoch: () => assert.unreachable('the epoch goes on')
  })
  assert.is(await learning.learn([RECOVERY]), false)
  assert.equal(kept, [])
})

test('one that was taken up while the copy was behind is put aside, so that a real one has its place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ledger-recoveries-'))
  try {
    const path = join(folder, 'epoch-1.json')
    writeFileSync(path, 'a recovery\n')
    const files = { known: [RECOVERY], signed: [], entered: 0 }
    assert.is((await withoutOutlived(folder, copyOf(8), files)).known.length, 1)
    assert.ok(existsSync(path))
    assert.equal((await withoutOutlived(folder, copyOf(9), files)).known, [])
    assert.not(existsSync(path))
    assert.match(readdirSync(folder).join(), /^epoch-1\.json\.lost-\d+$/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.run()
