import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import type { LedgerError } from '../../../../src/base/errors.js'
import { openStore } from '../../../../src/node/store/store.js'
import { suite } from '../../../support/suite.js'
import { blockHashOf, blockOf, bodyOf, GENESIS, growTo } from './chain-maker.js'
import { all, codeOf, withStore } from './with-store.js'

const test = suite('opening and closing the store')

test(
  'a store of another network is refused',
  withStore(async (store, path) => {
    await growTo(store, 1)
    await store.close()
    assert.is(await codeOf(() => openStore({ path, genesis: blockHashOf(0) })), 'ALREADY_FOUNDED')
  })
)

test(
  'a store that is in use is refused',
  withStore(async (_, path) => {
    assert.is(await codeOf(() => openStore({ path, genesis: GENESIS })), 'HOME_LOCKED')
  })
)

test(
  'everything throws CLOSED after close',
  withStore(async (store) => {
    await growTo(store, 1)
    await store.close()
    await store.close()
    for (const work of [
      () => store.state.get('s:p1'),
      () => store.block(1),
      () => store.readBatch(bodyOf(1).hash),
      () => store.commit(blockOf(2)),
      () => store.putBatches([bodyOf(2)]),
      () => store.history('visit', null, { limit: 1 }),
      () => all(store.states('')),
      () => store.snapshot(),
      () => store.treeNode(0, 0)
    ]) {
      assert.is(await codeOf(work), 'CLOSED')
    }
  })
)

test(
  'opening is aborted by its signal and leaves nothing open',
  withStore(async (store, path) => {
    await store.close()
    const reason = new Error('stopped')
    let thrown: unknown
    await openStore({ path, genesis: GENESIS, signal: AbortSignal.abort(reason) }).catch((error) => {
      thrown = error
    })
    assert.is(thrown, reason)
    await (await openStore({ path, genesis: GENESIS })).close()
  })
)

test(
  'a database that went back to an older head is noticed by the journal beside it',
  withStore(async (store, path) => {
    await growTo(store, 3)
    await store.close()
    cpSync(join(path, 'level'), `${path}-old`, { recursive: true })
    const later = await openStore({ path, genesis: GENESIS })
    await growTo(later, 5)
    await later.close()
    rmSync(join(path, 'level'), { recursive: true })
    cpSync(`${path}-old`, join(path, 'level'), { recursive: true })
    try {
      await openStore({ path, genesis: GENESIS })
      assert.unreachable()
    } catch (error) {
      assert.is((error as LedgerError).code, 'STORE_DAMAGED')
      assert.match((error as LedgerError).message, 'lost blocks 4 to 5')
    }
  })
)

test(
  'a journal that a crash left behind is brought up to date',
  withStore(async (store, path) => {
    await growTo(store, 3)
    await store.close()
    cpSync(join(path, 'commits'), `${path}-commits`)
    const later = await openStore({ path, genesis: GENESIS })
    await growTo(later, 5)
    await later.close()
    cpSync(`${path}-commits`, join(path, 'commits'))
    const again = await openStore({ path, genesis: GENESIS })
    await growTo(again, 6)
    await again.close()
    const last = await openStore({ path, genesis: GENESIS })
    assert.is(last.head?.height, 6)
    await last.close()
  })
)

test(
  'a missing journal or database is damage, not a new store',
  withStore(async (store, path) => {
    await growTo(store, 2)
    await store.close()
    cpSync(path, `${path}-copy`, { recursive: true })
    rmSync(join(path, 'commits'))
    assert.is(await codeOf(() => openStore({ path, genesis: GENESIS })), 'STORE_DAMAGED')
    for (const missing of ['level', 'level/CURRENT']) {
      rmSync(path, { recursive: true })
      cpSync(`${path}-copy`, path, { recursive: true })
      rmSync(join(path, missing), { recursive: true })
      assert.is(await codeOf(() => openStore({ path, genesis: GENESIS })), 'STORE_DAMAGED')
    }
    rmSync(join(path, 'commits'))
    assert.ok(readdirSync(join(path, 'level')).length > 0)
    assert.is(await codeOf(() => openStore({ path, genesis: GENESIS })), 'STORE_DAMAGED', 'nothing was thrown away')
  })
)

test.run()
