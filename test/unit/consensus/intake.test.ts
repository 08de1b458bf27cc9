import * as assert from 'uvu/assert'
import { pendingEffects } from '../../../src/consensus/log.js'
import { ROUND_MAX, ROUNDS_AHEAD_MAX } from '../../../src/consensus/state.js'
import type { Proposal, Vote } from '../../../src/consensus/types.js'
import type { Certificate } from '../../../src/ledger/certificate.js'
import { suite } from '../../support/suite.js'
import {
  certificate,
  checked,
  HEIGHT,
  line,
  lines,
  machine,
  precommit,
  precommits,
  prevote,
  prevotes,
  proposal,
  signProposal,
  signVote,
  timeout,
  work
} from './machine.js'

const ignored = suite('consensus: what is ignored')

const goodVote: Vote = { block: 'x', height: HEIGHT, incarnation: 0, kind: 'prevote', round: 0, voter: 'a' }
const badVotes: [name: string, change: Partial<Vote>][] = [
  ['of an earlier height', { height: HEIGHT - 1 }],
  ['of a later height', { height: HEIGHT + 1 }],
  ['of nobody who votes', { voter: 'z' }],
  ['of an earlier incarnation', { incarnation: -1 }],
  ['of a later incarnation', { incarnation: 1 }],
  ['of a negative round', { round: -1 }],
  ['of a broken round', { round: 0.5 }],
  ['of a round out of range', { round: ROUND_MAX + 1 }]
]
for (const [name, change] of badVotes) {
  ignored(`a vote ${name}`, () => {
    const subject = machine()
    subject.give(work)
    const before = subject.state
    assert.equal(subject.give({ type: 'vote', vote: signVote({ ...goodVote, ...change }) }), [])
    assert.is(subject.state, before)
  })
}

const goodProposal: Proposal = { block: 'x', height: HEIGHT, incarnation: 0, proposer: 'c', round: 2, validRound: -1 }
const badProposals: [name: string, change: Partial<Proposal>][] = [
  ['of another height', { height: HEIGHT + 1 }],
  ['by somebody else than the proposer of the round', { proposer: 'b' }],
  ['by nobody who votes', { proposer: 'z' }],
  ['of another incarnation', { incarnation: 1 }],
  ['with its own round as validRound', { validRound: 2 }],
  ['with a validRound below -1', { validRound: -2 }],
  ['with a broken validRound', { validRound: 0.5 }],
  ['of a negative round', { round: -2 }],
  ['of a round too far ahead', { round: 2 + 4 * ROUNDS_AHEAD_MAX }]
]
for (const [name, change] of badProposals) {
  ignored(`a proposal ${name}, and the prevotes with it`, () => {
    const subject = machine()
    subject.give(work)
    const before = subject.state
    const bad = signProposal({ ...goodProposal, ...change })
    assert.equal(subject.give({ type: 'proposal', proposal: bad, prevotes: [] }), [])
    assert.is(subject.state, before)
  })
}

const good: Certificate = certificateOf('abc')
const [one, two, three] = good.votes
const badCertificates: [name: string, change: Partial<Certificate>][] = [
  ['of another height', { height: HEIGHT + 1 }],
  ['of a round out of range', { round: -1 }],
  ['without a quorum', { votes: [one!, two!] }],
  ['with a signer twice', { votes: [one!, two!, two!] }],
  ['with a signer twice beside a quorum', { votes: [one!, two!, three!, three!] }],
  ['with a signer outside the set', { votes: [one!, two!, { ...three!, voter: 'z' }] }],
  ['with a signer of another incarnation', { votes: [one!, two!, { ...three!, incarnation: 1 }] }]
]
for (const [name, change] of badCertificates) {
  ignored(`a certificate ${name}`, () => {
    const subject = machine()
    subject.give(work)
    const before = subject.state
    assert.equal(subject.give({ type: 'certificate', certificate: { ...good, ...change } }), [])
    assert.is(subject.state, before)
  })
}

