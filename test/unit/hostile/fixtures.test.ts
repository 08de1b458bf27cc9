import { readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { hostileCaptures } from '../../support/hostile-captures.js'
import { hostileReaders } from '../../support/hostile-readers.js'
import { suite } from '../../support/suite.js'

interface Fixture {
  readonly reader: string
  readonly why: string
  readonly text: string
  /** `accepted`, or the code of the refusal: the same on every Node. */
  readonly expect: string
}

const fixtures: Fixture[] = JSON.parse(
  readFileSync(new URL('../../fixtures/hostile/readers.json', import.meta.url), 'utf8')
)

const test = suite('hostile inputs that were kept')

const readers = new Map(hostileReaders(hostileCaptures()).map((reader) => [reader.name, reader]))

for (const { reader, why, text, expect } of fixtures) {
  test(`${reader}: ${why} is ${expect}`, () => {
    const read = readers.get(reader)?.read(text)
    assert.ok(read !== undefined, `there is no reader ${reader}`)
    assert.is('refused' in read ? read.refused : 'accepted', expect)
    if ('accepted' in read && read.accepted !== null) assert.is(read.accepted, text)
  })
}

test.run()
