import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../src/base/errors.js'
import { EARLY_KEY } from '../../../src/ledger/early-chain.js'
import { SET_PREFIX } from '../../../src/ledger/membership.js'
import { compileModel, type Model } from '../../../src/ledger/model.js'
import { openChain } from '../../../src/node/chain.js'
import { keepEarlySets } from '../../../src/node/early-sets.js'
import { readHome } from '../../../src/node/read-home.js'
import { openSetHistory } from '../../../src/node/set-history.js'
import { openStore } from '../../../src/node/store/store.js'
import { verifyCopy } from '../../../src/node/verify-copy.js'
import { oldHomes, unpackOldHomes } from '../../support/old-homes.js'
import { genesisOf } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'
import { inDirectory } from './store/chain-maker.js'

const test = suite('the partner sets of an early chain', { timeoutMs: 30_000 })

type Opening = Parameters<typeof openChain>[0]

/** Opens the store of the first partner of old homes, as it was left. */
function withOldStore(name: string, work: (opening: Opening) => Promise<void>): () => Promise<void> {
  return () =>
    inDirectory(async (directory) => {
      const homes = oldHomes().find((each) => each.name === name)
      assert.ok(homes !== undefined, name)
      unpackOldHomes(homes, directory)
      const home = join(directory, homes.partners[0]!)
      const content = await readHome(home)
      assert.ok(content !== null)
      const { genesis, hash } = content.genesis
      const store = await openStore({ path: join(home, 'store'), genesis: hash })
      try {
        const model = compileModel(genesis.network, genesis.limits)
        await work({ scope: { genesis: hash, epoch: 0 }, genesis, model, store })
      } finally {
        await store.close()
      }
    })
}

async function keysOf({ store }: Opening): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.states('')) keys.push(key)
  return keys
}

test(
  'are added once, and then the whole copy verifies',
  withOldStore('joined', async (opening) => {
    const before = await keysOf(opening)
    assert.not(before.some((key) => key.startsWith(SET_PREFIX)))
    await keepEarlySets(opening)
    const after = await keysOf(opening)
    const added = after.filter((key) => !before.includes(key))
    assert.ok(added.includes(EARLY_KEY))
    assert.ok(added.every((key) => key === EARLY_KEY || key.startsWith(SET_PREFIX)))
    assert.is(opening.store.counts.states, after.length)
    const chain = openChain(opening)
    const sets = await openSetHistory(chain)
    assert.equal(
      sets.decided().map(({ set }) => set.partners.length),
      [2, 2, 3, 3]
    )
    assert.equal(sets.at(chain.tip.height), chain.rulebook.partners)
    const report = await verifyCopy(chain)
    assert.ok(report.ok, JSON.stringify(report))
    await keepEarlySets(opening)
    assert.equal(await keysOf(opening), after)
  })
)

test(
  'are left as they are where they were kept from the beginning',
  withOldStore('rejoined', async (opening) => {
    const before = await keysOf(opening)
    await keepEarlySets(opening)
    assert.equal(await keysOf(opening), before)
  })
)

test(
  'are not made up when the blocks come out otherwise',
  withOldStore('joined', async (opening) => {
    const { network, limits } = genesisOf(['p1']).genesis
    const other: Model = compileModel(network, limits)
    const before = await keysOf(opening)
    try {
      await keepEarlySets({ ...opening, model: other })
      assert.unreachable()
    } catch (error) {
      assert.ok(error instanceof LedgerError)
      assert.is(error.code, 'STORE_FORMAT')
      assert.match(error.message, /block 1: .*found the network anew/)
    }
    assert.equal(await keysOf(opening), before)
  })
)

test.run()