function certificateOf(voters: string): Certificate {
  const input = certificate(0, 'x', voters)
  if (input.type !== 'certificate') throw new Error('a certificate')
  return input.certificate
}

ignored('prevotes in a proposal that are not of its validRound, its block or the set', () => {
  const subject = machine()
  const reproposal = proposal(2, 'x', 1, 'a')
  if (reproposal.type !== 'proposal') throw new Error('a proposal')
  const stray = [
    { ...goodVote, round: 1, voter: 'z' },
    { ...goodVote, round: 0, voter: 'b' },
    { ...goodVote, round: 1, voter: 'c', kind: 'precommit' as const },
    { ...goodVote, round: 1, voter: 'b', block: 'y' }
  ]
  subject.give({ ...reproposal, prevotes: [...stray.map(signVote), ...reproposal.prevotes] })
  assert.equal(subject.state.rounds.get(2)?.proposals[0]?.prevotes, [])
  assert.equal([...(subject.state.rounds.get(1)?.prevotes.votes.keys() ?? [])], ['b'])
  assert.is(subject.state.rounds.has(0), false)
})

ignored('what nobody asked to check', () => {
  const subject = machine()
  subject.give(work)
  assert.equal(subject.give(checked(0, 'x')), [])
  assert.is(subject.state.blocks.size, 0)
})

ignored('the check of a block at another height', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'))
  const result = { type: 'valid' } as const
  assert.equal(subject.give({ type: 'block-checked', height: HEIGHT - 1, round: 0, block: 'x', result }), [])
  assert.is(subject.state.blocks.get('x')?.verdict, 'pending')
})

ignored('repeated messages, which are not logged either', () => {
  const subject = machine()
  const inputs = [work, proposal(0, 'x'), checked(0, 'x'), prevote('a', 0, 'x'), precommit('b', 0, null)]
  subject.give(...inputs)
  const entries = subject.log.length
  assert.equal(subject.give(...inputs), [])
  assert.is(subject.log.length, entries)
})

ignored('a second verdict: the first one stands', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'), checked(0, 'x'), timeout('propose', 0))
  subject.give(checked(0, 'x', 'invalid'), checked(0, 'x', 'unavailable'))
  assert.is(subject.state.blocks.get('x')?.verdict, 'valid')
})

ignored.run()

const evidence = suite('consensus: evidence')

evidence('two votes of one voter: the first counts, the pair is reported once', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'), checked(0, 'x'), prevote('a', 0, 'x'))
  const effects = subject.give(prevote('a', 0, null))
  assert.equal(effects, [
    {
      type: 'evidence',
      evidence: {
        type: 'votes',
        voter: 'a',
        first: signVote({ ...goodVote, block: 'x' }),
        second: signVote({ ...goodVote, block: null })
      }
    }
  ])
  assert.equal(subject.give(prevote('a', 0, null), prevote('a', 0, 'y'), prevote('a', 0, 'x')), [])
  assert.equal(subject.give(prevote('b', 0, null), prevote('c', 0, null)).map(line), ['timer prevote 0'])
})

evidence('a prevote and a precommit, or votes of different rounds, contradict nothing', () => {
  const subject = machine()
  assert.equal(lines(subject.give(work, prevote('a', 0, 'x'), precommit('a', 0, null), prevote('a', 1, 'y'))), [
    'timer propose 0'
  ])
})

evidence('two proposals of a round: the first is voted on, the pair is reported once', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'))
  assert.equal(lines(subject.give(proposal(0, 'y'))), ['evidence proposals a'])
  assert.equal(subject.give(proposal(0, 'y'), proposal(0, 'z')), [])
  assert.equal(lines(subject.give(checked(0, 'x'))), ['sign prevote 0 x'])
})

evidence('the same block with two valid rounds are two proposals', () => {
  const subject = machine()
  subject.give(work, proposal(2, 'x', 0))
  assert.equal(lines(subject.give(proposal(2, 'x', 1))), ['evidence proposals c'])
})

