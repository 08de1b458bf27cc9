import { createHash } from 'node:crypto'
import * as assert from 'uvu/assert'
import { genesisBytes, genesisHash, taggedBytes, taggedHash } from '../../../src/base/tagged.js'
import { suite } from '../../support/suite.js'

const genesis = 'ab'.repeat(32)

const test = suite('tagged bytes')

test('a tag line and the body, as docs/formats.md says', () => {
  assert.is(taggedBytes('batch', { genesis, epoch: 0 }, '{"a":1}'), `ledger/batch/1 ${genesis} 0\n{"a":1}`)
  assert.is(taggedBytes('vote', { genesis, epoch: 12 }, ''), `ledger/vote/1 ${genesis} 12\n`)
  assert.is(genesisBytes('genesis', '{}'), 'ledger/genesis/1\n{}')
  assert.is(genesisBytes('model', '{}'), 'ledger/model/1\n{}')
})

test('hashed as UTF-8', () => {
  const expected = createHash('sha256').update(`ledger/block/1 ${genesis} 3\n"Zoë"`, 'utf8').digest('hex')
  assert.is(taggedHash('block', { genesis, epoch: 3 }, '"Zoë"'), expected)
  assert.is(genesisHash('model', '"Zoë"'), createHash('sha256').update('ledger/model/1\n"Zoë"', 'utf8').digest('hex'))
})

test('another tag, genesis, epoch or body gives another hash', () => {
  const hashes = [
    taggedHash('batch', { genesis, epoch: 0 }, '{}'),
    taggedHash('block', { genesis, epoch: 0 }, '{}'),
    taggedHash('batch', { genesis: 'ac'.repeat(32), epoch: 0 }, '{}'),
    taggedHash('batch', { genesis, epoch: 1 }, '{}'),
    taggedHash('batch', { genesis, epoch: 0 }, '[]'),
    genesisHash('genesis', '{}'),
    genesisHash('model', '{}')
  ]
  assert.is(new Set(hashes).size, hashes.length)
})

test.run()
