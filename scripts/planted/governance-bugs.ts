import { type PlantedBug, seeds } from './planted-bug.js'
import { FILES_CHANGE, meddlerWho, PARTNERS_CHANGE, SOMEBODY_JOINS, VOTERS_LEAVE } from './seed-sets.js'

/** Mistakes about who may change the partners, and about those who are no partners any more. */
export const GOVERNANCE_BUGS: readonly PlantedBug[] = [
  {
    name: 'batches-by-the-next-set',
    what: 'what blocks take of an author is judged by the partners of the height after',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'const partner = partnerOf(rulebook.partners, author)\n    if (partner === undefined) return',
        replace: 'const partner = partnerOf(rulebook.nextPartners, author)\n    if (partner === undefined) return'
      }
    ],
    checks: [seeds(10, PARTNERS_CHANGE)]
  },
  {
    name: 'removed-partner-votes',
    what: 'votes of those who are suspended or removed count on',
    edits: [
      {
        file: 'src/ledger/partner-set.ts',
        find: "(partner) => partner.voter && partner.state === 'active'",
        replace: "(partner) => partner.voter && partner.state !== 'pending'"
      }
    ],
    checks: [seeds(10, meddlerWho('leave'))]
  },
  {
    name: 'admitted-without-ballot',
    what: 'whoever comes with an invitation is admitted at once, however many vote',
    edits: [
      {
        file: 'src/ledger/system-judge.ts',
        find: 'if (!isAdmittedAtOnce(network, latest, role)) {',
        replace: "if (role === '' && !isAdmittedAtOnce(network, latest, role)) {"
      }
    ],
    checks: [seeds(10, SOMEBODY_JOINS)]
  },
  {
    name: 'admitted-by-a-majority',
    what: 'a majority of the ballots admits a voter where two thirds are needed',
    edits: [{ file: 'src/ledger/threshold.ts', find: "admit: 'two-thirds'", replace: "admit: 'majority'" }],
    checks: [seeds(20, SOMEBODY_JOINS)]
  },
  {
    name: 'declined-invitation-holds',
    what: 'an invitation can be used again after the partners have voted its bearer down',
    edits: [
      {
        file: 'src/ledger/system-judge.ts',
        find: 'const before = readInvitationUse(state.get(invitationKey(invitation.key))?.text)',
        replace:
          "const told = readInvitationUse(state.get(invitationKey(invitation.key))?.text)\n  const before = told?.kind === 'rejected' || told?.kind === 'withdrawn' ? null : told"
      }
    ],
    checks: [seeds(30, SOMEBODY_JOINS)]
  },
  {
    name: 'removed-partner-ballots',
    what: 'ballots of those who have left since count on',
    edits: [
      {
        file: 'src/ledger/governance-settle.ts',
        find: 'proposal.ballots.filter(({ partner }) => governing.has(partner))',
        replace: 'proposal.ballots.filter(({ partner }) => governing.size > 0 && partner.length > 0)'
      }
    ],
    checks: [seeds(10, VOTERS_LEAVE)]
  },
  {
    name: 'threshold-off-by-one',
    what: 'two thirds of the ballots are enough where more than two thirds are needed',
    edits: [
      {
        file: 'src/ledger/threshold.ts',
        find: 'Math.floor((2 * governing) / 3) + 1',
        replace: 'Math.ceil((2 * governing) / 3)'
      }
    ],
    checks: [seeds(10, VOTERS_LEAVE)]
  },
  {
    name: 'half-is-a-majority',
    what: 'half of the ballots suspend a partner',
    edits: [
      {
        file: 'src/ledger/threshold.ts',
        find: 'Math.floor(governing / 2) + 1',
        replace: 'Math.ceil(governing / 2)'
      }
    ],
    checks: [seeds(10, PARTNERS_CHANGE)]
  },
  {
    name: 'stale-proposal-applied',
    what: 'a proposal stays open although what it rested on has changed',
    edits: [
      {
        file: 'src/ledger/governance-settle.ts',
        find: "if (isStale(decided, proposal.change, base)) return 'stale'",
        replace: "if (base === '' && isStale(decided, proposal.change, base)) return 'stale'"
      }
    ],
    checks: [seeds(10, meddlerWho('pause'))]
  },
  {
    name: 'expired-proposal-passes',
    what: 'a proposal that has expired can still be agreed to',
    edits: [
      {
        file: 'src/ledger/governance-settle.ts',
        find: "if (time >= expires) return 'expired'",
        replace: "if (time < 0 && expires < 0) return 'expired'"
      },
      {
        file: 'src/ledger/governance-judge.ts',
        find: 'return time >= proposal.expires ?',
        replace: 'return time < 0 && proposal.expires < 0 ?'
      }
    ],
    checks: [seeds(10, PARTNERS_CHANGE)]
  },
  {
    name: 'anybody-votes',
    what: 'a partner whose role does not govern votes on changes',
    edits: [
      {
        file: 'src/ledger/governance-judge.ts',
        find: "if (!mayGovern(ground, author)) return mayNot(author, 'vote on this')",
        replace: "if (author.id === '') return mayNot(author, 'vote on this')"
      }
    ],
    checks: [seeds(40, PARTNERS_CHANGE)]
  },
  {
    name: 'own-role-is-an-own-affair',
    what: 'a partner takes another role by its own word',
    edits: [
      {
        file: 'src/ledger/governance-change.ts',
        find: "return change.kind === 'suspend' || change.kind === 'remove' ||",
        replace: "return change.kind === 'role' || change.kind === 'suspend' || change.kind === 'remove' ||"
      }
    ],
    checks: [seeds(10, meddlerWho('pause'))]
  },
  {
    name: 'suspension-keeps-incarnation',
    what: 'what a partner had signed before its suspension counts again after it',
    edits: [
      {
        file: 'src/ledger/governance-change.ts',
        find: "return { ...partner, incarnation, state: 'suspended' }",
        replace: "return { ...partner, state: 'suspended' }"
      }
    ],
    checks: [seeds(10, PARTNERS_CHANGE)]
  },
  {
    name: 'key-change-keeps-incarnation',
    what: 'another key does not end what the former one had signed',
    edits: [
      {
        file: 'src/ledger/governance-change.ts',
        find: 'return { ...partner, incarnation, key: change.key }',
        replace: 'return { ...partner, key: change.key }'
      }
    ],
    checks: [seeds(10, PARTNERS_CHANGE)]
  },
  {
    name: 'former-key-votes',
    what: 'votes that are signed with a key that was replaced are taken',
    edits: [
      {
        file: 'src/node/inbound.ts',
        find: '  const early = new Map<string, ConsensusMessage[]>()\n',
        replace: '  const early = new Map<string, ConsensusMessage[]>()\n  const first = new Map<string, string>()\n'
      },
      {
        file: 'src/node/inbound.ts',
        find: '    return verifySignature(voter.key, voteBytes(scope, vote), vote.signature)\n',
        replace:
          '    if (!first.has(voter.id)) first.set(voter.id, voter.key)\n    return [voter.key, first.get(voter.id)!].some((key) => verifySignature(key, voteBytes(scope, vote), vote.signature))\n'
      }
    ],
    checks: [seeds(10, meddlerWho('rotate'))]
  },
  {
    name: 'former-key-writes',
    what: 'batches that are signed with a key that was replaced are taken',
    edits: [
      {
        file: 'src/node/batch-exchange.ts',
        find: 'const pulls = createBatchPulls({',
        replace: 'const first = new Map<string, string>()\n  const pulls = createBatchPulls({'
      },
      {
        file: 'src/node/batch-exchange.ts',
        find: 'if (!batchIsSigned(chain.scope, batch, author.key)) {',
        replace:
          'if (!first.has(author.id)) first.set(author.id, author.key)\n    if (![author.key, first.get(author.id)!].some((key) => batchIsSigned(chain.scope, batch, key))) {'
      }
    ],
    checks: [seeds(10, meddlerWho('rotate'))]
  },
  {
    name: 'suspended-partner-writes',
    what: 'blocks take batches of those who are suspended or removed',
    edits: [
      {
        file: 'src/ledger/partner-set.ts',
        find: "return state === 'active' || state === 'pending'",
        replace: 'return state.length > 0'
      }
    ],
    checks: [seeds(10, meddlerWho('pause'))]
  },
  {
    name: 'file-acts-too-early',
    what: 'a network file is in force at the next height, not at the one after it',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'const entry = modelsEntry({ now: next, next: latest })',
        replace: 'const entry = modelsEntry({ now: latest, next: latest })'
      }
    ],
    checks: [seeds(6, FILES_CHANGE)]
  },
  {
    name: 'records-by-the-file-they-came-under',
    what: 'records are judged by the network file that was in force when their batch came in',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'recordInVersion(rulebook.version, recordUnder(rulebook.model, checked))',
        replace:
          'recordInVersion(rulebook.version, checked.body === null ? recordUnder(rulebook.model, checked) : checked)'
      }
    ],
    checks: [seeds(6, FILES_CHANGE)]
  },
  {
    name: 'threshold-of-the-new-file',
    what: 'a network file that lowers what files need is counted by what it sets itself',
    edits: [
      {
        file: 'src/ledger/model-change.ts',
        find: "const thresholds = [thresholdOf(before, 'model')]",
        replace: "const thresholds = [thresholdOf(after, 'model')]"
      },
      {
        file: 'src/ledger/model-change.ts',
        find: 'if (was !== is) thresholds.push(was, is)',
        replace: 'if (was !== is) thresholds.push(is)'
      }
    ],
    checks: [seeds(6, FILES_CHANGE)]
  },
  {
    name: 'quorum-of-the-file-before',
    what: 'another quorum in the network file changes nothing',
    edits: [
      {
        file: 'src/ledger/model-change.ts',
        find: 'return isSame ? set : { ...set, partners, quorum: network.quorum }',
        replace: 'return isSame ? set : { ...set, partners }'
      }
    ],
    checks: [seeds(6, FILES_CHANGE)]
  },
  {
    name: 'void-records-unheard',
    what: 'who has another key is not told that what waited counts for nothing',
    edits: [
      {
        file: 'src/node/sign-right.ts',
        find: "if (wasKeyInForce) abandon(new LedgerError('KEY_CHANGED', KEY_REPLACED)).catch(fail)",
        replace: 'if (wasKeyInForce && KEY_REPLACED.length === 0) fail(KEY_REPLACED)'
      }
    ],
    checks: [seeds(10, PARTNERS_CHANGE)],
    onlySimulator: true
  }
]
