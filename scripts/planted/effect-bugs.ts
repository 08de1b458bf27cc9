import { type PlantedBug, test } from './planted-bug.js'

/** Mistakes about what accepted records leave in the state beside themselves. */
export const EFFECT_BUGS: readonly PlantedBug[] = [
  {
    name: 'refused-record-claims',
    what: 'a unique value of a refused record is taken',
    edits: [
      {
        file: 'src/ledger/record-run.ts',
        find: '  if (verdict === null && key !== null) {',
        replace: `  if (verdict !== null && key !== null) {
    const own = { id, height: block.height }
    for (const write of effectWrites(run, effectsOf(object, key, body.data, block), own)) run.write(write.key, write.entry, '')
  }
  if (verdict === null && key !== null) {`
      }
    ],
    checks: [test('unit/ledger/unique')]
  },
  {
    name: 'claim-for-ever',
    what: 'a unique value that a thing has let go of is never free again',
    edits: [
      {
        file: 'src/ledger/unique-claim.ts',
        find: 'return JSON.stringify(has) === JSON.stringify(values) ? id : null',
        replace: 'return has === null && values.length === 0 ? null : id'
      }
    ],
    checks: [test('unit/ledger/unique'), test('unit/node/intake-effects')]
  },
  {
    name: 'count-without-period',
    what: 'a limit counts all that ever was, and not each period apart',
    edits: [
      {
        file: 'src/ledger/limit-count.ts',
        find: 'const period = writePeriod(day, limit.period)',
        replace: 'const period = writePeriod(day - day, limit.period)'
      }
    ],
    checks: [test('unit/ledger/limit-count')]
  },
  {
    name: 'field-left-out',
    what: 'who may not set a field may leave it out',
    edits: [
      {
        file: 'src/ledger/field-writers.ts',
        find: 'if (was === undefined || is === undefined) return was === is',
        replace: 'if (was === undefined || is === undefined) return is === undefined'
      }
    ],
    checks: [test('unit/ledger/field-writers')]
  },
  {
    name: 'final-while-undecided',
    what: 'a refusal is final although an own record on its way may change what it rests on',
    edits: [
      {
        file: 'src/node/intake.ts',
        find: 'if (pending.touches(read)) return true',
        replace: 'if (pending.touches(new Set())) return true'
      }
    ],
    checks: [test('unit/node/intake-effects')]
  }
]
