import { type PlantedBug, seeds, test } from './planted-bug.js'
import { CRASHES_ON_SLOW_DISKS, CUT_LOGS, UNHEARD_BATCHES } from './seed-sets.js'

/** Mistakes about what must be on a disk before anybody hears of it, and about disks that forget. */
export const DURABILITY_BUGS: readonly PlantedBug[] = [
  {
    name: 'no-persist-before-send',
    what: 'votes and proposals leave before the log that led to them is synced',
    edits: [
      {
        file: 'src/node/outbound.ts',
        find: '    const log = await wal.sync()\n    await signer.sync(log)\n    durable = reached\n    sendAll()',
        replace: '    sendAll()\n    const log = await wal.sync()\n    await signer.sync(log)\n    durable = reached'
      }
    ],
    checks: [seeds(30, CRASHES_ON_SLOW_DISKS)]
  },
  {
    name: 'no-log-sync',
    what: 'the log is not synced before the sign guard hears of a signature',
    edits: [
      {
        file: 'src/node/outbound.ts',
        find: '    const log = await wal.sync()\n    await signer.sync(log)',
        replace: '    await signer.sync(wal.stretch)'
      }
    ],
    checks: [seeds(30, CRASHES_ON_SLOW_DISKS)]
  },
  {
    name: 'guard-before-log',
    what: 'the sign guard is synced before the log that explains what it holds',
    edits: [
      {
        file: 'src/node/outbound.ts',
        find: '    const log = await wal.sync()\n    await signer.sync(log)',
        replace: '    await signer.sync(wal.stretch)\n    await wal.sync()'
      }
    ],
    checks: [seeds(30, CRASHES_ON_SLOW_DISKS)]
  },
  {
    name: 'guard-not-synced',
    what: 'signatures leave before the sign guard has them on disk',
    edits: [{ file: 'src/node/vote-signer.ts', find: 'await guarding.sync()', replace: 'void guarding.sync()' }],
    checks: [seeds(30, CRASHES_ON_SLOW_DISKS)]
  },
  {
    name: 'guard-never-told',
    what: 'the sign guard hears of no vote',
    edits: [
      {
        file: 'src/node/vote-signer.ts',
        find: 'for (const { position, bytes, signature } of signed) guarding.guardVote(position, bytes, () => signature, log)',
        replace: ''
      }
    ],
    checks: [seeds()]
  },
  {
    name: 'guard-off',
    what: 'the sign guard signs whatever it is asked to, also something else in a place where it signed before',
    edits: [
      {
        file: 'src/node/store/sign-guard.ts',
        find: 'if (last !== undefined && compareVotes(position, last.position) <= 0) throw refused(position, last.position)',
        replace: ''
      }
    ],
    checks: [test('unit/node/store/sign-guard')],
    unseen: 'with a log that is right the guard is never asked for anything it would refuse'
  },
  {
    name: 'served-before-durable',
    what: 'whoever asks gets own votes that are not on the disk yet',
    edits: [
      {
        file: 'src/node/consensus-driver.ts',
        find: 'return messagesOf(outbound.durable).filter(',
        replace: 'return messagesOf(state).filter('
      }
    ],
    checks: [test('unit/node/consensus-driver')],
    unseen: 'somebody would have to ask within the sync, and a crash to come before it ends'
  },
  {
    name: 'cut-log-unnoticed',
    what: 'a log that lost its end is taken as whole, so that a node forgets what it is locked on',
    edits: [
      {
        file: 'src/node/open-logs.ts',
        find: 'return lastVote.log.from < from || lastVote.log.to > to',
        replace: 'return lastVote.log.from < from'
      }
    ],
    checks: [seeds(30, CUT_LOGS), test('unit/node/open-logs')]
  },
  {
    name: 'log-not-replayed',
    what: 'after a crash a height begins anew: votes and locks of before are forgotten',
    edits: [
      {
        file: 'src/node/watched-height.ts',
        find: 'entries = isWholeLog ? logged.inputs(height) : []',
        replace: 'entries = isWholeLog ? logged.inputs(height).slice(0, 0) : []'
      }
    ],
    checks: [seeds()]
  },
  {
    name: 'log-forgotten-once-explained',
    what: 'a height that was taken up while a batch its log names was missing is taken part in as if nothing was signed there',
    edits: [
      {
        file: 'src/node/watched-height.ts',
        find: 'entries = [...logged.inputs(height), ...entries]',
        replace: ''
      }
    ],
    checks: [test('unit/node/height-without-log')],
    unseen: 'others must keep the batch to themselves for just as long as it takes to be vouched for'
  },
  {
    name: 'no-question-at-start',
    what: 'a node that starts does not ask what others know of it, so a restored disk signs on',
    edits: [
      {
        file: 'src/node/self-knowledge.ts',
        find: 'return Math.max(0, needed - others.filter(({ id }) => counts(id)).length)',
        replace: 'return Math.min(0, needed - others.filter(({ id }) => counts(id)).length)'
      }
    ],
    checks: [seeds(), test('unit/node/self-knowledge')]
  },
  {
    name: 'wiped-disk-votes-at-once',
    what: 'a node that lost its sign guard makes itself a new one and votes, without a new incarnation',
    edits: [
      {
        file: 'src/node/rejoin.ts',
        find: 'if (request === null || incarnationNow() !== request.incarnation) return false',
        replace: 'if (request === null || incarnationNow() !== request.incarnation) return true'
      }
    ],
    checks: [seeds(), test('slow/lost-memory')]
  },
  {
    name: 'fresh-start-too-early',
    what: 'among few, a voter that lost its memory begins anew in a round that its former self can have reached',
    edits: [
      {
        file: 'src/node/fresh-start.ts',
        find: 'round: Math.max(...rounds) + 2',
        replace: 'round: Math.max(...rounds) + 1'
      }
    ],
    checks: [test('unit/node/fresh-start')],
    unseen: 'the former self would have to be one round ahead of all others, and cut off'
  },
  {
    name: 'own-batch-not-durable',
    what: 'an author gives out ids of records before their batch is on its disk',
    edits: [
      {
        file: 'src/node/own-batches.ts',
        find: 'await store.putBatches([{ hash, text, own: header.sequence }])',
        replace: 'void store.putBatches([{ hash, text, own: header.sequence }])'
      }
    ],
    checks: [seeds(150, UNHEARD_BATCHES)],
    onlySimulator: true
  },
  {
    name: 'signed-again-not-synced',
    what: 'an own batch of a former run leaves before the sign guard has its new signature on disk',
    edits: [
      {
        file: 'src/node/own-batches.ts',
        find: 'if (isAbandoned(flight)) return\n    await dependencies.guard().sync()\n    if (isAbandoned(flight)) return\n    const text',
        replace: 'if (isAbandoned(flight)) return\n    const text'
      }
    ],
    checks: [test('unit/node/own-batches')],
    unseen:
      'somebody would have to have the batch before this node signs its first vote, and a crash to come in between'
  },
  {
    name: 'lost-batch-waited-for',
    what: 'an author whose signed batch is lost goes on behind the gap, where no block ever takes anything',
    edits: [
      {
        file: 'src/node/self-knowledge.ts',
        find: 'return wanted <= sequence ? wanted : null',
        replace: 'return wanted < 0 ? wanted : null'
      }
    ],
    checks: [test('unit/node/self-knowledge')],
    unseen: 'the virtual store loses no batch that waits for a block'
  },
  {
    name: 'bodies-not-durable',
    what: "others' batches count as held before they are on the disk",
    edits: [
      {
        file: 'src/node/batch-exchange.ts',
        find: 'await chain.store.putBatches([{ hash, text }])',
        replace: 'chain.store.putBatches([{ hash, text }]).catch(fail)'
      }
    ],
    checks: [seeds()]
  },
  {
    name: 'sequence-reused',
    what: 'after a restart the next batch takes the sequence of one that waits for a block',
    edits: [
      {
        file: 'src/node/own-state.ts',
        find: 'nextSequence: Math.max(free, last + 1)',
        replace: 'nextSequence: next'
      }
    ],
    checks: [seeds(), test('network/replicas-review')]
  },
  {
    name: 'checksum-not-checked',
    what: 'a changed byte of the store is served as good',
    edits: [
      {
        file: 'src/node/store/checked-value.ts',
        find: 'if (!stored.startsWith(checkOf(crc32(text, crc32(key))))) throw',
        replace: 'if (stored.length < CHECK_CHARS) throw'
      }
    ],
    checks: [test('unit/node/store/store-damage')]
  },
  {
    name: 'hole-in-the-store',
    what: 'a store that LevelDB opened without its newest blocks is used and served as if it were whole',
    edits: [
      {
        file: 'src/node/store/store.ts',
        find: 'if (last !== null && last.height > height) {',
        replace: 'if (last !== null && last.height < 0) {'
      },
      {
        file: 'src/node/store/store.ts',
        find: 'if (last !== null) checkHash(database, last.height, last.hash)',
        replace: ''
      }
    ],
    checks: [test('unit/node/store/store-damage'), test('unit/node/store/store')]
  },
  {
    name: 'torn-middle-cut',
    what: 'damage in the middle of a log is cut off like a torn last record, with all that follows',
    edits: [
      {
        file: 'src/node/store/append-file.ts',
        find: 'if (scanned.damagedAt !== undefined) throw logDamaged(path, scanned.damagedAt, scanned.why)',
        replace: 'if (scanned.damagedAt !== undefined) return { records: [], end: PREAMBLE.length }'
      }
    ],
    checks: [test('unit/node/store/append-file')]
  }
]