evidence('the same proposal signed twice is none', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'))
  const again = proposal(0, 'x')
  if (again.type !== 'proposal') throw new Error('a proposal')
  assert.equal(subject.give({ ...again, proposal: { ...again.proposal, signature: 'other' } }), [])
})

evidence('carried prevotes and certificates give evidence too', () => {
  const subject = machine()
  subject.give(work, prevote('a', 0, 'y'), precommit('b', 0, 'y'))
  assert.ok(lines(subject.give(proposal(1, 'x', 0, 'abc'))).includes('evidence votes a'))
  assert.ok(lines(subject.give(certificate(0, 'x', 'abc'))).includes('evidence votes b'))
})

evidence('what was found before a crash is reported again', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'), proposal(0, 'y'), prevote('b', 0, 'x'), prevote('b', 0, 'y'))
  const again = pendingEffects(subject.state).map(line)
  assert.equal(again.slice(0, 2), ['evidence proposals a', 'evidence votes b'])
})

evidence.run()

const stopping = suite('consensus: when a node stops')

stopping('a certified block that is invalid here: signs nothing more, and decides nothing', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'), checked(0, 'x', 'invalid'))
  const effects = subject.give(...precommits('abc', 0, 'x'))
  assert.equal(effects.map(line), ['stop diverged'])
  assert.is(subject.state.step, 'stopped')
  assert.equal(subject.give(timeout('precommit', 0), proposal(1, 'y'), ...prevotes('abc', 1, 'x')), [])
})

stopping('it decides once its own computation has been mended', () => {
  const subject = machine()
  subject.give(work, proposal(0, 'x'), checked(0, 'x', 'invalid'), ...precommits('abc', 0, 'x'))
  assert.equal(subject.give(checked(0, 'x', 'invalid')), [])
  assert.equal(lines(subject.give(checked(0, 'x'))), ['decide 0 x abc'])
})

stopping('a vote of its own that it did not sign', () => {
  const subject = machine()
  subject.give(work)
  assert.equal(subject.give(prevote('d', 0, 'x')).map(line), ['stop own-key-elsewhere'])
  assert.equal(subject.give(timeout('propose', 0)), [])
  assert.equal(pendingEffects(subject.state).map(line), ['stop own-key-elsewhere'])
})

stopping('a vote that contradicts its own is no evidence against itself', () => {
  const subject = machine()
  subject.give(work, timeout('propose', 0))
  assert.equal(subject.give(prevote('d', 0, 'x')).map(line), ['stop own-key-elsewhere'])
})

stopping('a proposal of its own that it did not sign', () => {
  const subject = machine({ self: 'a' })
  subject.give(work)
  assert.equal(subject.give(proposal(0, 'x')).map(line), ['stop own-key-elsewhere'])
})

stopping('something else in the place of a message that is being signed', () => {
  const voting = machine({ signs: false })
  voting.give(work, timeout('propose', 0))
  assert.equal(voting.give(prevote('d', 0, 'x')).map(line), ['stop own-key-elsewhere'])
  const proposing = machine({ self: 'a', signs: false })
  proposing.give(work, { type: 'block-built', height: HEIGHT, round: 0, block: 'x' })
  assert.equal(proposing.give(proposal(0, 'y')).map(line), ['stop own-key-elsewhere'])
})

stopping('its own vote within a certificate or a re-proposal', () => {
  const byCertificate = machine()
  assert.equal(
    byCertificate
      .give(certificate(0, 'x', 'abd'))
      .map(line)
      .slice(-1),
    ['stop own-key-elsewhere']
  )
  const byProposal = machine()
  assert.equal(
    byProposal
      .give(work, proposal(1, 'x', 0, 'dab'))
      .map(line)
      .slice(-1),
    ['stop own-key-elsewhere']
  )
})

stopping('its own messages coming back are nothing', () => {
  const subject = machine({ self: 'a' })
  subject.give(work, { type: 'block-built', height: HEIGHT, round: 0, block: 'x' }, checked(0, 'x'))
  assert.equal(subject.give(proposal(0, 'x'), prevote('a', 0, 'x')), [])
})

stopping.run()
