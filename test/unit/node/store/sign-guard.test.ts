import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { LedgerError } from '../../../../src/base/errors.js'
import {
  createGuard,
  openGuard,
  type SignGuard,
  type SignStep,
  type VotePosition
} from '../../../../src/node/store/sign-guard.js'
import { suite } from '../../../support/suite.js'
import { GENESIS, inDirectory } from './chain-maker.js'

const test = suite('sign guard', { timeoutMs: 30_000 })

const OWNER = { genesis: GENESIS, key: '12D3KooWOwner' }

function at(height: number, round: number, step: SignStep, more: Partial<VotePosition> = {}): VotePosition {
  return { epoch: 0, incarnation: 0, height, round, step, ...more }
}

/** A stand-in whose signatures tell what was signed. */
function sign(message: string): string {
  return `signed ${message}`
}

function neverSign(): string {
  throw new Error('asked to sign again')
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return (error as LedgerError).code
  }
  return 'nothing was thrown'
}

async function withGuard(work: (guard: SignGuard, path: string) => Promise<void>): Promise<void> {
  await inDirectory(async (directory) => {
    const path = join(directory, 'sign-guard')
    const guard = await createGuard(path, OWNER)
    try {
      await work(guard, path)
    } finally {
      await guard.close()
    }
  })
}

/** What of the second position is said when the first was signed for. */
const ORDER: readonly { name: string; first: VotePosition; second: VotePosition; signs: boolean }[] = [
  { name: 'a later step', first: at(5, 1, 'proposal'), second: at(5, 1, 'prevote'), signs: true },
  { name: 'a step left out', first: at(5, 1, 'proposal'), second: at(5, 1, 'precommit'), signs: true },
  { name: 'a later round', first: at(5, 1, 'precommit'), second: at(5, 2, 'proposal'), signs: true },
  { name: 'a later height', first: at(5, 9, 'precommit'), second: at(6, 0, 'prevote'), signs: true },
  {
    name: 'a later incarnation',
    first: at(5, 1, 'prevote'),
    second: at(3, 0, 'prevote', { incarnation: 1 }),
    signs: true
  },
  {
    name: 'a later epoch',
    first: at(5, 1, 'prevote', { incarnation: 4 }),
    second: at(3, 0, 'prevote', { epoch: 1 }),
    signs: true
  },
  { name: 'the same position', first: at(5, 1, 'prevote'), second: at(5, 1, 'prevote'), signs: false },
  { name: 'an earlier step', first: at(5, 1, 'precommit'), second: at(5, 1, 'prevote'), signs: false },
  { name: 'an earlier round', first: at(5, 1, 'proposal'), second: at(5, 0, 'precommit'), signs: false },
  { name: 'an earlier height', first: at(5, 0, 'proposal'), second: at(4, 9, 'precommit'), signs: false },
  {
    name: 'an earlier incarnation',
    first: at(5, 0, 'prevote', { incarnation: 1 }),
    second: at(6, 0, 'prevote'),
    signs: false
  },
  { name: 'an earlier epoch', first: at(5, 0, 'prevote', { epoch: 1 }), second: at(6, 0, 'prevote'), signs: false }
]

for (const { name, first, second, signs } of ORDER) {
  test(`after a signature ${name} is ${signs ? 'signed' : 'refused'}, also after opening again`, () =>
    withGuard(async (guard, path) => {
      guard.guardVote(first, 'a', sign)
      await guard.sync()
      await guard.close()
      const again = await openGuard(path, OWNER)
      const code = codeOf(() => again.guardVote(second, 'b', sign))
      assert.is(code, signs ? 'nothing was thrown' : 'SIGN_REFUSED')
      await again.close()
    }))
}

test('exactly what was signed at this height is answered with the signature of then', () =>
  withGuard(async (guard, path) => {
    guard.guardVote(at(5, 0, 'proposal'), 'p', sign)
    guard.guardVote(at(5, 0, 'prevote'), 'v', sign)
    guard.guardVote(at(5, 1, 'prevote'), 'w', sign)
    assert.is(guard.guardVote(at(5, 0, 'proposal'), 'p', neverSign), 'signed p')
    await guard.close()
    const again = await openGuard(path, OWNER)
    assert.is(again.guardVote(at(5, 0, 'prevote'), 'v', neverSign), 'signed v')
    assert.is(again.guardVote(at(5, 1, 'prevote'), 'w', neverSign), 'signed w')
    assert.is(
      codeOf(() => again.guardVote(at(5, 0, 'prevote'), 'x', sign)),
      'SIGN_REFUSED'
    )
    assert.is(
      codeOf(() => again.guardVote(at(5, 0, 'precommit'), 'c', sign)),
      'SIGN_REFUSED'
    )
    assert.equal(again.lastVote, { position: at(5, 1, 'prevote'), message: 'w', signature: 'signed w' })
    again.guardVote(at(6, 0, 'prevote'), 'y', sign)
    assert.is(
      codeOf(() => again.guardVote(at(5, 1, 'prevote'), 'w', sign)),
      'SIGN_REFUSED'
    )
    await again.close()
  }))

