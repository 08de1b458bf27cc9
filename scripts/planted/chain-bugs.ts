import { type PlantedBug, seeds, test } from './planted-bug.js'
import { liarWho } from './seed-sets.js'

/** Mistakes about what may stand in the chain, what it decides, and what proves it. */
export const CHAIN_BUGS: readonly PlantedBug[] = [
  {
    name: 'time-not-later',
    what: 'a block may be older than the one before',
    edits: [
      {
        file: 'src/node/block-content.ts',
        find: "if (header.time <= tip.time) return 'it is not later than the block before'",
        replace: ''
      },
      {
        file: 'src/ledger/chain.ts',
        find: "assertInvariant(plan.time > tip.time, 'a block is later than the one before')",
        replace: ''
      }
    ],
    checks: [seeds(40, liarWho('invalid blocks'))]
  },
  {
    name: 'time-not-timely',
    what: 'a proposer may date its block as far ahead as it likes',
    edits: [
      {
        file: 'src/node/block-content.ts',
        find: 'if (ahead > PRECISION_MS) return',
        replace: 'if (ahead > Number.MAX_VALUE) return'
      }
    ],
    checks: [seeds(30, liarWho('invalid blocks')), test('unit/node/block-content')]
  },
  {
    name: 'no-wait-for-the-clock',
    what: 'a proposer whose clock is behind the block before proposes at once',
    edits: [
      {
        file: 'src/node/wall-clock.ts',
        find: 'Math.max(time + 1 - now(), settled - monotonic())',
        replace: 'Math.max(time - time, settled - monotonic())'
      }
    ],
    checks: [seeds()]
  },
  {
    name: 'origin-not-checked',
    what: 'a fresh block may name another round and proposer as its origin',
    edits: [
      {
        file: 'src/node/block-content.ts',
        find: 'if (header.originRound !== round) return',
        replace: 'if (header.originRound < 0) return'
      },
      {
        file: 'src/node/block-content.ts',
        find: 'if (header.proposer !== proposer) return',
        replace: "if (header.proposer === '') return"
      }
    ],
    checks: [test('unit/node/block-content')],
    unseen: 'no liar makes a block of another origin whose result is right'
  },
  {
    name: 'prevote-without-bodies',
    what: 'a block is called valid while bodies of it are missing',
    edits: [
      {
        file: 'src/node/block-content.ts',
        find: "return { result: { type: 'unavailable' }, candidate: null }",
        replace: "return { result: { type: 'valid' }, candidate: null }"
      }
    ],
    checks: [seeds()]
  },
  {
    name: 'result-not-compared',
    what: 'a header is taken as it comes, whatever the execution here led to',
    edits: [
      {
        file: 'src/node/block-content.ts',
        find: 'if (executed.text !== block.header) {',
        replace: 'if (executed.text.length === 0) {'
      }
    ],
    checks: [seeds(40, liarWho('invalid blocks'))]
  },
  {
    name: 'sequence-not-checked',
    what: 'a batch that stands in the chain may stand there again: it is applied twice',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'if (sequence !== expected.next) return',
        replace: 'if (sequence > expected.next) return'
      }
    ],
    checks: [seeds(40, liarWho('invalid blocks'))]
  },
  {
    name: 'old-incarnation-accepted',
    what: 'batches that an author signed before it lost its disk still count after its rejoin',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'if (incarnation !== partner.incarnation) return',
        replace: 'if (incarnation > partner.incarnation) return'
      },
      {
        file: 'src/node/mempool.ts',
        find: 'rival.header.incarnation === incarnation && offer.admits(rival.hash)',
        replace: 'rival.header.incarnation <= (incarnation ?? 0) && offer.admits(rival.hash)'
      },
      {
        file: 'src/node/mempool.ts',
        find: 'if (rivals?.some(({ header, hash }) => header.incarnation === incarnation && admits(hash))) return true',
        replace:
          'if (rivals?.some(({ header, hash }) => header.incarnation <= (incarnation ?? 0) && admits(hash))) return true'
      },
      {
        file: 'src/node/mempool.ts',
        find: 'if (!past && (partner === undefined || incarnation >= partner.incarnation)) continue',
        replace: 'if (!past && (partner === undefined || incarnation >= 0)) continue'
      }
    ],
    checks: [test('unit/node/mempool')],
    unseen: 'an old batch would have to wait with somebody who is cut off during the whole rejoin'
  },
  {
    name: 'doubles-accepted',
    what: 'the same record of an author is accepted twice',
    edits: [
      {
        file: 'src/ledger/judge.ts',
        find: 'if (first !== undefined) return duplicate(body.unique, first.text)',
        replace: 'if (first === null) return duplicate(body.unique, first)'
      }
    ],
    checks: [seeds(), test('unit/ledger/execution')]
  },
  {
    name: 'rules-see-the-block-before',
    what: 'a rule does not see what stands before a record in the same block',
    edits: [
      {
        file: 'src/ledger/record-run.ts',
        find: 'get: (key) => overlay.get(key) ?? state.get(key)',
        replace: "get: (key) => (key.startsWith('r:') ? undefined : overlay.get(key)) ?? state.get(key)"
      }
    ],
    checks: [seeds(), test('unit/ledger/execution')]
  },
  {
    name: 'set-acts-too-early',
    what: 'a change of the partners is in force at the next height, not at the one after it',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'membershipEntry({ now: nextPartners, next: latest })',
        replace: 'membershipEntry({ now: latest, next: latest })'
      }
    ],
    checks: [seeds(), test('unit/ledger/system-records')]
  },
  {
    name: 'wrong-partner-set',
    what: 'the voters of a height are those of the height after it',
    edits: [
      {
        file: 'src/node/height-start.ts',
        find: 'const { partners } = chain.rulebook',
        replace: 'const { nextPartners: partners } = chain.rulebook'
      }
    ],
    checks: [seeds()]
  },
  {
    name: 'no-settling-blocks',
    what: 'when nobody writes, a decided change of the partners never comes into force',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'return isChanging || areModelsSettling(models)',
        replace: 'return isChanging && areModelsSettling(models)'
      }
    ],
    checks: [seeds(), test('slow/partners')]
  },
  {
    name: 'charges-ignored',
    what: 'a proposer that let its round pass is not charged, and its turns cost a timeout for ever',
    edits: [
      {
        file: 'src/ledger/execution.ts',
        find: 'if (charges.join() === before.join()) return',
        replace: 'if (charges.length >= 0) return'
      }
    ],
    checks: [seeds(20), test('unit/ledger/charges')]
  },
  {
    name: 'order-from-certificates',
    what: 'whoever is not in the newest certificate proposes last: certificates differ between nodes',
    edits: [
      {
        file: 'src/node/height-start.ts',
        find: 'order: proposerOrder(height, ids, chargesIn(chain.store.state)),',
        replace:
          "order: proposerOrder(height, ids, ids.filter((id) => !(chain.store.header(height - 1)?.certificate ?? '').includes(id))),"
      }
    ],
    checks: [seeds()]
  },
  {
    name: 'order-from-local-knowledge',
    what: 'each voter holds itself for the first proposer after its restart',
    edits: [
      {
        file: 'src/node/height-start.ts',
        find: 'order: proposerOrder(height, ids, chargesIn(chain.store.state)),',
        replace: 'order: proposerOrder(height, ids, self === null ? [] : ids.filter((id) => id !== self)),'
      }
    ],
    checks: [seeds()]
  },
  {
    name: 'certificate-signer-twice',
    what: 'a certificate in which one voter is listed several times is taken',
    edits: [
      {
        file: 'src/ledger/certificate.ts',
        find: 'if (vote.voter <= before) return',
        replace: 'if (vote.voter < before) return'
      }
    ],
    checks: [test('unit/ledger/receipt')],
    unseen: 'a forged certificate has one vote there'
  },
  {
    name: 'certificate-not-verified',
    what: 'signatures in a certificate are not verified',
    edits: [
      {
        file: 'src/ledger/certificate.ts',
        find: 'if (!verifySignature(voter.key, voteBytes(scope, body), vote.signature)) {',
        replace: 'if (vote.signature === voteBytes(scope, body)) {'
      }
    ],
    checks: [test('unit/ledger/receipt')],
    unseen: 'a forged certificate has one vote there'
  },
  {
    name: 'checked-block-makes-room',
    what: 'a block that makes room for others while it is checked is gone when it is decided',
    edits: [
      {
        file: 'src/node/block-contents.ts',
        find: 'if (content?.isRight === true) contents.set(wanted.block, content)',
        replace: ''
      }
    ],
    checks: [test('unit/node/block-contents')],
    unseen: 'nobody proposes dozens of blocks at one height within a slice'
  },
  {
    name: 'block-committed-twice',
    what: 'a fetched block that was decided here in the meantime is committed once more',
    edits: [
      {
        file: 'src/node/adoption.ts',
        find: 'if (certificate.height !== chain.tip.height + 1) return null',
        replace: 'if (certificate.height < 1) return null'
      },
      {
        file: 'src/node/chain.ts',
        find: "assertInvariant(header.height === tip.height + 1, 'blocks are committed in order')",
        replace: "assertInvariant(header.height > 0, 'blocks are committed in order')"
      }
    ],
    checks: [seeds(), test('unit/node/consensus-driver')]
  },
  {
    name: 'block-applied-twice',
    what: 'the store writes a block once more that it has, and what it counts is counted twice',
    edits: [
      {
        file: 'src/node/store/store.ts',
        find: 'if (head !== null && height <= head.height) {',
        replace: 'if (head !== null && height < 0) {'
      },
      {
        file: 'src/node/store/store.ts',
        find: 'assertInvariant(height === (head?.height ?? 0) + 1, `block',
        replace: 'assertInvariant(height <= (head?.height ?? 0) + 1, `block'
      }
    ],
    checks: [test('unit/node/store/store')],
    unseen: 'the simulated store is one of its own'
  },
  {
    name: 'receipt-verdict-not-tied',
    what: 'a receipt that calls a refused record accepted verifies',
    edits: [
      {
        file: 'src/ledger/verify-receipt.ts',
        find: 'must(root === header.verdicts.root,',
        replace: 'must(root !== null,'
      }
    ],
    checks: [test('unit/ledger/receipt')]
  },
  {
    name: 'answer-of-another-batch',
    what: 'an author is told the verdicts of the first batch of the block',
    edits: [
      {
        file: 'src/node/replica.ts',
        find: 'block.executed.execution.verdicts[position] ?? []',
        replace: 'block.executed.execution.verdicts[0] ?? []'
      }
    ],
    checks: [seeds()],
    onlySimulator: true
  }
]
