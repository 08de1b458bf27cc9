import * as assert from 'uvu/assert'
import { isPartnerId } from '../../../src/base/ids.js'
import * as limits from '../../../src/base/limits.js'
import { suite } from '../../support/suite.js'

const test = suite('limits')

test('every limit is a positive integer and named so', () => {
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value !== 'number') continue
    assert.ok(Number.isSafeInteger(value) && value > 0, name)
  }
})

test('a record fits a batch, a batch fits a block', () => {
  assert.ok(limits.RECORD_BYTES_MAX < limits.BATCH_BYTES_MAX)
  assert.ok(limits.BATCH_BYTES_MAX < limits.BLOCK_BYTES_MAX)
  assert.ok(limits.BATCH_RECORDS_MAX <= limits.LEAVES_MAX)
})

test('the length of a partner id is that of its pattern', () => {
  assert.ok(isPartnerId('a'.repeat(limits.PARTNER_ID_CHARS_MAX)))
  assert.not(isPartnerId('a'.repeat(limits.PARTNER_ID_CHARS_MAX + 1)))
})

test.run()