test('a batch is signed once for a sequence', () =>
  withGuard(async (guard, path) => {
    const batch = (sequence: number, incarnation = 0) => ({ epoch: 0, incarnation, sequence })
    assert.is(guard.guardBatch(batch(0), 'a', sign), 'signed a')
    assert.is(guard.guardBatch(batch(1), 'b', sign), 'signed b')
    await guard.sync()
    await guard.close()
    const again = await openGuard(path, OWNER)
    assert.is(again.guardBatch(batch(1), 'b', neverSign), 'signed b')
    assert.is(
      codeOf(() => again.guardBatch(batch(1), 'c', sign)),
      'SIGN_REFUSED'
    )
    assert.is(
      codeOf(() => again.guardBatch(batch(0), 'a', sign)),
      'SIGN_REFUSED'
    )
    assert.is(again.guardBatch(batch(0, 1), 'd', sign), 'signed d')
    assert.is(again.lastVote, null)
    await again.close()
  }))

test('a failing signer leaves no trace', () =>
  withGuard(async (guard) => {
    assert.throws(() => guard.guardVote(at(1, 0, 'prevote'), 'a', neverSign), 'asked to sign again')
    assert.is(guard.guardVote(at(1, 0, 'prevote'), 'b', sign), 'signed b')
  }))

test('the file stays small and keeps the newest signatures', () =>
  withGuard(async (guard, path) => {
    const message = 'm'.repeat(2000)
    for (let height = 1; height <= 1500; height++) {
      guard.guardVote(at(height, 0, 'prevote'), message + height, sign)
      guard.guardBatch({ epoch: 0, incarnation: 0, sequence: height }, message + height, sign)
      if (height % 50 === 0) await guard.sync()
    }
    await guard.sync()
    assert.ok(statSync(path).size < 2_000_000, `${statSync(path).size} bytes`)
    await guard.close()
    const again = await openGuard(path, OWNER)
    assert.is(again.lastVote?.position.height, 1500)
    assert.is(again.lastBatch?.position.sequence, 1500)
    assert.is(again.guardVote(at(1500, 0, 'prevote'), `${message}1500`, neverSign), `signed ${message}1500`)
    await again.close()
  }))

test('a missing guard is not whole and signs nothing', () =>
  inDirectory(async (directory) => {
    const guard = await openGuard(join(directory, 'sign-guard'), OWNER)
    assert.not(guard.whole)
    assert.is(guard.fault?.code, 'LOG_DAMAGED')
    assert.is(guard.fault?.details.missing, true)
    assert.is(
      codeOf(() => guard.guardVote(at(1, 0, 'prevote'), 'a', sign)),
      'SIGN_REFUSED'
    )
    assert.is(
      codeOf(() => guard.guardBatch({ epoch: 0, incarnation: 0, sequence: 0 }, 'a', sign)),
      'SIGN_REFUSED'
    )
  }))

test('a guard with any bit turned is not whole', () =>
  withGuard(async (guard, path) => {
    guard.guardVote(at(1, 0, 'prevote'), 'a', sign)
    guard.guardVote(at(1, 0, 'precommit'), 'b', sign)
    await guard.close()
    const whole = readFileSync(path)
    for (let byte = 0; byte < whole.length; byte++) {
      const bytes = Buffer.from(whole)
      bytes[byte]! ^= 1 << (byte % 8)
      writeFileSync(path, bytes)
      const damaged = await openGuard(path, OWNER)
      assert.not(damaged.whole, `byte ${byte}`)
      await damaged.close()
    }
  }))

test('a signature that was not durable may be torn; the ones before hold', () =>
  withGuard(async (guard, path) => {
    guard.guardVote(at(1, 0, 'prevote'), 'a', sign)
    guard.guardVote(at(1, 0, 'precommit'), 'b', sign)
    await guard.close()
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, whole.length - 3))
    const again = await openGuard(path, OWNER)
    assert.ok(again.whole)
    assert.is(again.guardVote(at(1, 0, 'prevote'), 'a', neverSign), 'signed a')
    assert.is(again.guardVote(at(1, 0, 'precommit'), 'c', sign), 'signed c')
    await again.close()
  }))

test('a guard of another key or network is not whole', () =>
  withGuard(async (guard, path) => {
    guard.guardVote(at(1, 0, 'prevote'), 'a', sign)
    await guard.close()
    for (const owner of [
      { ...OWNER, key: 'other' },
      { ...OWNER, genesis: 'other' }
    ]) {
      const other = await openGuard(path, owner)
      assert.not(other.whole)
      await other.close()
    }
  }))

test('a guard is created once, and never in place of a damaged one', () =>
  withGuard(async (guard, path) => {
    await guard.close()
    const codes: string[] = []
    const create = () => createGuard(path, OWNER).catch((error: LedgerError) => codes.push(error.code))
    await create()
    writeFileSync(path, 'damaged')
    await create()
    assert.equal(codes, ['LOG_DAMAGED', 'LOG_DAMAGED'])
    rmSync(path)
    await (await createGuard(path, OWNER)).close()
  }))

test('LedgerError SIGN_REFUSED says where both were', () =>
  withGuard(async (guard) => {
    guard.guardVote(at(5, 1, 'prevote'), 'a', sign)
    try {
      guard.guardVote(at(5, 0, 'prevote'), 'b', sign)
      assert.unreachable()
    } catch (error) {
      assert.ok(error instanceof LedgerError)
      assert.equal(error.details, { wanted: at(5, 0, 'prevote'), last: at(5, 1, 'prevote') })
    }
  }))

test.run()
