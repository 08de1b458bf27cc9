import * as assert from 'uvu/assert'
import { followMembership, type MembershipStep, readPartnerSet } from '../../../src/ledger/membership-proof.js'
import { partnerSetText } from '../../../src/ledger/partner-set.js'
import { setOf, stepOf } from '../../support/membership-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('following changes of the partners')

const scope = { genesis: 'ab'.repeat(32), epoch: 0 }
const abcd = setOf('alice', 'bob', 'carol', 'dave')
const bcde = setOf('bob', 'carol', 'dave', 'erin')
const cdef = setOf('carol', 'dave', 'erin', 'frank')
const known = { height: 10, set: abcd }
const first = stepOf(scope, 12, abcd, bcde)
const second = stepOf(scope, 20, bcde, cdef)

function codeOf(steps: readonly MembershipStep[], from = known): string {
  const outcome = followMembership(scope, from, steps)
  return outcome.ok ? 'ok' : outcome.refusal.code
}

test('a chain of changes leads to the newest set', () => {
  const outcome = followMembership(scope, known, [first, second])
  assert.ok(outcome.ok)
  assert.is(outcome.value.height, 20)
  assert.equal(outcome.value.set, cdef)
})

test('no change leads nowhere', () => {
  assert.equal(followMembership(scope, known, []), { ok: true, value: known })
})

test('a quorum suffices, less does not', () => {
  assert.is(codeOf([stepOf(scope, 12, abcd, bcde, ['alice', 'bob', 'carol'])]), 'ok')
  assert.is(codeOf([stepOf(scope, 12, abcd, bcde, ['alice', 'bob'])]), 'VERIFICATION_FAILED')
})

for (const [name, steps] of [
  ['left out', [second]],
  ['in the wrong order', [second, first]],
  ['twice', [first, first]],
  ['not after what is known', [stepOf(scope, 10, abcd, bcde)]],
  ['signed by the new ones', [stepOf(scope, 12, abcd, bcde, ['bob', 'carol', 'erin'])]],
  ['of another network', [stepOf({ genesis: 'cd'.repeat(32), epoch: 0 }, 12, abcd, bcde)]],
  ['of another epoch', [stepOf({ ...scope, epoch: 1 }, 12, abcd, bcde)]],
  ['with another set than the header names', [{ ...first, set: partnerSetText(cdef) }]],
  ['with another header than was signed', [{ ...first, header: stepOf(scope, 13, abcd, bcde).header }]],
  ['with the certificate of another', [{ ...first, certificate: stepOf(scope, 13, abcd, bcde).certificate }]]
] as const) {
  test(`a step ${name} is refused`, () => {
    assert.is(codeOf(steps), 'VERIFICATION_FAILED')
  })
}

test('malformed steps are refused with a value', () => {
  for (const member of ['header', 'certificate', 'set'] as const) {
    for (const text of ['', '{}', 'null', first[member].slice(1), `${first[member]} `]) {
      assert.is(codeOf([{ ...first, [member]: text }]), 'MALFORMED', `${member}: ${text}`)
    }
  }
  assert.is(codeOf(Array.from({ length: 257 }, () => first)), 'TOO_LARGE')
})

test('a set is read back as it was written', () => {
  assert.equal(readPartnerSet(partnerSetText(abcd)), { ok: true, value: abcd })
  for (const change of [
    { quorum: 'all' },
    { epoch: -1 },
    { partners: [{ ...abcd.partners[0], state: 'gone' }] },
    { partners: [{ ...abcd.partners[0], id: 'A' }] }
  ]) {
    assert.not.ok(readPartnerSet(partnerSetText({ ...abcd, ...change } as never)).ok)
  }
})

test.run()
