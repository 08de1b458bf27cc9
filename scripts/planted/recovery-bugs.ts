import { type PlantedBug, seeds, test } from './planted-bug.js'
import { QUORUM_LOST } from './seed-sets.js'

/** In what happens when the quorum is lost for good: docs/recovery.md. */
export const RECOVERY_BUGS: readonly PlantedBug[] = [
  {
    name: 'recovery-below-a-certificate',
    what: 'a home signs a recovery although its log holds a certificate for the block above it',
    edits: [
      {
        file: 'src/node/recovery-sign.ts',
        find: '  if (state.certified === null) return\n',
        replace: '  if (state.certified === null || next > 0) return\n'
      }
    ],
    checks: [seeds(60, QUORUM_LOST), test('slow/recovery-in-process')]
  },
  {
    name: 'old-epoch-still-signs',
    what: 'a home that has signed a recovery still votes and appends in the old epoch',
    edits: [
      {
        file: 'src/node/recovery-standing.ts',
        find: 'return signed === undefined || hasComeToNothing(chain, signed) ? null : barredBySigned(signed)',
        replace: 'return signed === undefined || signed.epoch > 0 ? null : barredBySigned(signed)'
      }
    ],
    checks: [seeds(20, QUORUM_LOST)]
  },
  {
    name: 'orphaned-copy-still-signs',
    what: 'a lost partner that comes back with a block above the recovery still takes part in the old epoch',
    edits: [
      {
        file: 'src/node/recovery-standing.ts',
        find: 'if (known !== undefined && !hasGoneOn(chain, known.document)) return',
        replace: 'if (known !== undefined && known.document.height >= chain.tip.height) return'
      }
    ],
    checks: [seeds(40, QUORUM_LOST)]
  },
  {
    name: 'other-epoch-is-blamed',
    what: 'whoever gives a batch of another epoch, as it has not heard of a recovery yet, is blamed for it',
    edits: [
      {
        file: 'src/node/batch-pulls.ts',
        find: '(hash !== null && !isAsked)',
        replace: '!isAsked'
      }
    ],
    checks: [seeds(20, QUORUM_LOST)]
  },
  {
    name: 'waiting-records-end-with-the-epoch',
    what: 'what a survivor had acknowledged as durable, and no block had, is dropped when the new epoch begins',
    edits: [
      {
        file: 'src/node/recovery-enter.ts',
        find: 'if (!isLost) await signBatchesAgain(chain, self, key)',
        replace: 'if (isLost) await signBatchesAgain(chain, self, key)'
      }
    ],
    checks: [seeds(20, QUORUM_LOST)]
  }
]
