import { type PlantedBug, seeds, test } from './planted-bug.js'
import { HIDDEN_LOCKS, liarWho, SIX_VOTERS } from './seed-sets.js'

/** Mistakes in the consensus machine; line numbers (L22 ...) are those of arXiv 1807.04938, Algorithm 1. */
export const MACHINE_BUGS: readonly PlantedBug[] = [
  {
    name: 'unlock-on-nil',
    what: 'a quorum of prevotes for nil frees a voter from its lock, as in an older dialect of the algorithm',
    edits: [
      {
        file: 'src/consensus/round.ts',
        find: "return precommit(state, null, 'a quorum prevoted nil')",
        replace: "return precommit({ ...state, locked: null }, null, 'a quorum prevoted nil')"
      }
    ],
    checks: [seeds(30, HIDDEN_LOCKS), test('unit/consensus/round')]
  },
  {
    name: 'lock-forgotten-for-fresh',
    what: 'a locked voter prevotes any fresh proposal (L23)',
    edits: [
      {
        file: 'src/consensus/round.ts',
        find: 'if (locked === null || locked.block === block) return prevote(state, block, null) // L24',
        replace: 'if (locked === null || locked.block !== null) return prevote(state, block, null) // L24'
      }
    ],
    checks: [seeds(30, HIDDEN_LOCKS), test('unit/consensus/round')]
  },
  {
    name: 'lock-yields-to-older',
    what: 'a lock yields to a quorum of prevotes of any earlier round, older ones than itself too (L29)',
    edits: [
      {
        file: 'src/consensus/round.ts',
        find: 'locked.round <= validRound',
        replace: 'locked.round > validRound - state.round'
      }
    ],
    checks: [test('unit/consensus/propose-step')],
    unseen: 'it takes true quorums of two rounds for two blocks, of which the locked voters have seen one only'
  },
  {
    name: 'valid-round-not-proven',
    what: 'a re-proposal counts without the quorum of prevotes of its round (L28)',
    edits: [
      {
        file: 'src/consensus/round.ts',
        find: 'if (earlier !== block && !carriesQuorum(state, received)) return null',
        replace: 'if (earlier !== block && received.prevotes.length < 0) return null'
      }
    ],
    checks: [test('unit/consensus/propose-step')],
    unseen: 'the false re-proposal has to come while others are locked, and a liar that proposes then is rare'
  },
  {
    name: 'hidden-lock',
    what: 'a quorum of prevotes seen after precommitting does not become the block to propose again (L42)',
    edits: [
      {
        file: 'src/consensus/round.ts',
        find: "if (state.step !== 'prevote' && state.step !== 'precommit') return null",
        replace: "if (state.step !== 'prevote' && (state.step !== 'precommit' || state.round >= 0)) return null"
      }
    ],
    checks: [test('unit/consensus/round')],
    unseen: 'it costs rounds and no more: a later certificate or prevotes that are pulled end it'
  },
  {
    name: 'quorum-one-too-few',
    what: 'a block is decided and locked with one vote less than a quorum',
    edits: [
      {
        file: 'src/consensus/votes.ts',
        find: 'if (block !== null && count >= quorum) return block',
        replace: 'if (block !== null && count >= quorum - 1) return block'
      }
    ],
    checks: [seeds(), test('unit/consensus/round')]
  },
  {
    name: 'quorum-rounded-up',
    what: 'two thirds rounded up, which is not more than two thirds where three divides the number of voters',
    edits: [
      {
        file: 'src/ledger/quorum.ts',
        find: "return Math.floor(rule === 'two-thirds' ? (2 * voters) / 3 : voters / 2) + 1",
        replace: "return rule === 'two-thirds' ? Math.ceil((2 * voters) / 3) : Math.floor(voters / 2) + 1"
      }
    ],
    checks: [seeds(10, SIX_VOTERS), test('unit/ledger/quorum')]
  },
  {
    name: 'no-round-skip',
    what: 'a voter goes through every round, however far ahead f + 1 others are (L55)',
    edits: [
      {
        file: 'src/consensus/round.ts',
        find: 'return target === null ? null : enterRound(state, target)',
        replace: 'return target === null || target >= 0 ? null : enterRound(state, target)'
      }
    ],
    checks: [seeds(), test('unit/consensus/round')]
  },
  {
    name: 'skip-for-one',
    what: 'a single voter in a later round takes everybody there, where f + 1 are needed (L55)',
    edits: [
      {
        file: 'src/consensus/round.ts',
        find: 'later.sort((a, b) => b - a)[state.start.faults]',
        replace: 'later.sort((a, b) => b - a)[0]'
      }
    ],
    checks: [seeds(20, liarWho('flood'))]
  },
  {
    name: 'skip-counts-votes',
    what: 'f + 1 votes of a later round, though of one and the same voter, take everybody there',
    edits: [
      {
        file: 'src/consensus/intake.ts',
        find: 'new Map(state.highest).set(voter, round)',
        replace: 'new Map(state.highest).set(voter + kind, round)'
      }
    ],
    checks: [seeds(20, liarWho('flood'))]
  },
  {
    name: 'stale-timeouts',
    what: 'a timer of an earlier round ends the step of the present one',
    edits: [
      {
        file: 'src/consensus/step.ts',
        find: 'if (height !== state.start.height || round !== state.round) return unchanged(state)',
        replace: 'if (height !== state.start.height || round > state.round) return unchanged(state)'
      }
    ],
    checks: [seeds(), test('unit/consensus/round')]
  },
  {
    name: 'past-round-not-decided',
    what: 'a quorum of precommits of an earlier round decides nothing (L49)',
    edits: [
      {
        file: 'src/consensus/intake.ts',
        find: "return unchanged(kind === 'precommit' ? withCertified(counted, round) : counted)",
        replace:
          "return unchanged(kind === 'precommit' && round === counted.round ? withCertified(counted, round) : counted)"
      }
    ],
    checks: [test('unit/consensus/round')],
    unseen: 'whoever has decided gives block and certificate to the others'
  },
  {
    name: 'certificate-votes-twice',
    what: 'one voter listed several times makes a quorum in a certificate that the machine takes',
    edits: [
      {
        file: 'src/consensus/intake.ts',
        find: 'signers.size === votes.length &&\n    signers.size >= state.start.quorum',
        replace: 'votes.length >= state.start.quorum'
      }
    ],
    checks: [test('unit/consensus/intake')],
    unseen: 'certificates reach the chain by way of the fetched blocks, where they are checked too'
  },
  {
    name: 'no-resend',
    what: 'own messages are sent once and never again',
    edits: [
      {
        file: 'src/consensus/step.ts',
        find: "messages.length > 0 ? [{ type: 'resend', messages }] : []\n  if (state.unsigned",
        replace: "messages.length < 0 ? [{ type: 'resend', messages }] : []\n  if (state.unsigned"
      }
    ],
    checks: [seeds(), test('unit/consensus/heights')]
  }
]
