import '../../../src/node/network/promise-with-resolvers.js'
import * as assert from 'uvu/assert'
import { suite } from '../../support/suite.js'

interface Resolvers {
  readonly promise: Promise<number>
  readonly resolve: (value: number | Promise<number>) => void
  readonly reject: (reason: Error) => void
}

type WithResolvers = { withResolvers(): Resolvers }

const { Promise: Standard } = globalThis as unknown as { Promise: WithResolvers }

const test = suite('Promise.withResolvers on every supported Node')

test('resolves from outside', async () => {
  const { promise, resolve } = Standard.withResolvers()
  resolve(Promise.resolve(7))
  assert.is(await promise, 7)
})

test('rejects from outside', async () => {
  const { promise, reject } = Standard.withResolvers()
  reject(new Error('no'))
  try {
    await promise
    assert.unreachable()
  } catch (error) {
    assert.is((error as Error).message, 'no')
  }
})

test('the first answer stays', async () => {
  const { promise, resolve, reject } = Standard.withResolvers()
  resolve(1)
  resolve(2)
  reject(new Error('late'))
  assert.is(await promise, 1)
})

test('makes promises of the class it is called on', () => {
  class Special extends Promise<number> {}
  assert.instance((Special as unknown as WithResolvers).withResolvers().promise, Special)
})

test('does not show up when the members of Promise are listed', () => {
  assert.not.ok(Object.keys(Promise).includes('withResolvers'))
})

test.run()
