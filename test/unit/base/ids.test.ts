import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { isHash, isPartnerId, isSignature, parseRecordId, recordId } from '../../../src/base/ids.js'
import { suite } from '../../support/suite.js'

const test = suite('ids')

test('partner ids', () => {
  for (const good of ['a', 'p1', 'dealer-a', 'a-', 'a--b', `a${'b'.repeat(31)}`]) assert.ok(isPartnerId(good), good)
  const wrong = ['', '1a', '-a', 'A', 'aB', 'a_b', 'a.b', 'a b', 'é', 'ı', 'a\n', '\na', `a${'b'.repeat(32)}`, 'a/b']
  for (const bad of [...wrong, null, undefined, 5, ['a'], {}]) assert.not(isPartnerId(bad), String(bad))
})

test('hashes and signatures', () => {
  const hash = '0123456789abcdef'.repeat(4)
  assert.ok(isHash(hash))
  assert.ok(isSignature(hash + hash))
  for (const bad of [
    hash.toUpperCase(),
    hash.slice(1),
    `${hash}0`,
    `${hash}\n`,
    `g${hash.slice(1)}`,
    '',
    null,
    5,
    [hash]
  ]) {
    assert.not(isHash(bad), String(bad))
    assert.not(isSignature(bad), String(bad))
  }
  assert.not(isHash(hash + hash))
  assert.not(isSignature(hash))
})

test('record ids come back', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/),
      fc.maxSafeNat(),
      fc.maxSafeNat(),
      (author, sequence, index) => {
        assert.equal(parseRecordId(recordId(author, sequence, index)), { author, sequence, index })
      }
    )
  )
  assert.is(recordId('dealer-a', 3, 0), 'dealer-a/3/0')
})

test('a record id has one form', () => {
  const wrong = [
    '',
    'a',
    'a/1',
    'a/1/',
    '/1/2',
    'a/01/2',
    'a/1/02',
    'a/-1/2',
    'a/+1/2',
    'a/1.0/2',
    'a/1e3/2',
    'a/1/2/3'
  ]
  const more = [
    'A/1/2',
    'a/1/2\n',
    ' a/1/2',
    'a/١/2',
    'a/0x1/2',
    'a/9007199254740992/0',
    'a/0/9007199254740992',
    'a//0'
  ]
  for (const bad of [...wrong, ...more, `a/${'9'.repeat(400)}/0`]) assert.is(parseRecordId(bad), null, bad)
  assert.equal(parseRecordId('a/9007199254740991/0'), { author: 'a', sequence: Number.MAX_SAFE_INTEGER, index: 0 })
})

test.run()
