import * as assert from 'uvu/assert'
import { signer } from '../../../src/base/crypto.js'
import { executeBlock } from '../../../src/ledger/chain.js'
import { foundingOf, rulebookAfter } from '../../../src/ledger/execution.js'
import { membershipIn } from '../../../src/ledger/membership.js'
import { followMembership } from '../../../src/ledger/membership-proof.js'
import { type PartnerSet, partnerSetHash, partnerSetText } from '../../../src/ledger/partner-set.js'
import {
  composeRecovery,
  documentProblem,
  type Recovery,
  type RecoveryDocument,
  type RecoveryGround,
  readRecovery,
  recoveryBytes,
  recoveryHash,
  recoveryProblem,
  recoveryText,
  setOfRecovery
} from '../../../src/ledger/recovery.js'
import { epochAt, recoveriesIn } from '../../../src/ledger/recovery-state.js'
import type { StateReader } from '../../../src/ledger/state.js'
import { partnerSeed, setOf, stepOf } from '../../support/membership-chain.js'
import { keyOf, seedOf, smallChain } from '../../support/small-chain.js'
import { suite } from '../../support/suite.js'

const test = suite('recovery documents')

const scope = { genesis: 'ab'.repeat(32), epoch: 0 }
const set = setOf('p1', 'p2', 'p3', 'p4')
const ground: RecoveryGround = { scope, height: 7, head: 'cd'.repeat(32), now: set, latest: set }

function composed(lost: readonly string[], at: RecoveryGround = ground): RecoveryDocument {
  const document = composeRecovery(at, lost)
  assert.ok(document.ok, document.ok ? '' : document.refusal.message)
  return document.value
}

function signed(document: RecoveryDocument, by: readonly string[] = document.signers): Recovery {
  const signatures = by.map((id) => ({ signature: signer(partnerSeed(id))(recoveryBytes(document)), signer: id }))
  return { document, signatures }
}

function reasonOf(lost: readonly string[], at = ground): string {
  const document = composeRecovery(at, lost)
  return document.ok ? '' : document.refusal.message
}

test('all voters that are not lost must sign', () => {
  const document = composed(['p4', 'p3', 'p4'])
  assert.equal(
    [document.lost, document.signers],
    [
      ['p3', 'p4'],
      ['p1', 'p2']
    ]
  )
  assert.equal([document.epoch, document.height], [1, 7])
  assert.is(recoveryProblem(scope, set, signed(document)), null)
})

test('f + 1 survivors are needed, and a quorum of them needs none', () => {
  assert.match(reasonOf(['p2', 'p3', 'p4']), /^1 survivors are too few/)
  assert.match(reasonOf(['p4']), /^3 survivors are a quorum/)
  assert.match(reasonOf([]), /^4 survivors are a quorum/)
  assert.match(reasonOf(['p5']), /^p5 is neither/)
  assert.match(reasonOf(['p3', 'p4'], { ...ground, height: 0 }), /^the chain has no block yet/)
  const two = setOf('p1', 'p2')
  assert.equal(composed(['p2'], { ...ground, now: two, latest: two }).signers, ['p1'], 'f = 0: one may go on')
  const majority: PartnerSet = { ...setOf('p1', 'p2', 'p3'), quorum: 'majority' }
  assert.match(reasonOf(['p2', 'p3'], { ...ground, now: majority, latest: majority }), /too few/)
})

test('the lost are suspended with a new incarnation, the others stay as they are', () => {
  const later: PartnerSet = {
    ...set,
    partners: set.partners.map((partner) => (partner.id === 'p4' ? { ...partner, state: 'removed' } : partner))
  }
  const after = setOfRecovery(later, composed(['p3', 'p4'], { ...ground, latest: later }))
  assert.equal(
    after.partners.map(({ id, incarnation, state }) => [id, incarnation, state]),
    [
      ['p1', 0, 'active'],
      ['p2', 0, 'active'],
      ['p3', 1, 'suspended'],
      ['p4', 0, 'removed']
    ]
  )
  assert.is(after.epoch, 1)
})

test('each thing that is wrong with a recovery is told', () => {
  const document = composed(['p3', 'p4'])
  const whole = signed(document)
  const wrong = (change: Partial<RecoveryDocument>): Recovery => signed({ ...document, ...change })
  const cases: [Recovery, RegExp][] = [
    [signed(document, ['p1']), /the signatures of p2 are missing/],
    [signed(document, ['p1', 'p2', 'p3']), /signed by others/],
    [wrong({ genesis: 'ef'.repeat(32) }), /another network/],
    [wrong({ epoch: 2 }), /begins epoch 2/],
    [wrong({ base: 'ef'.repeat(32) }), /other partners/],
    [wrong({ signers: ['p1'] }), /not all survivors/],
    [wrong({ lost: ['p4'], signers: ['p1', 'p2', 'p3'] }), /are a quorum/],
    [{ ...whole, document: { ...document, head: 'ef'.repeat(32) } }, /signature of p1 is wrong/],
    [{ document, signatures: [whole.signatures[0]!, { ...whole.signatures[0]!, signer: 'p2' }] }, /of p2 is wrong/]
  ]
  for (const [recovery, reason] of cases) assert.match(recoveryProblem(scope, set, recovery) ?? '', reason)
})

