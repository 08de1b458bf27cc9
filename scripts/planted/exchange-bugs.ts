import { type PlantedBug, seeds, test } from './planted-bug.js'
import { liarWho, NO_SENDS } from './seed-sets.js'

/** Mistakes in what partners send each other, how they catch up, and whom they accuse. */
export const EXCHANGE_BUGS: readonly PlantedBug[] = [
  {
    name: 'vote-not-verified',
    what: 'anybody can vote for anybody',
    edits: [
      {
        file: 'src/node/inbound.ts',
        find: 'return verifySignature(voter.key, voteBytes(scope, vote), vote.signature)',
        replace: 'return voteBytes(scope, vote) !== vote.signature'
      }
    ],
    checks: [seeds(), test('unit/node/inbound')]
  },
  {
    name: 'batch-not-verified',
    what: 'anybody can write in the name of anybody',
    edits: [
      {
        file: 'src/node/batch-exchange.ts',
        find: 'if (!batchIsSigned(chain.scope, batch, author.key)) {',
        replace: 'if (batchIsSigned(chain.scope, batch, author.key) === null) {'
      }
    ],
    checks: [seeds(), test('network/lying-author')]
  },
  {
    name: 'signs-while-syncing',
    what: 'a node goes on voting while it fetches blocks that others have decided long ago',
    edits: [{ file: 'src/node/catch-up.ts', find: '    driver.pause()\n', replace: '' }],
    checks: [seeds()],
    onlySimulator: true
  },
  {
    name: 'messages-never-pulled',
    what: 'votes and proposals that did not arrive are not asked for',
    edits: [
      {
        file: 'src/node/message-pull.ts',
        find: 'if (asking.has(from) || !lacksAny(votes)) return',
        replace: 'if (asking.has(from) || lacksAny(votes) || votes.length >= 0) return'
      }
    ],
    checks: [seeds(20, NO_SENDS)]
  },
  {
    name: 'nothing-passed-on',
    what: 'two who never connect hear of each other only when they ask',
    edits: [
      {
        file: 'src/node/relay.ts',
        find: 'if (signer === self || !isFirst(',
        replace: "if (signer !== '' || !isFirst("
      }
    ],
    checks: [test('unit/node/neighbours'), test('network/replicas-apart')],
    unseen: 'it is slower, and nothing is lost'
  },
  {
    name: 'only-the-connected-vouch',
    what: 'a node that starts asks nobody of itself by way of others',
    edits: [
      {
        file: 'src/node/self-knowledge.ts',
        find: 'if (via !== undefined) void ask(partner, via)',
        replace: 'if (via === partner) void ask(partner, via)'
      }
    ],
    checks: [test('network/replicas-apart'), test('simulation/network')],
    unseen: 'it takes one that is gone, one missing link and a restart at the end of the trouble'
  },
  {
    name: 'next-batch-dropped',
    what: 'a commit throws away the batch of an author that comes next',
    edits: [
      {
        file: 'src/node/mempool.ts',
        find: 'const past = sequence < authorSequence(state, author).next',
        replace: 'const past = sequence <= authorSequence(state, author).next'
      }
    ],
    checks: [seeds()]
  },
  {
    name: 'blocks-not-checked-on-arrival',
    what: 'bodies that come beside a certified header are taken without a look at what the header lists',
    edits: [
      {
        file: 'src/node/catch-up.ts',
        find: 'if (count !== listed.count || root !== listed.root) throw',
        replace: 'if (count < 0 && root !== listed.root) throw'
      }
    ],
    checks: [test('network/replicas-review')],
    unseen: 'no liar gives true headers with other bodies'
  },
  {
    name: 'catch-up-trusts-certificates',
    what: 'a fetched block is taken without a look at its certificate',
    edits: [
      {
        file: 'src/node/catch-up.ts',
        find: 'if (refusal !== null) throw bad(height, refusal.message)',
        replace: 'if (refusal !== null && height < 0) throw bad(height, refusal.message)'
      }
    ],
    checks: [seeds(), test('network/replicas-review'), test('network/replicas')]
  },
  {
    name: 'evidence-against-the-honest',
    what: 'who prevotes nil and precommits a block is accused, though that is no lie',
    edits: [
      {
        file: 'src/node/evidence-duty.ts',
        find: "const first = tallyOf(state, round, 'precommit').votes.get(voter)",
        replace: "const first = tallyOf(state, round, 'prevote').votes.get(voter)"
      },
      {
        file: 'src/ledger/evidence.ts',
        find: 'const { voter, incarnation, height, round, kind } = evidence[which]',
        replace: "const { voter, incarnation, height, round } = evidence[which]\n      const kind = 'vote'"
      }
    ],
    checks: [seeds(40)]
  },
  {
    name: 'evidence-written-twice',
    what: 'a lie that stands in the chain is written down again',
    edits: [
      {
        file: 'src/ledger/evidence.ts',
        find: "if (state.get(key) !== undefined) return refused('DUPLICATE', 'this is known')",
        replace: ''
      },
      {
        file: 'src/node/evidence-duty.ts',
        find: 'if (kept.has(key) || state.get(key) !== undefined) return false',
        replace: 'if (kept.has(key)) return false'
      }
    ],
    checks: [seeds(), test('unit/ledger/system-records')]
  },
  {
    name: 'evidence-not-kept',
    what: 'a lie that cannot be written down at once is forgotten',
    edits: [
      {
        file: 'src/node/evidence-duty.ts',
        find: 'for (const [key, item] of [...kept]) write(key, item)',
        replace: 'for (const [key, item] of [...kept].slice(0, 0)) write(key, item)'
      }
    ],
    checks: [seeds(40, liarWho('two proposals', 'flipped votes', 'two batches'))],
    onlySimulator: true
  },
  {
    name: 'rival-batches-unseen',
    what: 'an author that signs two batches for one sequence is not accused',
    edits: [
      {
        file: 'src/node/batch-rivals.ts',
        find: 'if (first !== null && second !== null) evidence',
        replace: 'if (first !== null && second !== null && first === second) evidence'
      }
    ],
    checks: [seeds(20, liarWho('two batches')), test('network/lying-author')]
  },
  {
    name: 'evidence-one-signature',
    what: 'of two messages that contradict each other only the first has to be signed by the accused',
    edits: [
      {
        file: 'src/ledger/evidence.ts',
        find: "for (const which of ['first', 'second'] as const) {",
        replace: "for (const which of ['first'] as const) {"
      }
    ],
    checks: [seeds(20, liarWho('false evidence')), test('unit/ledger/system-records')]
  },
  {
    name: 'rounds-without-bound',
    what: 'messages of rounds however far ahead are kept',
    edits: [
      {
        file: 'src/consensus/state.ts',
        find: 'return round >= state.round - ROUNDS_BEHIND_MAX && round <= state.round + ROUNDS_AHEAD_MAX',
        replace: 'return round >= state.round - ROUNDS_BEHIND_MAX'
      }
    ],
    checks: [test('unit/consensus/bounds')],
    unseen: 'the flood of one liar is too thin for what a node may hold'
  },
  {
    name: 'gater-lets-anybody-in',
    what: 'whoever dials is connected like a partner',
    edits: [
      {
        file: 'src/node/network/gater.ts',
        find: 'return !isPartner(text) && !admitStranger(text) && deny(',
        replace: 'return text.length === 0 && !admitStranger(text) && deny('
      }
    ],
    checks: [test('unit/node/gater')]
  },
  {
    name: 'list-not-compared',
    what: 'a proposal that comes with other batches than its own counts as a wrong block, whoever sent it so',
    edits: [
      {
        file: 'src/node/block-contents.ts',
        find: '!== hash || !hasOwnBatches(block)) return false',
        replace: '!== hash || hasOwnBatches(block) === null) return false'
      }
    ],
    checks: [seeds(30, liarWho('false blocks')), test('unit/node/block-contents')]
  },
  {
    name: 'results-without-bound',
    what: 'each block that a long height proposes is kept with all that it was executed to',
    edits: [{ file: 'src/node/block-contents.ts', find: 'EXECUTED_MAX = 32', replace: 'EXECUTED_MAX = 1e9' }],
    checks: [test('unit/node/block-contents')],
    unseen: 'no height of a run has so many rounds'
  }
]