test('a document holds at one place of one chain', () => {
  const document = composed(['p3', 'p4'])
  assert.is(documentProblem(ground, document), null)
  assert.match(documentProblem({ ...ground, height: 8 }, document) ?? '', /stands at block 7/)
  assert.match(documentProblem({ ...ground, head: 'ef'.repeat(32) }, document) ?? '', /another one than here/)
  assert.match(documentProblem(ground, { ...document, partners: 'ef'.repeat(32) }) ?? '', /not what comes out/)
})

test('it is read back as it was written, and nothing else is', () => {
  const recovery = signed(composed(['p3', 'p4']))
  assert.equal(readRecovery(recoveryText(recovery)), { ok: true, value: recovery })
  const { document } = recovery
  for (const other of [
    '',
    '{}',
    'x'.repeat(10_000_000),
    JSON.stringify({ ...recovery, more: 1 }),
    JSON.stringify({ ...recovery, document: { ...document, epoch: 0 } }),
    JSON.stringify({ ...recovery, document: { ...document, lost: ['p4', 'p3'] } }),
    JSON.stringify({ ...recovery, signatures: [...recovery.signatures].reverse() })
  ]) {
    assert.not.ok(readRecovery(other).ok, other.slice(0, 40))
  }
})

test('who was away follows it from its own set, and nobody else', () => {
  const recovery = signed(composed(['p3', 'p4']))
  const after = setOfRecovery(set, recovery.document)
  const step = { recovery: recoveryText(recovery), set: partnerSetText(after) }
  const codeOf = (
    known: { height: number; set: PartnerSet },
    steps: Parameters<typeof followMembership>[2]
  ): string => {
    const outcome = followMembership(scope, known, steps)
    return outcome.ok ? `${outcome.value.height} ${outcome.value.set.epoch}` : outcome.refusal.code
  }
  assert.is(codeOf({ height: 5, set }, [step]), '7 1')
  const joined = { ...after, partners: [...after.partners, ...setOf('p5').partners] }
  const next = stepOf({ ...scope, epoch: 1 }, 9, after, joined, ['p1', 'p2'])
  assert.is(codeOf({ height: 5, set }, [step, next]), '9 1')
  assert.is(codeOf({ height: 5, set }, [next]), 'VERIFICATION_FAILED')
  assert.is(codeOf({ height: 8, set }, [step]), 'VERIFICATION_FAILED')
  assert.is(codeOf({ height: 5, set: setOf('p1', 'p2', 'p3') }, [step]), 'VERIFICATION_FAILED')
  assert.is(codeOf({ height: 5, set }, [{ ...step, set: partnerSetText(set) }]), 'VERIFICATION_FAILED')
  assert.is(codeOf({ height: 5, set }, [{ ...step, recovery: '{}' }]), 'MALFORMED')
})

test('the first block of an epoch writes it down, may be empty, and is another one than without it', () => {
  const chain = smallChain(['p1', 'p2', 'p3', 'p4'])
  chain.commit([['p1', [chain.record('inspection', { vehicle: 'A', odometer: 1 })]]])
  const founding = foundingOf(chain.genesis.genesis)
  const { now, next: latest } = membershipIn(chain.state, founding.partners)
  const { height, hash: head } = chain.tip
  const document = composed(['p3', 'p4'], { scope: chain.scope, height, head, now, latest })
  const signatures = document.signers.map((id) => {
    return { signature: signer(seedOf(id))(recoveryBytes(document)), signer: id }
  })
  assert.is(recoveryProblem(chain.scope, now, { document, signatures }), null, keyOf('p1'))
  const rulebook = rulebookAfter(chain.scope, chain.model, founding, chain.state, { document, signatures })
  const plan = { originRound: 0, proposer: 'p1', time: chain.tip.time + 1, batches: [] }
  const { header, execution, hash } = executeBlock(rulebook, chain.tip, chain.state, plan)
  assert.equal([header.partners, header.nextPartners], [document.partners, document.partners])
  assert.is(header.partners, partnerSetHash({ ...chain.scope, epoch: 1 }, rulebook.partners))
  const kept = new Map(chain.entries)
  const before: StateReader = { get: (key) => kept.get(key) }
  for (const { key, entry } of execution.writes) chain.entries.set(key, { text: entry.text })
  assert.equal(recoveriesIn(chain.state), [{ document, signatures, set: rulebook.partners }])
  const resigned = { document, signatures: signatures.map((one) => ({ ...one, signature: 'a'.repeat(128) })) }
  const other = rulebookAfter(chain.scope, chain.model, founding, before, resigned)
  assert.is(executeBlock(other, chain.tip, before, plan).hash, hash, 'whatever signatures lie in a home')
  const after = rulebookAfter(chain.scope, chain.model, founding, chain.state)
  assert.equal([after.scope.epoch, after.partners, after.recovery], [1, rulebook.partners, undefined])
  const without = executeBlock(chain.rulebook(), chain.tip, { get: () => undefined }, plan)
  assert.is.not(without.hash, hash)
})

test('an epoch begins with the block after the one it is named by', () => {
  const documents = [
    { epoch: 1, height: 7 },
    { epoch: 2, height: 9 }
  ]
  assert.equal(
    [1, 7, 8, 9, 10].map((height) => epochAt(documents, height)),
    [0, 0, 1, 1, 2]
  )
})

test('the hash names all that a document does', () => {
  const document = composed(['p3', 'p4'])
  assert.is.not(recoveryHash(document), recoveryHash({ ...document, head: 'ef'.repeat(32) }))
  assert.is.not(recoveryHash(document), recoveryHash(composed(['p2', 'p4'])))
})

test.run()
